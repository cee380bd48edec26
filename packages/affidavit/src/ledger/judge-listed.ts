// Whether what a manifest lists may be destroyed at this moment (spec/disposition.md §5): each record is there, is the one that is
// listed, and is due.

import type { UnixMillis } from '../clock/clock.ts'
import type { ListedRecord, Manifest } from '../disposition/manifest.ts'
import type { STAYS } from '../disposition/plan.ts'
import { type Action, LATE_ACTIONS } from '../formats/fields.ts'
import type { Disposition } from '../retention/judgement.ts'

/** An entry, and what is to become of it. */
export interface JudgedEntry {
  readonly seq: number
  readonly integrity_hash: string
  readonly id: string
  readonly recorded_at: string
  readonly action: string
  readonly conversation_id: string | undefined
  readonly conversation_seq: number | undefined
  /** In force. */
  readonly retention_class: string
  /** Ids of the policies that apply, ascending. */
  readonly policies: readonly string[]
  /** Contents that it names. */
  readonly contents: number
  readonly disposition: Disposition
}

/** What the retention engine says of the records of a ledger. */
export interface Judging {
  /** Digest of the policy set in force. */
  readonly policy_set_sha256: string
  /** Whether the set has a policy of this id. */
  has(policy: string): boolean
  /** Entries from `from_seq` on and below `until_seq`, in the order of seq, by everything that is known below `size`. */
  judge(asked: {
    readonly at: UnixMillis
    readonly size: number
    readonly from_seq: number
    readonly until_seq: number
  }): AsyncIterable<JudgedEntry>
}

/** Why a listed record stays. `gone`: it is there no more. `altered`: it is not as it is listed. */
export interface NotDue {
  readonly seq: number
  readonly because: (typeof STAYS)[number] | 'gone' | 'altered'
}

/** The first that is not due; `undefined` where all are. */
export async function firstNotDue(
  judging: Judging,
  { records }: Manifest,
  at: UnixMillis,
  size: number,
): Promise<NotDue | undefined> {
  const waiting = records.values()
  let next = waiting.next().value
  const last = records.at(-1)?.seq ?? 0
  const asked = { at, size, from_seq: next?.seq ?? 0, until_seq: last + 1 }
  for await (const entry of judging.judge(asked)) {
    if (next === undefined || entry.seq > next.seq) break
    if (entry.seq < next.seq) continue
    if (!isListed(entry, next)) return { seq: next.seq, because: 'altered' }
    const { state } = entry.disposition
    if (state !== 'due') return { seq: next.seq, because: state }
    if (isNeeded(entry.action)) return { seq: next.seq, because: 'needed' }
    next = waiting.next().value
  }
  return next === undefined ? undefined : { seq: next.seq, because: 'gone' }
}

// The stub that stays is held against what is listed: a manifest that shows something else would have it found altered.
function isListed(entry: JudgedEntry, listed: ListedRecord): boolean {
  return LISTED.every((name) => entry[name] === listed[name])
}

const LISTED = ['integrity_hash', 'id', 'recorded_at', 'conversation_id', 'conversation_seq'] as const

const NEEDED: ReadonlySet<string> = new Set<Action>([
  ...LATE_ACTIONS,
  'logging_started',
  'key_rotated',
  'clock_stepped',
  'policy_changed',
  'content_erased',
  'records_archived',
  'records_restored',
  'records_disposed',
  'hold_placed',
  'hold_released',
])

/** Records by which a ledger is understood: they stay whatever policies say. */
export function isNeeded(action: string): boolean {
  return NEEDED.has(action)
}
