// Records of tool calls and of their results (spec/import.md §2, §5, §7).

import { canonicalJson, JsonFault, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import type { Draft } from '../formats/fields.ts'
import { type CallData, callData, type Details, thingsAbout } from '../registry/call-data.ts'
import { namesOf } from '../registry/tool-names.ts'
import { measureContent, measureTexts } from './chat-content.ts'
import type { AssistantMessage, Call, ResultMessage } from './chat-message.ts'
import { isObject, type JsonObject } from './json-members.ts'
import { meaningsOf } from './result-meaning.ts'
import { textOrJson, written } from './sealed-content.ts'
import { agentOf, judgeOf, recordAt, type Thread } from './thread.ts'
import { outcomeOf, textOf } from './tool-result.ts'

/** One `tool_invoked` for each call, and `approval_requested` where the tool asks for one. `parent` caused the calls. */
export function* callRecords(
  thread: Thread,
  index: number,
  message: AssistantMessage,
  parent: string,
): Generator<Draft> {
  for (const [i, call] of message.calls.entries()) {
    const data = callData(judgeOf(thread), { tool: call.name, arguments: call.arguments, result: undefined })
    const about = { message_index: index, call_index: i, ...namesOf(call.name, call.id, thread.context.digest) }
    const invoked = invocation(thread, `${index}.call.${i}`, message, call, data, parent, about)
    yield invoked
    const requested = approvalRequests(thread, `${index}.approval.${i}`, message, data, invoked.id, about)
    yield* requested
    thread.calls.open({ call, invoked: invoked.id, requested })
  }
}

function invocation(
  thread: Thread,
  position: string,
  { at }: AssistantMessage,
  call: Call,
  data: CallData,
  parent_id: string,
  about: Details,
): Draft & { readonly id: string } {
  const repeated = thread.calls.state(call) === 'repeated' ? { call_id_repeated: true } : {}
  return recordAt(
    thread,
    position,
    at,
    {
      ...agentOf(thread),
      ...data.call.fields,
      action: 'tool_invoked',
      parent_id,
      prompt_version: thread.prompt_version,
      content: [...textOrJson('arguments', call.arguments)],
    },
    { ...about, ...measureCall(call), ...data.call.details, ...repeated },
  )
}

function approvalRequests(
  thread: Thread,
  position: string,
  { at }: AssistantMessage,
  data: CallData,
  parent_id: string,
  about: Details,
): readonly (Draft & { readonly id: string })[] {
  if (data.approval === undefined) return []
  const request = { ...agentOf(thread), action: 'approval_requested', parent_id } as const
  return thingsAbout(data).map(({ fields, details }, i) =>
    recordAt(thread, placeOf(position, i), at, { ...request, ...fields }, { ...about, ...details }),
  )
}

/** `tool_completed`, and what the result means: accesses, refused accesses, or decisions. */
export function* resultRecords(thread: Thread, index: number, message: ResultMessage): Generator<Draft> {
  const found = thread.calls.answer(message)
  const open = typeof found === 'string' ? undefined : found
  // The call's own name decides what was touched: a result that names another tool must not talk an access away.
  const name = open?.call.name ?? message.name
  const data = callData(judgeOf(thread), { tool: name, arguments: open?.call.arguments, result: resultOf(message) })
  const outcome = outcomeOf(message)
  const about = { message_index: index, ...namesOf(name, message.call_id, thread.context.digest) }
  const oddities = {
    unmatched: typeof found === 'string' ? found : undefined,
    result_names_other_tool: message.name !== undefined && message.name !== name ? true : undefined,
  }
  const completed = recordAt(
    thread,
    `${index}.result`,
    message.at,
    {
      ...agentOf(thread),
      ...data.call.fields,
      action: 'tool_completed',
      outcome,
      parent_id: open?.invoked ?? thread.cause,
      content: [...written('result', message.content)],
    },
    { role: message.role, ...about, ...measureContent(message.content), ...data.call.details, ...oddities },
  )
  yield completed
  for (const [i, meaning] of meaningsOf(thread, data, open, outcome).entries()) {
    const { kind, parent_id = completed.id, details, ...fields } = meaning
    const position = placeOf(`${index}.${kind}`, i)
    yield recordAt(thread, position, message.at, { ...fields, parent_id }, { ...about, ...details })
  }
}

// A result without content is there all the same.
function resultOf(message: ResultMessage): JsonValue {
  return message.content.form === 'none' ? null : textOf(message)
}

/** The first record of its kind at an index has the bare name, so that it keeps its id where more come to be. */
function placeOf(position: string, number: number): string {
  return number === 0 ? position : `${position}.${number}`
}

function measureCall(call: Call): Details {
  const text = typeof call.arguments === 'string' ? call.arguments : canonicalJson(call.arguments, PLAIN_JSON)
  const given = text === '' ? {} : argumentsOf(call)
  return {
    ...measureTexts([text]),
    ...(given === undefined ? { arguments_unparsed: true } : { argument_count: Object.keys(given).length }),
  }
}

/** The arguments of a call; `undefined` where they are no JSON object, or one that two readers could read differently. */
function argumentsOf(call: Call): JsonObject | undefined {
  if (typeof call.arguments !== 'string') return call.arguments
  try {
    const value = parseJson(call.arguments, PLAIN_JSON)
    return isObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof JsonFault) return undefined
    throw error
  }
}
