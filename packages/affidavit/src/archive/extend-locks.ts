// Locks that reach as far as the minimum does now (spec/archive.md §7): an anchor came, a record was classified otherwise, the policies are others.
// Only then is everything judged again; what waits for its anchor is locked on as time goes by, and what could not be extended is tried again.

import { formatTimestamp, parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type Action, LATE_ACTIONS } from '../formats/fields.ts'
import { segmentKeys } from '../formats/segment.ts'
import { isOver, readSegments } from '../ledger/archived-segments.ts'
import { readPages, recordOf } from '../ledger/read.ts'
import { VERSIONS } from '../ledger/retention-knowledge.ts'
import type { Bound } from '../retention/judgement.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { RecordedSegment } from './archived.ts'
import type { Archiving } from './archiving.ts'
import { type JudgementOf, minimumOf, readJudgements } from './due.ts'
import type { ObjectStore } from './object-store.ts'
import { provenLock } from './write-segment.ts'

/** A segment whose minimum waits for an anchor is locked on so many years, where less than one is left. */
const YEARS_OPEN = 2

export interface LocksExtended {
  /** Segments whose locks were extended, and read back. */
  readonly extended: number
  /** Segments that are not locked as long as they have to be: the store did not do it, or cannot prove it. */
  readonly short: number
}

/** @throws LedgerError `archive-unavailable`, and what recording throws */
export async function extendLocks(parts: Archiving, set: PolicySet): Promise<LocksExtended> {
  const { store, ledger, objects } = parts
  const judged_until = (await store.head(ledger))?.size ?? 0
  const isLocking = (await objects.lockProof()).lock === 'compliance'
  const looked = await lastLook(parts)
  // What was not extended then is tried again by a store that keeps locks.
  const settled = isLocking && looked.short > 0 ? NEVER : looked.judged_until
  const changed = await newestOf(parts, ['policy_changed', ...LATE_ACTIONS])
  const replaced = Math.max(changed, await newestOf(parts, VERSIONS))
  let [extended, short] = [0, 0]
  let judgementOf: JudgementOf | undefined
  let isNews = changed > looked.judged_until
  for (const segment of await readSegments(store, ledger)) {
    // A version that is replaced ends the wait of a minimum, and no other.
    const reason = segment.due_month === 'open' ? replaced : changed
    const isStale = reason > Math.max(settled, segment.recorded_seq)
    if (!isStale && !(isLocking && (await endsSoon(parts, segment)))) continue
    // What nothing rests on is to go when its lock ends.
    if (await isOver(parts, segment)) continue
    isNews ||= reason > Math.max(looked.judged_until, segment.recorded_seq)
    judgementOf ??= await readJudgements(store, ledger, { set, at: parts.now() })
    const needed = await neededBy(parts, segment, judgementOf)
    if (needed === undefined) continue
    const outcome = await extend(objects, segment, needed)
    if (outcome === 'extended') extended++
    if (outcome === 'short') short++
  }
  const isOther = settled !== looked.judged_until && short !== looked.short
  if (extended > 0 || isNews || isOther) await tell(parts, { judged_until, extended, short })
  return { extended, short }
}

// Of what waits for an anchor; and where no lock is on record.
async function endsSoon({ objects, now }: Archiving, segment: RecordedSegment): Promise<boolean> {
  const { due_month, locked_until } = segment
  if (due_month === 'none') return false
  if (locked_until === undefined) return true
  if (due_month !== 'open' || (parseTimestamp(locked_until) ?? 0) >= yearsFrom(now(), 1)) return false
  return (await provenLock(objects, Object.values(segmentKeys(segment.segment)), yearsFrom(now(), 1))) === undefined
}

function yearsFrom(at: UnixMillis, years: number): UnixMillis {
  const date = new Date(at)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}

/** Until when it has to be locked, as its entries are judged now; `undefined` where none of them has a minimum that is still to come. */
async function neededBy(
  { store, ledger, now }: Archiving,
  { runs, due_month }: RecordedSegment,
  judgementOf: JudgementOf,
): Promise<UnixMillis | undefined> {
  const ends: UnixMillis[] = due_month === 'open' ? [yearsFrom(now(), YEARS_OPEN)] : []
  for (const { first, last } of runs) {
    for await (const entry of readPages(store, ledger, { from_seq: first, until_seq: last + 1 })) {
      ends.push(...lockNeeded(minimumOf(judgementOf(recordOf(entry)).judgement), now()))
    }
  }
  const latest = ends.reduce((later, end) => Math.max(later, end), 0)
  return latest > now() ? latest : undefined
}

/** Until when a record with this minimum has to be locked; nothing without one. */
export function lockNeeded(minimum: Bound, now: UnixMillis): readonly UnixMillis[] {
  switch (minimum.state) {
    case 'until':
      return [minimum.until]
    case 'waits':
      return [Math.max(minimum.at_least ?? 0, yearsFrom(now, YEARS_OPEN))]
    case 'none':
      return []
  }
}

/** Asks for the lock where it ends earlier, and reads it back. */
export async function extend(
  objects: ObjectStore,
  { segment }: Pick<RecordedSegment, 'segment'>,
  needed: UnixMillis,
): Promise<'extended' | 'was there' | 'short'> {
  const keys = Object.values(segmentKeys(segment))
  if ((await provenLock(objects, keys, needed)) !== undefined) return 'was there'
  for (const key of keys) {
    try {
      await objects.extendLock(key, needed)
    } catch (error) {
      if (!(error instanceof LedgerError && (error.code === 'lock-refused' || error.code === 'not-found'))) throw error
      return 'short'
    }
  }
  return (await provenLock(objects, keys, needed)) === undefined ? 'short' : 'extended'
}

const NEVER = -1

async function newestOf({ store, ledger }: Archiving, actions: readonly Action[]): Promise<number> {
  let newest = NEVER
  for (const action of actions) {
    for await (const { seq } of readPages(store, ledger, { action }, { order: 'descending', limit: 1 })) {
      newest = Math.max(newest, seq)
    }
  }
  return newest
}

interface Look {
  readonly judged_until: number
  readonly short: number
}

async function lastLook({ store, ledger }: Archiving): Promise<Look> {
  for await (const entry of readPages(store, ledger, { action: 'records_archived' }, { order: 'descending' }, 20)) {
    const { details = {} } = recordOf(entry)
    const { phase, judged_until, short } = details
    if (phase === 'locks' && typeof judged_until === 'number') return { judged_until, short: Number(short) }
  }
  return { judged_until: NEVER, short: 0 }
}

async function tell(
  { record, now }: Archiving,
  found: LocksExtended & { readonly judged_until: number },
): Promise<void> {
  await record({
    action: 'records_archived',
    outcome: found.short === 0 ? 'success' : 'failure',
    actor_id: 'affidavit',
    actor_type: 'system',
    data_classification: 'internal',
    details: { phase: 'locks', ...found, at: formatTimestamp(now()) },
  })
}
