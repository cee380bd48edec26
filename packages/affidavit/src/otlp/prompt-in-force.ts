// The instructions and the tool set that a call was made under (spec/otlp.md §5).

import { canonicalText } from '../capture/canonical-text.ts'
import { describeValue } from '../capture/describe-value.ts'
import type { CallTexts, Message } from './step.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

export interface PromptInForce {
  /** `{instructions, tools}` as JSON. */
  readonly text: string
  readonly version: string
}

/** `undefined` where neither was told, or not whole: half a prompt is no version. */
export function promptOf(
  { instructions, input, toolDefinitions }: CallTexts,
  { digest }: Pick<TelemetryLedger, 'digest'>,
): PromptInForce | undefined {
  const broken = [instructions, toolDefinitions].some((one) => one !== undefined && one.state !== 'told')
  if (broken) return undefined
  const leading = input?.state === 'told' ? leadingInstructions(input.value) : []
  const told = [
    ...(instructions?.state === 'told' ? [{ role: 'system', parts: instructions.value }] : []),
    ...leading.map(({ role, parts }) => ({ role, parts })),
  ]
  const tools = toolDefinitions?.state === 'told' ? toolDefinitions.value : []
  if (told.length === 0 && Array.isArray(tools) && tools.length === 0) return undefined
  const { text } = describeValue({ instructions: told, tools })
  return { text, version: digest(canonicalText(text)) }
}

function leadingInstructions(messages: readonly Message[]): readonly Message[] {
  const end = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  return messages.slice(0, end === -1 ? messages.length : end)
}
