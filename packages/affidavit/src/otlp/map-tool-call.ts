// A call of a tool, as records: what was asked of it, what it answered, and what that meant by the registry (spec/otlp.md §5).

import type { JsonValue } from '../bytes/json.ts'
import { capturedText, contentsOf } from '../capture/captured.ts'
import type { Outcome } from '../formats/fields.ts'
import { type CallData, type Carried, callData, type Thing, thingsAbout } from '../registry/call-data.ts'
import type { Approval } from '../registry/classify.ts'
import { EMPTY_REGISTRY } from '../registry/empty-registry.ts'
import { namesOf } from '../registry/tool-names.ts'
import { decisionOf, outcomeOfText, type ToolOutcome } from '../registry/tool-outcome.ts'
import { missingOf, someOf, toldContent } from './contents.ts'
import { errorDetailsOf } from './map-failure.ts'
import { agentRecord, idOf, nameIn, type Once, type Setting, userRecord } from './setting.ts'
import type { Told, ToolCall } from './step.ts'

export function toolCallRecords(setting: Setting, call: ToolCall): readonly Once[] {
  const before = touched(setting, call, undefined)
  const after = touched(setting, call, valueIn(call.result))
  const outcome = outcomeOf(call)
  const names = namesOf(call.name, call.callId, setting.ledger.digest)
  const known = { call, names, outcome }
  return [
    invocation(setting, known, before),
    ...(before.approval === undefined ? [] : requests(setting, known, before)),
    completion(setting, known, after),
    ...meanings(setting, known, after),
  ]
}

interface Known {
  readonly call: ToolCall
  readonly names: ReturnType<typeof namesOf>
  readonly outcome: ToolOutcome
}

function touched({ ledger, about }: Setting, call: ToolCall, result: JsonValue | undefined): CallData {
  const { registry = EMPTY_REGISTRY, digest } = ledger
  const given = valueIn(call.arguments) ?? null
  return callData({ registry, agent: about.agent, digest }, { tool: call.name, arguments: given, result })
}

function valueIn(told: Told<JsonValue> | undefined): JsonValue | undefined {
  if (told === undefined || told.state === 'redacted') return undefined
  return told.state === 'told' ? told.value : told.text
}

function outcomeOf({ error, succeeded, result }: ToolCall): ToolOutcome {
  const value = valueIn(result)
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
  if (error !== undefined || succeeded === false) return outcomeOfText(text, 'error')
  return succeeded === true ? 'success' : outcomeOfText(text, 'unflagged')
}

function invocation(setting: Setting, { call, names }: Known, data: CallData): Once {
  const { content, uncaptured = [] } = contentsOf(toldContent('arguments', call.arguments))
  const [thing, another] = data.things
  const only = another === undefined ? thing : undefined
  return agentRecord(setting, {
    id: idOf(setting, 'tool_invoked'),
    action: 'tool_invoked',
    at: 'start',
    parent_id: call.callId === undefined ? undefined : setting.answerAsking(call.callId),
    ...data.call.fields,
    ...(only === undefined ? {} : withoutAbsent(only.fields)),
    content,
    details: {
      ...names,
      layer: call.layer,
      tool_type: nameIn(call.toolType),
      ...(only === undefined ? {} : { access: only.access }),
      ...data.call.details,
      uncaptured: someOf(uncaptured, missingOf('arguments', call.arguments)),
    },
  })
}

function requests(setting: Setting, { names }: Known, data: CallData): readonly Once[] {
  return thingsAbout(data).map(({ fields, details }, i) =>
    agentRecord(setting, {
      id: idOf(setting, `approval_requested.${i}`),
      action: 'approval_requested',
      at: 'start',
      parent_id: idOf(setting, 'tool_invoked'),
      ...fields,
      details: { ...names, ...details },
    }),
  )
}

function completion(setting: Setting, { call, names, outcome }: Known, data: CallData): Once {
  const { content, uncaptured = [] } = contentsOf(
    toldContent('result', call.result),
    capturedText('error', call.error?.message),
  )
  const missing = call.error === undefined ? missingOf('result', call.result) : []
  return agentRecord(setting, {
    id: idOf(setting, 'tool_completed'),
    action: 'tool_completed',
    at: 'end',
    outcome,
    parent_id: idOf(setting, 'tool_invoked'),
    ...data.call.fields,
    content,
    details: {
      ...names,
      layer: call.layer,
      ended: call.error === undefined ? 'complete' : 'failed',
      duration_ms: call.milliseconds,
      ...errorDetailsOf(call.error),
      ...data.call.details,
      uncaptured: someOf(uncaptured, missing),
    },
  })
}

const ACTIONS = {
  read: 'data_accessed',
  write: 'data_modified',
  disclose: 'data_disclosed',
  unknown: 'data_accessed',
} as const

function meanings(setting: Setting, { names, outcome }: Known, data: CallData): readonly Once[] {
  if (data.approval !== undefined)
    return outcome === 'error' ? [] : decisions(setting, names, data, data.approval, outcome)
  const isDenied = outcome === 'denied'
  const about: readonly (Carried & { readonly access?: Thing['access'] })[] = isDenied ? thingsAbout(data) : data.things
  return about.map(({ access, fields, details }, i) =>
    agentRecord(setting, {
      id: idOf(setting, `touched.${i}`),
      action: isDenied ? 'access_denied' : ACTIONS[access ?? 'unknown'],
      at: 'end',
      outcome,
      parent_id: idOf(setting, 'tool_completed'),
      ...fields,
      details: { ...names, access, ...details },
    }),
  )
}

const DECIDED: Readonly<Record<ReturnType<typeof decisionOf>, Outcome>> = {
  approved: 'success',
  denied: 'denied',
  unrecognised: 'error',
}
const UNKNOWN_APPROVER = 'unknown-approver'

function decisions(
  setting: Setting,
  names: Known['names'],
  data: CallData,
  { approver, decision }: Approval,
  outcome: ToolOutcome,
): readonly Once[] {
  const [only, another] = approver.ids
  const decided = decisionOf(decision, outcome)
  return thingsAbout(data).map(({ fields, details }, i) =>
    userRecord(setting, {
      id: idOf(setting, `approval_decided.${i}`),
      action: 'approval_decided',
      at: 'end',
      outcome: DECIDED[decided],
      parent_id: idOf(setting, `approval_requested.${i}`),
      ...fields,
      // A record has one actor, and which of several decided is not guessed.
      actor_id: another === undefined && only !== undefined ? only : UNKNOWN_APPROVER,
      details: { ...names, ...details, decision: decided },
    }),
  )
}

function withoutAbsent<Fields extends object>(fields: Fields): Partial<Fields> {
  const there = Object.entries(fields).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  // What is left is what the type says.
  return Object.fromEntries(there) as Partial<Fields>
}
