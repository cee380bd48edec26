// What LangChain's own form of its messages (`{"lc", "id", "kwargs"}`, in `input.value` and `output.value`) tells and the flat
// attributes beside it do not: the model's ids of calls, and whether a tool succeeded.

import type { JsonValue } from '../../../bytes/json.ts'
import type { Message, Part, ToolCall } from '../../step.ts'

/** What a tool's answer to the model says of the call. */
export function toolMessageIn(value: JsonValue): Pick<ToolCall, 'callId' | 'succeeded'> | undefined {
  const message = member(value, 'output') ?? value
  const answer = member(message, 'kwargs') ?? message
  const callId = member(answer, 'tool_call_id')
  const status = member(answer, 'status')
  if (typeof callId !== 'string' || callId === '') return undefined
  return { callId, ...(status === 'success' || status === 'error' ? { succeeded: status === 'success' } : {}) }
}

/** The answer with the ids of its calls, where the generation that it was made of asks for the same tools. */
export function withCallIds(messages: readonly Message[], generations: JsonValue | undefined): readonly Message[] {
  const first = at(member(generations, 'generations'), 0)
  return messages.map((message, i) => ({ ...message, parts: named(message.parts, callsIn(at(first, i))) }))
}

function callsIn(generation: JsonValue | undefined): readonly JsonValue[] {
  const calls = member(member(member(generation, 'message'), 'kwargs'), 'tool_calls')
  return Array.isArray(calls) ? calls : []
}

function named(parts: readonly Part[], calls: readonly JsonValue[]): readonly Part[] {
  let next = 0
  return parts.map((part) => {
    if (part.type !== 'tool_call') return part
    const call = calls[next++]
    const id = member(call, 'id')
    return part.id === undefined && typeof id === 'string' && member(call, 'name') === part.name
      ? { ...part, id }
      : part
  })
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function at(value: JsonValue | undefined, index: number): JsonValue | undefined {
  return Array.isArray(value) ? value[index] : undefined
}
