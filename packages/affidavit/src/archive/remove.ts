// Archived records out of the database (spec/archive.md §4). The order is the promise: the copy in the archive was read back, opened and is
// locked as long as it has to be; the decision is on record and published; and what is judged is judged again by the database in the same
// step, which puts the stubs there.

import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseArchived } from '../formats/archive-record.ts'
import { type Action, type AuditRecord, LATE_ACTIONS } from '../formats/fields.ts'
import { type SegmentManifest, segmentKeys } from '../formats/segment.ts'
import { formatRuns, runsOf } from '../formats/seq-runs.ts'
import { readSegmentNote } from '../formats/signed-segment.ts'
import { isStub, STAYING_ACTIONS } from '../formats/stub.ts'
import { readSegments } from '../ledger/archived-segments.ts'
import { actorOf, type Operator } from '../ledger/operator.ts'
import { isOvertakenSet } from '../ledger/policies.ts'
import { readPages, recordOf } from '../ledger/read.ts'
import type { LeavingEntry } from '../ledger/store.ts'
import { leafHash } from '../merkle/hash.ts'
import type { Bound } from '../retention/judgement.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { RecordedSegment } from './archived.ts'
import type { Archiving } from './archiving.ts'
import { DAY, DAYS_AT_HAND, restoredAt } from './at-hand.ts'
import { type JudgementOf, minimumOf, readJudgements } from './due.ts'
import { extend, lockNeeded } from './extend-locks.ts'
import { readOnRecord } from './on-record.ts'
import { createArchiveReader } from './reader.ts'

/** Records that a removal is overtaken by: whatever may bind a record, or keep it longer. */
const JUDGED_BY: readonly Action[] = ['hold_placed', 'policy_changed', ...LATE_ACTIONS]
/** Rows that become stubs in one transaction. */
const AT_ONCE = 500
/** Others archive at the same time; each time it is looked at anew. */
const ATTEMPTS = 20

/** What became of the records of one segment that may leave. */
export type Removed =
  | { readonly segment: string; readonly records: number; readonly state: 'removed' | 'would be removed' }
  | { readonly segment: string; readonly records: number; readonly state: 'refused'; readonly because: string }

export interface RemovalOptions {
  readonly set: PolicySet
  readonly by: Operator
  /** A trial says what would be, and changes nothing. */
  readonly mode: 'run' | 'trial'
  publish(): Promise<unknown>
}

/** @throws LedgerError `archive-unavailable`, `not-allowed`, and what recording and the store throw */
export async function* removeArchived(parts: Archiving, options: RemovalOptions): AsyncGenerator<Removed> {
  const { rows, store, ledger } = parts
  const size = (await rows.head(ledger))?.size ?? 0
  const judging: Judging = {
    size,
    judgementOf: await readJudgements(store, ledger, { set: options.set, at: parts.now() }),
    restored: await restoredAt(store, ledger, parts.now()),
  }
  const refusal = await refusalOfAll(parts, options.set)
  for (const segment of await readSegments(store, ledger)) {
    // What stays of it is to lie elsewhere.
    if (segment.state !== 'in force') continue
    const leaving = await mayLeave(parts, segment, judging)
    if (leaving.length === 0) continue
    const told = { segment: segment.segment, records: leaving.length }
    const because = refusal ?? (await notKept(parts, segment, leaving))
    if (because !== undefined) yield { ...told, state: 'refused', because }
    else if (options.mode === 'trial') yield { ...told, state: 'would be removed' }
    else yield { ...told, ...(await removeThese(parts, segment, leaving, size, options)) }
  }
}

// Why nothing at all leaves.
async function refusalOfAll(
  { rows, store, ledger, objects, timeToLeave }: Archiving,
  { digest }: PolicySet,
): Promise<string | undefined> {
  if (await isOvertakenSet({ store, ledger }, digest))
    return 'other retention policies were put in force since these were read: open the ledger anew'
  const lock = await objects.lockProof()
  if (lock.lock === 'none') return `no lock is proven: ${lock.because}`
  if (!(await rows.mayRemove(ledger)))
    return 'this role of the database may not let records leave it: affidavit migrate --retention ROLE'
  // By a clock that is ahead a minimum has passed, and needs no lock any more.
  try {
    await timeToLeave()
    return undefined
  } catch (error) {
    if (error instanceof LedgerError) return error.problem
    throw error
  }
}

interface Judging {
  readonly size: number
  readonly judgementOf: JudgementOf
  readonly restored: ReadonlySet<number>
}

interface MayLeave {
  readonly seq: number
  readonly lockNeeded: UnixMillis
}

// What is still in its row, free of holds, beyond the time that it has to be at hand, also where it was restored, and has a minimum.
async function mayLeave(
  { rows, ledger, now }: Archiving,
  { runs }: RecordedSegment,
  { size, judgementOf, restored }: Judging,
): Promise<readonly MayLeave[]> {
  const leaving: MayLeave[] = []
  for (const { first, last } of runs) {
    for await (const row of readPages(rows, ledger, { from_seq: first, until_seq: last + 1 })) {
      if (isStub(row.entry) || row.seq >= size - 1 || restored.has(row.seq)) continue
      const record = recordOf(row)
      if (STAYING_ACTIONS.includes(record.action)) continue
      const { judgement, isHeld } = judgementOf(record)
      if (isHeld) continue
      const [needed] = lockNeeded(minimumOf(judgement), now())
      if (needed !== undefined && isPast(judgement.available, record, now()))
        leaving.push({ seq: row.seq, lockNeeded: needed })
    }
  }
  return leaving
}

function isPast(available: Bound, record: AuditRecord, now: UnixMillis): boolean {
  switch (available.state) {
    case 'until':
      return available.until <= now
    case 'waits':
      return false
    case 'none':
      return Date.parse(record.recorded_at) + DAYS_AT_HAND * DAY <= now
  }
}

// Why the copy in the archive cannot be the only one; nothing where it can.
async function notKept(
  { objects, now }: Archiving,
  segment: RecordedSegment,
  leaving: readonly MayLeave[],
): Promise<string | undefined> {
  if (segment.payloads_missing > 0) return `${segment.payloads_missing} payloads that its entries name are not in it`
  const read = await readOnRecord(objects, segment)
  if ('code' in read) return read.problem
  const needed = leaving.reduce((latest, one) => Math.max(latest, one.lockNeeded), 0)
  // What has passed asks for no lock, and no store keeps one that ends before it begins.
  if (needed <= now() || (await extend(objects, segment, needed)) !== 'short') return undefined
  return `its lock ends before ${new Date(needed).toISOString()}, and the store does not extend it`
}

async function removeThese(
  parts: Archiving,
  segment: RecordedSegment,
  leaving: readonly MayLeave[],
  size: number,
  { by, publish }: RemovalOptions,
): Promise<{ readonly state: 'removed' } | { readonly state: 'refused'; readonly because: string }> {
  const { record } = parts
  const entries = await archivedLeaves(parts, segment, leaving)
  await record({
    action: 'records_archived',
    outcome: 'success',
    ...actorOf(by),
    data_classification: 'internal',
    details: {
      phase: 'leaving',
      segment: segment.segment,
      seqs: formatRuns(runsOf(leaving.map(({ seq }) => seq))),
      records: leaving.length,
    },
  })
  await publish()
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const outcome = await exchange(parts, segment, entries.slice(from, from + AT_ONCE), size)
    if (outcome === 'done') continue
    const because =
      'something was recorded meanwhile that may bind them, or where they lie: they are judged anew next time'
    return { state: 'refused', because }
  }
  return { state: 'removed' }
}

// What was recorded until now is looked at here, what comes later by the database. That anything is archived says nothing against it; that what
// stays of this segment is, does: no stub may come to name a segment that is about to go.
async function exchange(
  { rows, ledger }: Archiving,
  { segment }: RecordedSegment,
  entries: readonly LeavingEntry[],
  judgedAt: number,
): Promise<'done' | 'overtaken'> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const size = (await rows.head(ledger))?.size ?? 0
    if (await isOvertaken({ rows, ledger }, segment, judgedAt)) return 'overtaken'
    try {
      await rows.replaceEntries(ledger, { entries, judged: { size, unless: [...JUDGED_BY, 'records_archived'] } })
      return 'done'
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'removal-overtaken')) throw error
    }
  }
  return 'overtaken'
}

async function isOvertaken(
  { rows, ledger }: Pick<Archiving, 'rows' | 'ledger'>,
  segment: string,
  from_seq: number,
): Promise<boolean> {
  for (const action of JUDGED_BY)
    for await (const _ of readPages(rows, ledger, { action, from_seq }, { limit: 1 })) return true
  for await (const entry of readPages(rows, ledger, { action: 'records_archived', from_seq }))
    if (parseArchived(recordOf(entry))?.replaces === segment) return true
  return false
}

// The leaf hashes of what is in the archive, opened: a row is exchanged for nothing else.
async function archivedLeaves(
  { objects, ledger, keyring }: Archiving,
  { segment }: RecordedSegment,
  leaving: readonly MayLeave[],
): Promise<readonly LeavingEntry[]> {
  const manifest = await manifestOf(objects, segment)
  const blocks = manifest.blocks.map(({ first_seq }) => first_seq)
  const reader = createArchiveReader({ objects, ledger, keyring })
  const places = leaving.map(({ seq }) => ({ seq, segment, block: blocks.findLastIndex((first) => first <= seq) }))
  const entries = await reader.entries(places)
  return places.map(({ seq, block }, i) => ({
    seq,
    leaf: leafHash(entries[i] ?? new Uint8Array()),
    mark: { state: 'archived', segment, block },
  }))
}

async function manifestOf(objects: Archiving['objects'], segment: string): Promise<SegmentManifest> {
  const bytes = await objects.get(segmentKeys(segment).manifest)
  const manifest = bytes === undefined ? 'it is not there' : readSegmentNote(bytes)
  if (typeof manifest !== 'string') return manifest
  throw new LedgerError('archive-altered', {
    problem: `the manifest of segment ${segment} in ${objects.where}: ${manifest}; nothing was removed`,
    cure: 'run affidavit archive verify: it says what was changed',
  })
}
