// What every record of one item has: whose act it was, when, in which conversation, and where it came from (spec/otlp.md §5).

import { idProblem } from '../bytes/label.ts'
import { present } from '../bytes/present.ts'
import { labelOf } from '../capture/captured.ts'
import type { MadeDraft } from '../capture/draft-of.ts'
import { fitDetails } from '../capture/fit-details.ts'
import { formatTimestamp } from '../clock/clock.ts'
import { type Draft, MAX_LABEL_BYTES } from '../formats/fields.ts'
import { isName } from '../registry/tool-names.ts'
import { type Origin, wordsOf } from './origin.ts'
import type { About } from './step.ts'
import type { Item, UnixNanos } from './telemetry.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

export interface Setting {
  readonly ledger: TelemetryLedger
  readonly item: Item
  readonly dialect: string
  /** Of the item, else what its trace is known for; an agent that nobody names is called as its service. */
  readonly about: About
  readonly agentIs: 'named' | 'called as its service' | 'unknown'
  /** Keyed: tells the same item, sent again, from another one under its ids. */
  readonly digest: string
  readonly origin: Origin
  /** `content`: what was told of a call without the call. */
  readonly toldBy: 'span' | 'log' | 'content'
  /** Whether a call of a model was told below this span: what that took is its own. */
  readonly encloses: boolean
  /** Of the item's steps this one. */
  readonly step: number
  /** Id of the answer that asked for this call, where one was seen. */
  answerAsking(callId: string): string | undefined
}

/**
 * A record that is to be there once. `item`: it says what the item of this digest says, and another digest is another statement about
 * the same. `fact`: its id alone says what it says.
 */
export interface Once {
  readonly draft: MadeDraft
  readonly by: 'item' | 'fact'
}

export type Fields = {
  readonly [Name in Exclude<keyof Draft, 'id' | 'action' | 'assurance'>]?: Draft[Name] | undefined
} & {
  readonly id: string
  readonly action: Draft['action']
  readonly at: 'start' | 'end'
}

const UNKNOWN_AGENT = 'unknown-agent'
const UNKNOWN_USER = 'unknown-user'
const UNCLAIMED = 'trace:'

export function idOf({ ledger, origin, step }: Setting, kind: string): string {
  return ledger.deriveId('otlp', ...wordsOf(origin), kind, ...(step === 0 ? [] : [String(step)]))
}

/** What ids of the two records of a call are derived by. */
export const INVOKED = 'model_invoked'
export const ANSWERED = 'model_answered'

/** Id of the `model_invoked` of a call. */
export function callId({ deriveId }: Pick<TelemetryLedger, 'deriveId'>, origin: Origin): string {
  return deriveId('otlp', ...wordsOf(origin), INVOKED)
}

/** The application's own, else the trace stands for it. */
export function conversationOf({
  ledger,
  item,
  about,
}: Pick<Setting, 'ledger' | 'item' | 'about'>): string | undefined {
  if (about.conversation !== undefined) return identifier(about.conversation, ledger)
  return item.traceId === undefined ? undefined : `${UNCLAIMED}${item.traceId}`
}

export function agentRecord(setting: Setting, fields: Fields): Once {
  const { about, ledger, agentIs } = setting
  const agent = about.agent === undefined ? undefined : labelOf(about.agent)
  return recordOf(setting, {
    actor_id: agent === undefined ? UNKNOWN_AGENT : identifier(agent, ledger),
    actor_type: 'agent',
    on_behalf_of: about.user === undefined ? undefined : identifier(about.user, ledger),
    ...fields,
    details: { ...fields.details, agent_unclaimed: agentIs === 'named' ? undefined : true },
  })
}

export function userRecord(setting: Setting, fields: Fields): Once {
  const { about, ledger } = setting
  return recordOf(setting, {
    actor_id: about.user === undefined ? UNKNOWN_USER : identifier(about.user, ledger),
    actor_type: 'user',
    ...fields,
    details: { ...fields.details, user_unclaimed: about.user === undefined ? true : undefined },
  })
}

export function recordOf(setting: Setting, { id, action, at, details, ...fields }: Fields): Once {
  const { item, about, digest, dialect, toldBy } = setting
  const { actor_id = UNKNOWN_AGENT, actor_type = 'system', ...rest } = fields
  const time = timeOf(item, at)
  const draft: MadeDraft = {
    id,
    action,
    ...{ actor_id, actor_type },
    ...present({
      timestamp: time,
      agent_name: about.agent === undefined ? undefined : labelOf(about.agent),
      agent_version: about.agentVersion === undefined ? undefined : labelOf(about.agentVersion),
      conversation_id: conversationOf(setting),
      source: sourceOf(item),
    }),
    ...said(rest),
    details: fitDetails({
      ...details,
      ...{ dialect, sdk: instrumentationOf(item), told_by: toldBy, item_digest: digest },
      conversation_unclaimed: about.conversation === undefined ? true : undefined,
      timestamp_unclaimed: time === undefined ? true : undefined,
      sampled: item.sampled === false ? false : undefined,
      dropped_at_emitter: item.dropped === 0 ? undefined : item.dropped,
    }),
    assurance: 'observed',
  }
  return { draft, by: 'item' }
}

// A list that is empty says nothing.
function said(fields: Omit<Partial<Fields>, 'id' | 'action' | 'at' | 'details'>): Partial<Draft> {
  const there = Object.entries(fields).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(there)
}

/** A stranger's text as an id; one that cannot be one is its keyed digest. */
export function identifier(text: string, { digest }: Pick<TelemetryLedger, 'digest'>): string {
  const id = text.normalize('NFC')
  return idProblem(id, MAX_LABEL_BYTES) === undefined ? id : digest(text)
}

function instrumentationOf({ scope }: Item): string | undefined {
  return scope.name === '' ? undefined : labelOf(scope.name)
}

function sourceOf({ resource, traceId, spanId }: Item): NonNullable<Draft['source']> {
  const label = (name: string): string | undefined => {
    const value = resource.attributes.get(name)
    return typeof value === 'string' ? labelOf(value) : undefined
  }
  return present({
    host: label('host.name'),
    service: label('service.name'),
    trace_id: traceId,
    span_id: spanId,
  })
}

const NANOS = 1_000_000n
/** The end of the year 9999. */
const LAST = 253_402_300_799_999n

function timeOf(item: Item, at: 'start' | 'end'): string | undefined {
  const nanos = item.signal === 'logs' ? item.time : at === 'start' ? item.start : item.end || item.start
  return timestampOf(nanos)
}

function timestampOf(nanos: UnixNanos): string | undefined {
  const millis = nanos / NANOS
  return nanos === 0n || millis > LAST ? undefined : formatTimestamp(Number(millis))
}

/** A name as details may have it: what is none may be content, and is left out. */
export function nameIn(text: string | undefined): string | undefined {
  return text !== undefined && isName(text) ? text : undefined
}
