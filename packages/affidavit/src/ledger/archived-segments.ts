// The segments of the archive that a ledger has on record, and whether anything rests on them (spec/archive.md §9). Nothing of it is asked of the
// object store.

import { type ArchivedSegment, parseArchived, parseReplaced } from '../formats/archive-record.ts'
import { isDestroyed } from '../formats/stub.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

export interface StandingSegment extends ArchivedSegment {
  /** Where the record about it stands, and when that was recorded. */
  readonly recorded_seq: number
  readonly recorded_at: string
  /** `being replaced`: some of what stays in it is on record in another one. `replaced`: all of that is, and no stub names it. */
  readonly state: 'in force' | 'being replaced' | 'replaced'
}

/** Every segment, the oldest first. */
export async function readSegments(store: LedgerStore, ledger: string): Promise<readonly StandingSegment[]> {
  const segments: Omit<StandingSegment, 'state'>[] = []
  const replaced = new Set<string>()
  for await (const entry of readPages(store, ledger, { action: 'records_archived' })) {
    const record = recordOf(entry)
    const segment = parseArchived(record)
    if (segment !== undefined) segments.push({ ...segment, recorded_seq: record.seq, recorded_at: record.recorded_at })
    const over = parseReplaced(record)
    if (over !== undefined) replaced.add(over)
  }
  const begun = new Set(segments.flatMap(({ replaces }) => replaces ?? []))
  return segments.map((one) => ({ ...one, state: stateOf(one.segment, replaced, begun) }))
}

function stateOf(id: string, replaced: ReadonlySet<string>, begun: ReadonlySet<string>): StandingSegment['state'] {
  if (replaced.has(id)) return 'replaced'
  return begun.has(id) ? 'being replaced' : 'in force'
}

/** Whether nothing rests on a segment: every record of it was destroyed, or is among those that go, or lies elsewhere by now. */
export async function isOver(
  { rows, ledger }: { readonly rows: Pick<LedgerStore, 'entries'>; readonly ledger: string },
  { runs, state }: Pick<StandingSegment, 'runs' | 'state'>,
  going: ReadonlySet<number> = new Set(),
): Promise<boolean> {
  if (state === 'replaced') return true
  for (const { first, last } of runs) {
    let expected = first
    for await (const { seq, entry } of readPages(rows, ledger, { from_seq: first, until_seq: last + 1 })) {
      if (seq !== expected || !(going.has(seq) || isDestroyed(entry))) return false
      expected++
    }
    if (expected <= last) return false
  }
  return true
}
