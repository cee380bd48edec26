// Records of tool calls and of their results (spec/import.md §2, §6).

import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import type { Draft, Outcome } from '../formats/fields.ts'
import { measureContent, measureTexts } from './chat-content.ts'
import type { AssistantMessage, Call, ResultMessage } from './chat-message.ts'
import { argumentsOf, type DataTouched, dataTouched, idOf, UNCLASSIFIED } from './data-touched.ts'
import { member } from './json-members.ts'
import type { OpenCall } from './open-calls.ts'
import { agentOf, type Details, type RecordFields, recordAt, type Thread } from './thread.ts'
import { type Decision, decisionOf, namedIn, outcomeOf, type ToolOutcome } from './tool-result.ts'
import type { ToolMapping } from './tools-mapping.ts'

const UNKNOWN_APPROVER = 'unknown-approver'
/** What tools and calls are named by. Anything else may be content, and is kept as a keyed digest. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/

const ACTIONS = { read: 'data_accessed', write: 'data_modified', disclose: 'data_disclosed' } as const
const DECIDED: Readonly<Record<Decision, Outcome>> = { approved: 'success', denied: 'denied', unrecognised: 'error' }

/** One `tool_invoked` for each call, and `approval_requested` where the tool asks for one. `parent` caused the calls. */
export function* callRecords(
  thread: Thread,
  index: number,
  message: AssistantMessage,
  parent: string,
): Generator<Draft> {
  for (const [i, call] of message.calls.entries()) {
    const invoked = invocation(thread, index, i, message, call, parent)
    yield invoked
    const requested = approvalRequest(thread, index, i, message, call, invoked.id)
    if (requested !== undefined) yield requested
    thread.calls.open({ call, invoked: invoked.id, requested: requested?.id })
  }
}

function invocation(
  thread: Thread,
  index: number,
  call_index: number,
  { at }: AssistantMessage,
  call: Call,
  parent_id: string,
): Draft & { readonly id: string } {
  const { digest } = thread.context
  const repeated = thread.calls.state(call) === 'repeated' ? { call_id_repeated: true } : {}
  return recordAt(
    thread,
    `${index}.call.${call_index}`,
    at,
    { ...agentOf(thread), action: 'tool_invoked', parent_id, prompt_version: thread.prompt_version },
    {
      message_index: index,
      call_index,
      ...namesOf(call.name, call.id, digest),
      ...measureCall(call, digest),
      ...repeated,
    },
  )
}

function approvalRequest(
  thread: Thread,
  index: number,
  call_index: number,
  { at }: AssistantMessage,
  call: Call,
  parent_id: string,
): (Draft & { readonly id: string }) | undefined {
  const { tools, digest } = thread.context
  const mapping = tools.get(call.name)
  if (mapping?.kind !== 'approval_request') return undefined
  const { fields, details } = touched(mapping, call, digest)
  return recordAt(
    thread,
    `${index}.approval.${call_index}`,
    at,
    { ...agentOf(thread), ...fields, action: 'approval_requested', parent_id },
    { message_index: index, call_index, ...namesOf(call.name, call.id, digest), ...details },
  )
}

/** `tool_completed`, and what the result means: an access, a refused access, or a decision. */
export function* resultRecords(thread: Thread, index: number, message: ResultMessage): Generator<Draft> {
  const { tools, digest } = thread.context
  const found = thread.calls.answer(message)
  const open = typeof found === 'string' ? undefined : found
  // The call's own name decides what was touched: a result that names another tool must not talk an access away.
  const name = open?.call.name ?? message.name
  const outcome = outcomeOf(message)
  const about = { message_index: index, ...namesOf(name, message.call_id, digest) }
  const oddities = {
    unmatched: typeof found === 'string' ? found : undefined,
    result_names_other_tool: message.name !== undefined && message.name !== name ? true : undefined,
  }
  const completed = recordAt(
    thread,
    `${index}.result`,
    message.at,
    { ...agentOf(thread), action: 'tool_completed', outcome, parent_id: open?.invoked ?? thread.cause },
    { role: message.role, ...about, ...measureContent(message.content, digest), ...oddities },
  )
  yield completed
  const meaning = meaningOf(thread, index, message, name === undefined ? undefined : tools.get(name), open, outcome)
  if (meaning === undefined) return
  const { position, parent_id = completed.id, details, ...fields } = meaning
  yield recordAt(thread, position, message.at, { ...fields, parent_id }, { ...about, ...details })
}

type Meaning = RecordFields & { readonly position: string; readonly details: Details | undefined }

function meaningOf(
  thread: Thread,
  index: number,
  message: ResultMessage,
  mapping: ToolMapping | undefined,
  open: OpenCall | undefined,
  outcome: ToolOutcome,
): Meaning | undefined {
  const data = touched(mapping, open?.call, thread.context.digest)
  if (mapping?.kind === 'approval_request') {
    return outcome === 'error' ? undefined : decision(index, message, mapping, open, data)
  }
  const act = { ...agentOf(thread), ...data.fields, outcome, details: data.details }
  if (outcome === 'denied') return { ...act, action: 'access_denied', position: `${index}.denied` }
  if (mapping?.kind === 'none') return undefined
  return {
    ...act,
    action: mapping === undefined ? 'data_accessed' : ACTIONS[mapping.access],
    position: `${index}.data`,
  }
}

function decision(
  index: number,
  message: ResultMessage,
  mapping: Extract<ToolMapping, { kind: 'approval_request' }>,
  open: OpenCall | undefined,
  data: Partial<DataTouched>,
): Meaning {
  const given = open === undefined ? undefined : member(argumentsOf(open.call) ?? {}, mapping.approver_key)
  const approver = idOf(namedIn(message, mapping.approver_key) ?? given)
  const decided = decisionOf(message, mapping.decision_key)
  return {
    ...data.fields,
    action: 'approval_decided',
    outcome: DECIDED[decided],
    actor_id: approver ?? UNKNOWN_APPROVER,
    actor_type: 'user',
    parent_id: open?.requested,
    position: `${index}.decision`,
    details: { ...data.details, decision: decided, approver_unclaimed: approver === undefined ? true : undefined },
  }
}

function touched(
  mapping: ToolMapping | undefined,
  call: Call | undefined,
  digest: (text: string) => string,
): Partial<DataTouched> {
  if (mapping === undefined) return UNCLASSIFIED
  if (mapping.kind === 'none' || mapping.data === undefined) return {}
  return dataTouched(mapping.data, call, digest)
}

function namesOf(tool: string | undefined, call_id: string | undefined, digest: (text: string) => string): Details {
  return { ...nameAs('tool', tool, digest), ...nameAs('call_id', call_id, digest) }
}

function nameAs(field: string, name: string | undefined, digest: (text: string) => string): Details {
  if (name === undefined) return {}
  return isName(name) ? { [field]: name } : { [`${field}_digest`]: digest(name) }
}

/** Whether a text has the form of a name of a tool, a call or an error type. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

function measureCall(call: Call, digest: (text: string) => string): Details {
  const text = typeof call.arguments === 'string' ? call.arguments : canonicalJson(call.arguments, PLAIN_JSON)
  const given = text === '' ? {} : argumentsOf(call)
  return {
    ...measureTexts([text]),
    arguments_digest: digest(text),
    ...(given === undefined ? { arguments_unparsed: true } : { argument_count: Object.keys(given).length }),
  }
}
