// Which objects of the archive hold records that are destroyed, as the ledger has it on record (spec/disposition.md §5): nothing of it is
// asked of the object store.

import { type ArchivedObject, MAX_OBJECTS } from '../disposition/archived-objects.ts'
import { type ArchivedSegment, parseArchived } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import { readPages, recordOf } from './read.ts'
import { refusedDisposition } from './refused-disposition.ts'
import type { LedgerStore } from './store.ts'

/**
 * Ascending by key. @param seqs ascending
 * @throws LedgerError `invalid-query` where they are more than the records of a disposition can carry
 */
export async function objectsHolding(
  store: LedgerStore,
  ledger: string,
  seqs: readonly number[],
): Promise<readonly ArchivedObject[]> {
  const going = new Set(seqs)
  const objects: ArchivedObject[] = []
  for await (const entry of readPages(store, ledger, { action: 'records_archived' })) {
    const record = recordOf(entry)
    const archived = parseArchived(record)
    const fate = archived && fateOf(archived, going)
    if (archived === undefined || fate === undefined) continue
    const { segment, locked_until = record.recorded_at } = archived
    objects.push({ key: segmentKeys(segment).object, locked_until, fate })
  }
  if (objects.length > MAX_OBJECTS) throw tooMany(objects.length)
  return objects.sort((one, other) => (one.key < other.key ? -1 : 1))
}

function fateOf({ runs }: ArchivedSegment, going: ReadonlySet<number>): ArchivedObject['fate'] | undefined {
  let [some, all] = [false, true]
  for (const { first, last } of runs) {
    for (let seq = first; seq <= last; seq++) {
      if (going.has(seq)) some = true
      else all = false
    }
  }
  if (!some) return undefined
  return all ? 'goes' : 'waits'
}

function tooMany(objects: number): Error {
  return refusedDisposition(
    'too-many-objects',
    `these records lie in ${objects} objects of the archive, and one plan can name ${MAX_OBJECTS}`,
    'make several plans, each for one policy, with --policy',
  )
}
