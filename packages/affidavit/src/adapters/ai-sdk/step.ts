// What the AI SDK asks a model, and what came back, as steps (spec/adapters-ai-sdk.md). Pure.

import { present } from '../../bytes/present.ts'
import type { Ended, ModelEnd, ModelStep, SeenCall, SeenMessage, Tokens } from '../../capture/steps.ts'
import { listOf, membersOf, numberOf, partsText, type Shape, textOf } from '../wire/shape.ts'

/** Where a call was seen, beside what it says itself. */
interface Seen {
  readonly provider: string | undefined
  readonly model: string | undefined
  readonly stream: boolean
  readonly operation_id?: string
}

// Who carries it out, what is not sent, and what authorizes.
const NO_PARAMETERS = new Set([
  ...['callId', 'execute', 'provider', 'modelId', 'aiVersion', 'functionId', 'durableContext', 'timestamp'],
  ...['instructions', 'system', 'messages', 'prompt', 'tools', 'headers', 'abortSignal', 'runtimeContext'],
])

/** `request` as telemetry tells of it (`instructions`, `messages`), or as a model is given it (`prompt`). */
export function modelStepOf(request: Shape, { provider, model, stream, operation_id }: Seen): ModelStep {
  const values = [...instructionsOf(request.instructions), ...listOf(request.messages ?? request.prompt)]
  const messages = values.map(messageOf)
  const first = messages.findIndex(({ role }) => role !== 'instructions')
  return {
    sdk: 'ai',
    layer: 'framework',
    operation: 'generate',
    stream,
    instructions: values.slice(0, first === -1 ? values.length : first),
    tools: listOf(request.tools),
    messages,
    parameters: parametersOf(request),
    ...present({ recipient: provider, model, operation_id }),
  }
}

function instructionsOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [{ role: 'system', content: value }]
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

const ROLES: ReadonlyMap<unknown, SeenMessage['role']> = new Map([
  ['system', 'instructions'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
])

function messageOf(value: unknown): SeenMessage {
  const { role: name, content } = membersOf(value)
  const role = ROLES.get(name) ?? 'other'
  return role === 'user' ? { role, value, text: partsText(content) } : { role, value }
}

function parametersOf(request: Shape): Shape {
  const sent = Object.entries(request).filter(
    ([name, value]) => value !== undefined && typeof value !== 'function' && !NO_PARAMETERS.has(name),
  )
  return Object.fromEntries(sent)
}

/** `result` of a model: of `doGenerate`, or put together from a stream. */
export function modelEndOf(result: unknown, ended: Ended): ModelEnd {
  const { content, finishReason, usage, providerMetadata, warnings, response } = membersOf(result)
  const { id, modelId, timestamp } = membersOf(response)
  const parts = listOf(content).map(membersOf)
  const texts = parts.filter(({ type }) => type === 'text').map(({ text }) => textOf(text) ?? '')
  return {
    ended,
    response: present({ content, finishReason, usage, providerMetadata, warnings, id, modelId, timestamp }),
    calls: parts.filter(({ type }) => type === 'tool-call').map(callOf),
    ...present({
      answer: texts.length === 0 ? undefined : texts.join(''),
      model: textOf(modelId),
      response_id: textOf(id),
      finish_reason: finishReasonOf(finishReason),
      tokens: usage === undefined ? undefined : tokensOf(usage),
    }),
  }
}

/** As the SDK names it, where the provider gave no name of its own. */
function finishReasonOf(value: unknown): string | undefined {
  const { raw, unified } = membersOf(value)
  return textOf(raw) ?? textOf(unified)
}

function callOf({ toolCallId, toolName, input }: Shape): SeenCall {
  return { call_id: textOf(toolCallId), name: textOf(toolName) ?? '', arguments: input }
}

function tokensOf(usage: unknown): Tokens {
  const { inputTokens, outputTokens } = membersOf(usage)
  const [asked, answered] = [membersOf(inputTokens), membersOf(outputTokens)]
  return present({
    input: numberOf(asked.total),
    output: numberOf(answered.total),
    cached_input: numberOf(asked.cacheRead),
    reasoning: numberOf(answered.reasoning),
  })
}

/** What was thrown instead of an answer. */
export function failureOf(error: unknown): ModelEnd {
  const status = numberOf(membersOf(error).statusCode)
  return { ended: wasAborted(error) ? 'cancelled' : 'failed', error, ...(status === undefined ? {} : { status }) }
}

const ABORTED: ReadonlySet<unknown> = new Set(['AbortError', 'ResponseAborted', 'TimeoutError'])

/** By the application: by its signal, or by a timeout that it set. */
export function wasAborted(error: unknown): boolean {
  return ABORTED.has(membersOf(error).name)
}
