// What Claude Code tells of tools: whether one may run, and what became of it. A denied one has no result.

import type { StepError, ToolCall, ToolDecision } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { countOf, textOf, truthOf } from '../attribute.ts'
import { membersIn, toldJson } from '../told.ts'

const PERSON: ReadonlySet<string> = new Set(['user_permanent', 'user_temporary', 'user_abort', 'user_reject'])
const RULE: ReadonlySet<string> = new Set(['config', 'hook'])

export function decision(attributes: Attributes): ToolDecision {
  const source = textOf(attributes, 'source') ?? ''
  return {
    kind: 'tool_decision',
    ...namesOf(attributes),
    decision: decided(textOf(attributes, 'decision')),
    decidedBy: PERSON.has(source) ? 'person' : RULE.has(source) ? 'rule' : 'unknown',
  }
}

function decided(word: string | undefined): ToolDecision['decision'] {
  if (word === 'accept') return 'approved'
  return word === 'reject' ? 'denied' : 'unrecognised'
}

/** Of the result its size alone is told; of the arguments what `OTEL_LOG_TOOL_DETAILS` lets out, long values cut. */
export function toolResult(attributes: Attributes): ToolCall {
  const succeeded = truthOf(attributes, 'success')
  return {
    kind: 'tool_call',
    ...namesOf(attributes),
    arguments: toldJson(attributes.get('tool_input') ?? attributes.get('tool_parameters')),
    error: succeeded === true ? undefined : errorOf(attributes),
    succeeded,
    layer: 'agent',
    recipient: textOf(membersIn(attributes.get('tool_parameters')), 'mcp_server_name'),
    milliseconds: countOf(attributes, 'duration_ms'),
  }
}

function namesOf(attributes: Attributes): Pick<ToolCall, 'name' | 'callId'> {
  return { name: textOf(attributes, 'tool_name'), callId: textOf(attributes, 'tool_use_id') }
}

function errorOf(attributes: Attributes): StepError | undefined {
  const type = textOf(attributes, 'error_type')
  const message = textOf(attributes, 'error')
  return type === undefined && message === undefined ? undefined : { type, message }
}
