// From the items of a request to the records that they ask for (spec/otlp.md §4, §5).

import { startOf } from '../capture/start-conversation.ts'
import type { Held, HeldCall } from './held.ts'
import { joined, reasonsIn } from './join-content.ts'
import { recordsOf } from './map-step.ts'
import { originOfStep } from './origin.ts'
import type { ReadItem } from './read-request.ts'
import { ANSWERED, conversationOf, idOf, type Once, type Setting, userRecord } from './setting.ts'
import type { AgentRun, CallContent, ModelCall, WholeStep } from './step.ts'
import type { Item } from './telemetry.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'
import type { Traces } from './traces.ts'
import { callsIn } from './words.ts'

export interface Planned {
  readonly once: Once
  readonly from: ReadItem | HeldCall
}

export interface PlanningParts {
  readonly ledger: TelemetryLedger
  readonly traces: Traces
  readonly held: Held
}

/** In the order in which things happened. `joins` have been told with their calls, once these are recorded. */
export function planRecords(
  parts: PlanningParts,
  items: readonly ReadItem[],
): { readonly planned: readonly Planned[]; readonly joins: readonly HeldCall[] } {
  learn(parts.traces, items)
  const joins: HeldCall[] = []
  const planned = inOrder(items).flatMap((from) => {
    const plan = planItem(parts, from)
    if (plan.join !== undefined) joins.push(plan.join)
    return plan.records.map((once) => ({ once, from }))
  })
  return { planned, joins }
}

/** A call that was told of by what it was given and gave alone. */
export function planHeld({ ledger, traces }: PlanningParts, call: HeldCall): readonly Planned[] {
  const last = call.logs.at(-1)
  if (last === undefined) return []
  const { item, dialect, about } = last
  const contents = call.logs.flatMap((log) => log.contents)
  const digest = ledger.digest(call.logs.map((log) => log.digest).join('\n'))
  const { origin } = call
  const setting = settingOf(
    { ledger, traces },
    { item, dialect, digest, about },
    { origin, step: 0, toldBy: 'content' },
  )
  const step: ModelCall = { kind: 'model_call', operation: 'chat', ...withContents({}, contents) }
  return mapped(setting, traces, step).map((once) => ({ once, from: call }))
}

// Before anything is mapped: children come before their parents, and calls before what asked for them.
function learn(traces: Traces, items: readonly ReadItem[]): void {
  for (const { item, reading } of items) {
    const { traceId, spanId } = item
    traces.learn(item, reading.about)
    for (const { kind } of reading.steps) {
      if (kind === 'model_call' || kind === 'call_content') traces.called(item)
      if (traceId !== undefined && spanId !== undefined && kind === 'tool_call') traces.ran(traceId, spanId)
    }
  }
}

function inOrder(items: readonly ReadItem[]): readonly ReadItem[] {
  return items.toSorted((one, other) => {
    const [a, b] = [startNanos(one.item), startNanos(other.item)]
    return a < b ? -1 : a > b ? 1 : 0
  })
}

function startNanos(item: Item): bigint {
  return item.signal === 'logs' ? item.time : item.start
}

function planItem(
  { ledger, traces, held }: PlanningParts,
  { item, dialect, reading, digest }: ReadItem,
): { readonly records: readonly Once[]; readonly join: HeldCall | undefined } {
  if (dialect === undefined) return { records: [], join: undefined }
  const source = { item, dialect, digest, about: reading.about }
  const whole = reading.steps.filter((step) => step.kind !== 'call_content')
  let join: HeldCall | undefined
  const records = whole.flatMap((step, i) => {
    if (isWithinTool(traces, item, step)) return []
    const origin = originOfStep(source, step)
    const toldBy = item.signal === 'traces' ? 'span' : 'log'
    const setting = settingOf({ ledger, traces }, source, { origin, step: i, toldBy })
    const waiting = held.of(origin)
    if (waiting === undefined || (step.kind !== 'model_call' && step.kind !== 'agent_run'))
      return mapped(setting, traces, step)
    join = waiting
    const contents = waiting.logs.flatMap((log) => log.contents)
    return mapped(setting, traces, withContents(step, contents))
  })
  return { records, join }
}

// The protocol carries what the agent's own span tells already.
function isWithinTool(traces: Traces, item: Item, step: WholeStep): boolean {
  return (
    step.kind === 'tool_call' &&
    step.layer !== 'agent' &&
    item.signal === 'traces' &&
    traces.hasRun(item.traceId, item.parentSpanId)
  )
}

function withContents<Call extends Partial<ModelCall | AgentRun>>(call: Call, contents: readonly CallContent[]): Call {
  return { ...call, ...joined(call, contents), finishReasons: call.finishReasons ?? reasonsIn(contents) }
}

function settingOf(
  { ledger, traces }: Pick<PlanningParts, 'ledger' | 'traces'>,
  { item, about: own, ...source }: Pick<Setting, 'item' | 'about' | 'dialect' | 'digest'>,
  which: Pick<Setting, 'origin' | 'step' | 'toldBy'>,
): Setting {
  const named = traces.about(item, own)
  const agent = named.agent ?? serviceOf(item)
  const about = { ...named, agent }
  const conversation = conversationOf({ ledger, item, about }) ?? ''
  return {
    ...{ ledger, item, about, ...source, ...which },
    encloses: item.signal === 'traces' && traces.encloses(item),
    agentIs: named.agent !== undefined ? 'named' : agent === undefined ? 'unknown' : 'called as its service',
    answerAsking: (callId) => traces.asking(conversation, callId),
  }
}

// What SDKs call a service that nobody named says nothing.
function serviceOf({ resource }: Item): string | undefined {
  const name = resource.attributes.get('service.name')
  return typeof name === 'string' && name !== '' && !name.startsWith('unknown_service') ? name : undefined
}

function mapped(setting: Setting, traces: Traces, step: WholeStep): readonly Once[] {
  if (step.kind === 'model_call' && step.output?.state === 'told') {
    const conversation = conversationOf(setting) ?? ''
    for (const { id } of callsIn(step.output.value)) {
      if (id !== undefined) traces.asked(conversation, id, idOf(setting, ANSWERED))
    }
  }
  const records = recordsOf(setting, step, setting.encloses ? 'calls' : 'nothing')
  return records.length === 0 ? [] : [...beginning(setting), ...records]
}

/** The conversation of these records begins with the first of them, whoever tells of it. */
function beginning(setting: Setting): readonly Once[] {
  const conversation = conversationOf(setting)
  if (conversation === undefined) return []
  const id = startOf({ ledger: setting.ledger }, conversation)
  const { draft } = userRecord(setting, { id, action: 'conversation_started', at: 'start' })
  return [{ draft, by: 'fact' }]
}
