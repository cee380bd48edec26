// Which objects of the archive hold records that are destroyed (spec/disposition.md §5): where they lie the ledger has on record, and what of it
// stays its rows tell, whichever disposition destroyed the rest. Nothing of it is asked of the object store.

import { type ArchivedObject, MAX_OBJECTS } from '../disposition/archived-objects.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import { isOver, readSegments, type StandingSegment } from './archived-segments.ts'
import { readDispositions } from './disposition-records.ts'
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
  readonly segment: StandingSegment
}

/**
 * Those that hold these records, ascending by key.
 * @throws LedgerError `invalid-query` where they are more than the records of a disposition can carry
 */
export async function archivedObjects(
  parts: ArchivedObjectsParts,
  seqs: readonly number[],
): Promise<readonly ArchivedObject[]> {
  const going = new Set(seqs)
  const segments = (await readSegments(parts.store, parts.ledger)).filter((segment) => holdsAny(segment, going))
  const gone = await replacedAndGone(parts, segments)
  const holding = segments.filter((segment) => !gone.has(keyOf(segment)))
  if (holding.length > MAX_OBJECTS) throw tooMany(holding.length)
  const objects: HoldingObject[] = []
  for (const segment of holding) objects.push(await holdingObject(parts, segment, going))
  return objects.sort(byKey).map(objectOf)
}

/** Those of these keys that the ledger has on record, ascending. */
export async function namedObjects(
  parts: ArchivedObjectsParts,
  keys: ReadonlySet<string>,
): Promise<readonly HoldingObject[]> {
  const objects: HoldingObject[] = []
  for (const segment of await readSegments(parts.store, parts.ledger))
    if (keys.has(keyOf(segment))) objects.push(await holdingObject(parts, segment))
  return objects.sort(byKey)
}

/**
 * Keys of segments on which nothing rests, that took the place of these, and that no disposition names: records in them were destroyed in the very
 * moment in which they were put on record.
 */
export async function unnamedHeirs(parts: ArchivedObjectsParts, keys: ReadonlySet<string>): Promise<readonly string[]> {
  const family = new Set<string>()
  const over: string[] = []
  for (const one of await readSegments(parts.store, parts.ledger)) {
    const isHeir = one.replaces !== undefined && family.has(one.replaces)
    if (isHeir || keys.has(keyOf(one))) family.add(one.segment)
    if (isHeir && (await isOver(parts, one))) over.push(keyOf(one))
  }
  if (over.length === 0) return over
  const { dispositions } = await readDispositions(parts.store, parts.ledger)
  const named = dispositions.flatMap(({ objects = [], outcome }) => [...objects, ...(outcome?.told.objects ?? [])])
  const names = new Set(named.map(({ key }) => key))
  return over.filter((key) => !names.has(key))
}

/** As plans and records name it. */
export function objectOf({ key, locked_until, fate }: HoldingObject): ArchivedObject {
  return { key, locked_until, fate }
}

async function holdingObject(
  parts: Pick<ArchivedObjectsParts, 'rows' | 'ledger'>,
  segment: StandingSegment,
  going?: ReadonlySet<number>,
): Promise<HoldingObject> {
  const { locked_until = segment.recorded_at } = segment
  return { key: keyOf(segment), locked_until, fate: (await isOver(parts, segment, going)) ? 'goes' : 'waits', segment }
}

// What was replaced stands until its lock has ended; once it went, the disposition for which it did names it no more.
async function replacedAndGone(
  { store, ledger }: ArchivedObjectsParts,
  segments: readonly StandingSegment[],
): Promise<ReadonlySet<string>> {
  const replaced = new Set(segments.flatMap((segment) => (segment.state === 'replaced' ? [keyOf(segment)] : [])))
  if (replaced.size === 0) return replaced
  const { dispositions } = await readDispositions(store, ledger)
  const gone = dispositions.flatMap(({ objects = [], outcome }) => {
    const stand = new Set(outcome?.told.objects.map(({ key }) => key))
    return objects.flatMap(({ key }) => (stand.has(key) ? [] : [key]))
  })
  return new Set(gone.filter((key) => replaced.has(key)))
}

function keyOf({ segment }: ArchivedSegment): string {
  return segmentKeys(segment).object
}

function holdsAny({ runs }: ArchivedSegment, going: ReadonlySet<number>): boolean {
  return runs.some(({ first, last }) => {
    for (let seq = first; seq <= last; seq++) if (going.has(seq)) return true
    return false
  })
}

function byKey(one: ArchivedObject, other: ArchivedObject): number {
  return one.key < other.key ? -1 : 1
}

function tooMany(objects: number): Error {
  return refusedDisposition(
    'too-many-objects',
    `these records lie in ${objects} objects of the archive, and one plan can name ${MAX_OBJECTS}`,
    'make several plans, each for one policy, with --policy',
  )
}
