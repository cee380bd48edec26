// What is archived, as the ledger has it on record: nothing of it is asked of the object store.

import { type ArchivedSegment, parseArchived } from '../formats/archive-record.ts'
import { readPages, recordOf } from '../ledger/read.ts'
import type { LedgerStore } from '../ledger/store.ts'
import type { SeqRun } from '../merkle/partial.ts'

export interface RecordedSegment extends ArchivedSegment {
  /** Where the record about it stands. */
  readonly recorded_seq: number
}

/** Every segment, the oldest first. @param from those on record from this seq on */
export async function* archivedSegments(store: LedgerStore, ledger: string, from = 0): AsyncGenerator<RecordedSegment> {
  for await (const entry of readPages(store, ledger, { action: 'records_archived', from_seq: from })) {
    const record = recordOf(entry)
    const archived = parseArchived(record)
    if (archived !== undefined) yield { ...archived, recorded_seq: record.seq }
  }
}

/** Which entries are archived. */
export interface ArchivedSet {
  /** Every entry below is. */
  until(): number
  has(seq: number): boolean
  add(segment: RecordedSegment): void
  /** Takes in what others have put on record since. */
  catchUp(): Promise<void>
  /** Counts an entry as archived that never will be. */
  pass(seq: number): void
  /** What `until` would be with these. */
  untilWith(runs: readonly SeqRun[]): number
  /** The newest segment on record; none where nothing is archived. */
  newest(): RecordedSegment | undefined
}

export async function readArchivedSet(store: LedgerStore, ledger: string): Promise<ArchivedSet> {
  let newest = await newestSegment(store, ledger)
  let complete = newest?.complete_until ?? 0
  let runs: readonly SeqRun[] = []

  function merged(more: readonly SeqRun[]): { readonly complete: number; readonly runs: readonly SeqRun[] } {
    const all = [...runs, ...more].sort((a, b) => a.first - b.first)
    const above: { first: number; last: number }[] = []
    let until = complete
    for (const { first, last } of all) {
      const before = above.at(-1)
      if (first <= until) until = Math.max(until, last + 1)
      else if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last)
      else above.push({ first, last })
    }
    return { complete: until, runs: above }
  }

  function addRuns(more: readonly SeqRun[]): void {
    const { complete: until, runs: above } = merged(more)
    complete = until
    runs = above
  }

  function add(segment: RecordedSegment): void {
    addRuns(segment.runs)
    if (newest === undefined || segment.recorded_seq > newest.recorded_seq) newest = segment
  }

  // A segment on record at a seq holds entries below it: those that were recorded before have nothing above.
  for await (const segment of archivedSegments(store, ledger, complete)) if (isOfRun(segment)) add(segment)
  return {
    async catchUp() {
      for await (const segment of archivedSegments(store, ledger, (newest?.recorded_seq ?? -1) + 1))
        if (isOfRun(segment)) add(segment)
    },
    until: () => complete,
    has: (seq) => seq < complete || within(runs, seq),
    add,
    pass: (seq) => addRuns([{ first: seq, last: seq }]),
    untilWith: (more) => merged(more).complete,
    newest: () => newest,
  }
}

async function newestSegment(store: LedgerStore, ledger: string): Promise<RecordedSegment | undefined> {
  for await (const entry of readPages(store, ledger, { action: 'records_archived' }, { order: 'descending' }, 20)) {
    const record = recordOf(entry)
    const archived = parseArchived(record)
    if (archived !== undefined && isOfRun(archived)) return { ...archived, recorded_seq: record.seq }
  }
  return undefined
}

// What was written anew was archived before, and belongs to no run.
export function isOfRun({ replaces }: ArchivedSegment): boolean {
  return replaces === undefined
}

function within(runs: readonly SeqRun[], seq: number): boolean {
  let [from, to] = [0, runs.length]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    const run = runs[middle]
    if (run === undefined || run.last >= seq) to = middle
    else from = middle + 1
  }
  const run = runs[from]
  return run !== undefined && run.first <= seq
}
