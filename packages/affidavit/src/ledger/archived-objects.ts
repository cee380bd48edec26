// Which objects of the archive hold records that are destroyed (spec/disposition.md §5): where they lie the ledger has on record, and what of it
// stays its rows tell, whichever disposition destroyed the rest. Nothing of it is asked of the object store.

import { type ArchivedObject, MAX_OBJECTS } from '../disposition/archived-objects.ts'
import { type ArchivedSegment, parseArchived } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import { isDestroyed } from '../formats/stub.ts'
import { readPages, recordOf } from './read.ts'
import { refusedDisposition } from './refused-disposition.ts'
import type { LedgerStore } from './store.ts'

export interface ArchivedObjectsParts {
  readonly store: LedgerStore
  /** As they stand, stubs too. */
  readonly rows: Pick<LedgerStore, 'entries'>
  readonly ledger: string
}

/** An object, and the segment that it is. */
export interface HoldingObject extends ArchivedObject {
  readonly segment: ArchivedSegment
}

/**
 * Ascending by key.
 * @throws LedgerError `invalid-query` where they are more than the records of a disposition can carry
 */
export async function objectsHolding(
  parts: ArchivedObjectsParts,
  seqs: readonly number[],
): Promise<readonly HoldingObject[]> {
  const going = new Set(seqs)
  const objects: HoldingObject[] = []
  for await (const { segment, recorded_at } of segmentsOnRecord(parts)) {
    if (!holdsAny(segment, going)) continue
    const { locked_until = recorded_at } = segment
    const fate = (await holdsNothingElse(parts, segment, going)) ? 'goes' : 'waits'
    objects.push({ key: segmentKeys(segment.segment).object, locked_until, fate, segment })
  }
  if (objects.length > MAX_OBJECTS) throw tooMany(objects.length)
  return objects.sort((one, other) => (one.key < other.key ? -1 : 1))
}

/** The same, as plans and records name them. */
export async function archivedObjects(
  parts: ArchivedObjectsParts,
  seqs: readonly number[],
): Promise<readonly ArchivedObject[]> {
  return (await objectsHolding(parts, seqs)).map(objectOf)
}

export function objectOf({ key, locked_until, fate }: HoldingObject): ArchivedObject {
  return { key, locked_until, fate }
}

/** Whether every record of a segment was destroyed, or is among those that go. */
export async function holdsNothingElse(
  { rows, ledger }: Pick<ArchivedObjectsParts, 'rows' | 'ledger'>,
  { runs }: Pick<ArchivedSegment, 'runs'>,
  going: ReadonlySet<number> = new Set(),
): Promise<boolean> {
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

/** Every segment, and when it was recorded. */
export async function* segmentsOnRecord({
  store,
  ledger,
}: Pick<ArchivedObjectsParts, 'store' | 'ledger'>): AsyncGenerator<{
  readonly segment: ArchivedSegment
  readonly recorded_at: string
}> {
  for await (const entry of readPages(store, ledger, { action: 'records_archived' })) {
    const record = recordOf(entry)
    const segment = parseArchived(record)
    if (segment !== undefined) yield { segment, recorded_at: record.recorded_at }
  }
}

function holdsAny({ runs }: ArchivedSegment, going: ReadonlySet<number>): boolean {
  return runs.some(({ first, last }) => {
    for (let seq = first; seq <= last; seq++) if (going.has(seq)) return true
    return false
  })
}

function tooMany(objects: number): Error {
  return refusedDisposition(
    'too-many-objects',
    `these records lie in ${objects} objects of the archive, and one plan can name ${MAX_OBJECTS}`,
    'make several plans, each for one policy, with --policy',
  )
}
