// What stays of a segment of which records were destroyed is written anew (spec/archive.md §9). The order is the promise: it is read from the old
// segment, and in new ones that were read back and are on record; then stubs are moved there; that nothing rests on the old one is on record
// last. Whoever comes along goes on where it was.

import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type ArchivedSegment, replacedDetails } from '../formats/archive-record.ts'
import { countRuns } from '../formats/seq-runs.ts'
import type { Archival } from '../ledger/archival.ts'
import { readSegments } from '../ledger/archived-segments.ts'
import type { EndingOptions } from '../ledger/end-archived.ts'
import type { SeqRun } from '../merkle/partial.ts'
import type { Archiving, Due } from './archiving.ts'
import { readDue } from './due.ts'
import { moveStubs } from './move-stubs.ts'
import type { ObjectStore } from './object-store.ts'
import { type StayingRow, stayingRows } from './staying.ts'
import { writeWhatStays } from './write-what-stays.ts'

/** Whoever lets records leave at the same time may have them name the old one until the new ones are on record. */
const ATTEMPTS = 20
/** A record that waits for its anchor is locked so many years ahead. */
const YEARS_OPEN = 2

/** @throws LedgerError `archive-unavailable`, `archive-altered`, `lock-refused`, `not-committed`, and what recording and the store throw */
export async function rewriteSegment(
  archival: Archival & { readonly objects: ObjectStore },
  options: EndingOptions,
  old: ArchivedSegment,
): Promise<void> {
  const { set, publish } = options
  const { rows, store, ledger, now } = archival
  if (!(await rows.mayRemove(ledger))) throw notAllowed(old)
  const parts: Archiving = { ...archival, dueOf: await readDue(store, ledger, { set, at: now() }) }
  const lockOf = (due: Due): UnixMillis | undefined => lockNeeded(due, now())
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const staying = await stayingRows(parts, old)
    const written = await writtenOf(parts, old)
    const lacking = staying.filter(({ seq }) => !written.some(({ runs }) => isWithin(runs, seq)))
    const stubs = staying.filter(({ lies }) => lies === old.segment)
    if (lacking.length > 0) await writeWhatStays(parts, old, lacking, lockOf)
    else if (stubs.length > 0) {
      // Whoever looks at one conversation alone has it proven that they lie there.
      await publish()
      await moveAll(parts, old, written, stubs, lockOf)
    } else {
      const mixed = await mixedAmong(parts, written)
      if (mixed === undefined) return recordReplaced(parts, old)
      await rewriteSegment(archival, options, mixed)
    }
  }
  throw unfinished(old)
}

// Where it lies by now: what was written anew may have been written anew itself.
async function writtenOf({ store, ledger }: Archiving, old: ArchivedSegment): Promise<readonly ArchivedSegment[]> {
  const segments = await readSegments(store, ledger)
  const heirs = (id: string): readonly ArchivedSegment[] =>
    segments
      .filter(({ replaces }) => replaces === id)
      .flatMap((one) => (one.state === 'replaced' ? heirs(one.segment) : [one]))
  return heirs(old.segment)
}

// Destroyed in the moment in which what stays was put on record: who destroyed it may not have seen that it is.
async function mixedAmong(parts: Archiving, written: readonly ArchivedSegment[]): Promise<ArchivedSegment | undefined> {
  for (const one of written) if ((await stayingRows(parts, one)).length < countRuns(one.runs)) return one
  return undefined
}

async function moveAll(
  parts: Archiving,
  old: ArchivedSegment,
  written: readonly ArchivedSegment[],
  stubs: readonly StayingRow[],
  lockOf: (due: Due) => UnixMillis | undefined,
): Promise<void> {
  // What two wrote at once lies in both.
  const waiting = new Set(stubs)
  for (const to of written) {
    const rows = [...waiting].filter(({ seq }) => isWithin(to.runs, seq))
    for (const row of rows) waiting.delete(row)
    if (rows.length > 0) await moveStubs(parts, old, to, rows, lockOf)
  }
}

async function recordReplaced({ record, deriveId }: Archiving, old: ArchivedSegment): Promise<void> {
  await record({
    id: deriveId('records_archived', 'replaced', old.segment),
    action: 'records_archived',
    outcome: 'success',
    actor_id: 'affidavit',
    actor_type: 'system',
    data_classification: 'internal',
    details: replacedDetails(old),
  })
}

function lockNeeded({ due_month, min_until }: Due, now: UnixMillis): UnixMillis | undefined {
  if (due_month !== 'open') return min_until
  return Math.max(min_until ?? 0, new Date(now).setUTCFullYear(new Date(now).getUTCFullYear() + YEARS_OPEN))
}

function isWithin(runs: readonly SeqRun[], seq: number): boolean {
  return runs.some(({ first, last }) => first <= seq && seq <= last)
}

function notAllowed({ segment }: ArchivedSegment): LedgerError {
  return new LedgerError('not-allowed', {
    problem: `the role by which the database is opened may move no archived record; what stays of segment ${segment} lies where it did`,
    cure: 'run affidavit dispose finish as the role of retention: affidavit migrate --retention ROLE gives the right',
  })
}

function unfinished({ segment }: ArchivedSegment): LedgerError {
  return new LedgerError('not-committed', {
    problem: `records leave the database into segment ${segment} faster than they are moved out of it`,
    cure: 'try again with affidavit dispose finish',
  })
}
