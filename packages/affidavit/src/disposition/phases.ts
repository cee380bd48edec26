// What the records of a disposition say, from which any process can finish it (spec/disposition.md §5). Pure.

import type { JsonValue } from '../bytes/json.ts'
import { count, hash, isMembers, label, object, oneOf, type Rule, time, word } from '../papers/rules.ts'
import { type ArchivedObject, OBJECTS } from './archived-objects.ts'
import type { PaperPart } from './paper-parts.ts'

interface Disposing {
  readonly plan_sha256: string
  readonly manifest_sha256: string
}

/** `details` of `records_disposed` where nobody else is to approve: from its time on the delay runs. */
export interface Announcement extends Disposing {
  readonly phase: 'announced'
  readonly delay_days: number
}

/** Before anything is destroyed, by the leave of another person. */
export interface ApprovedDecision extends Disposing {
  readonly phase: 'decided'
  readonly approval_sha256: string
  readonly records: number
}

/** Before anything is destroyed, after a delay on record. */
export interface DelayedDecision extends Disposing {
  readonly phase: 'decided'
  readonly announced_seq: number
  readonly records: number
}

export type Decision = ApprovedDecision | DelayedDecision

/** `disposing`: an object of the archive stands that is to go. There may be several outcomes, the newest counts. */
export const DISPOSITION_STATES = ['disposed', 'disposing'] as const
export type DispositionState = (typeof DISPOSITION_STATES)[number]

export interface Outcome extends Disposing {
  readonly phase: DispositionState
  readonly decision_seq: number
  readonly records: number
  /** Of the archive, that are to go and stand. */
  readonly objects: readonly ArchivedObject[]
}

/** Nothing was destroyed: what was judged again at the last moment was due no more. */
export interface Withdrawal extends Disposing {
  readonly phase: 'withdrawn'
  readonly decision_seq: number
  /** A word: `held`, `kept`. */
  readonly because: string
  readonly seq: number
}

/** By whose leave it was decided, where the records that say so may be lost. */
export type DecidedLeave =
  | { readonly approval_sha256: string }
  | { readonly announced_seq: number; readonly announced_at: string; readonly delay_days: number }

interface Replay extends Disposing {
  /** The incarnation that decided it. */
  readonly ledger: string
}

/** In a ledger that goes on after a restore, before what came back with the backup is destroyed again. */
export interface Replaying extends Replay {
  readonly phase: 'replaying'
  readonly decided_seq: number
  readonly decided_at: string
  readonly leave: DecidedLeave
  /** That came back and go. */
  readonly records: number
  /** 1 where the newest entry of that incarnation is among them, which never leaves. */
  readonly stays: number
}

export interface Replayed extends Replay {
  readonly phase: 'replayed'
  readonly replaying_seq: number
  readonly records: number
}

/** Somebody took it upon themselves that it stays. */
export interface NotReplayed extends Replay {
  readonly phase: 'not-replayed'
}

export type DispositionReplay = Replaying | Replayed | NotReplayed

export type DispositionDetails = PaperPart | Announcement | Decision | Outcome | Withdrawal | DispositionReplay

export function isReplay(told: DispositionDetails): told is DispositionReplay {
  return told.phase === 'replaying' || told.phase === 'replayed' || told.phase === 'not-replayed'
}

const DISPOSING = { plan_sha256: hash, manifest_sha256: hash }
const base64: Rule = (value, path) =>
  typeof value === 'string' && value.length > 0 ? undefined : { path, problem: 'is no text' }
const APPROVED = object({ approval_sha256: hash })
const DELAYED = object({ announced_seq: count, announced_at: time, delay_days: count })

export const LEAVE: Rule = (value, path) =>
  (isMembers(value) && value.approval_sha256 !== undefined ? APPROVED : DELAYED)(value, path)

const REPLAY = { ledger: label, ...DISPOSING }
const FORMS: readonly Rule[] = [
  object({ phase: oneOf(['paper']), sha256: hash, part: count, parts: count, packed: base64 }),
  object({ phase: oneOf(['announced']), ...DISPOSING, delay_days: count }),
  object({ phase: oneOf(['decided']), ...DISPOSING, approval_sha256: hash, records: count }),
  object({ phase: oneOf(['decided']), ...DISPOSING, announced_seq: count, records: count }),
  object({
    phase: oneOf(DISPOSITION_STATES),
    ...DISPOSING,
    decision_seq: count,
    records: count,
    objects: OBJECTS,
  }),
  object({ phase: oneOf(['withdrawn']), ...DISPOSING, decision_seq: count, because: word, seq: count }),
  object({
    phase: oneOf(['replaying']),
    ...REPLAY,
    decided_seq: count,
    decided_at: time,
    leave: LEAVE,
    records: count,
    stays: count,
  }),
  object({ phase: oneOf(['replayed']), ...REPLAY, replaying_seq: count, records: count }),
  object({ phase: oneOf(['not-replayed']), ...REPLAY }),
]

/** What the details of a record `records_disposed` say; `undefined` where they say nothing that this release knows. */
export function parseDispositionDetails(details: JsonValue): DispositionDetails | undefined {
  if (!isMembers(details) || FORMS.every((rule) => rule(details, '') !== undefined)) return undefined
  // Proven by the rules: exactly the members of one of them.
  return details as unknown as DispositionDetails
}
