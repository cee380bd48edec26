// The end of what stands in the archive (spec/disposition.md §5): the keys of segments of which nothing stays are destroyed, whatever the locks of
// their objects say, and the objects are deleted when those have ended. Only behind the end of the rows: they say what stays.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { ArchivedObject } from '../disposition/archived-objects.ts'
import type { Outcome } from '../disposition/phases.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentOwner } from '../formats/segment.ts'
import { formatRuns } from '../formats/seq-runs.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Owner } from '../vault/wrap-anew.ts'
import {
  type ArchivedObjectsParts,
  type HoldingObject,
  holdsNothingElse,
  objectOf,
  objectsHolding,
  segmentsOnRecord,
} from './archived-objects.ts'

/** What deletes segments of which nothing is to be read any more. */
export interface ArchiveDeletion {
  /**
   * Deletes object and manifest, and looks whether they are gone. What is not there is; bytes other than those on record stay.
   * @throws LedgerError `archive-unavailable`, `archive-altered`
   */
  delete(segment: ArchivedSegment): Promise<'gone' | { readonly locked_until: UnixMillis }>
}

export interface EndingParts extends ArchivedObjectsParts {
  readonly keyring: Pick<Keyring, 'hasAny'>
  /** Absent where the ledger has no archive at hand: then all objects stand. */
  readonly deletion?: ArchiveDeletion
  /** The time, where an independent source says that the clock is not ahead. @throws LedgerError */
  time(): Promise<UnixMillis>
  /** Turns the keyring over without the keys of these owners, on record. */
  turnOver(without: readonly Owner[]): Promise<unknown>
}

export interface Ended {
  /** Those that stand. */
  readonly objects: readonly ArchivedObject[]
  /** Why some of them do that are not locked. */
  readonly faults: readonly LedgerError[]
}

/**
 * Ends what can be ended of the objects that hold these records, which are destroyed.
 * @param before the newest outcome, which names them; what it does not name is gone
 */
export async function endArchived(parts: EndingParts, seqs: readonly number[], before: Outcome): Promise<Ended> {
  const holding = await objectsHolding(parts, seqs)
  const known = new Set(before.objects.map(({ key }) => key))
  const standing = holding.filter(({ key }) => known.has(key))
  const faults: LedgerError[] = []
  const going = standing.filter(({ fate }) => fate === 'goes')
  if (going.length === 0) return { objects: standing.map(objectOf), faults }
  try {
    await endKeys(parts, going)
  } catch (error) {
    faults.push(faultOf(error))
    return { objects: standing.map(objectOf), faults }
  }
  const objects: ArchivedObject[] = []
  for (const one of standing) {
    const stands = one.fate === 'waits' ? objectOf(one) : await deleteOne(parts, one, faults)
    if (stands !== undefined) objects.push(stands)
  }
  return { objects, faults }
}

async function endKeys(parts: EndingParts, going: readonly HoldingObject[]): Promise<void> {
  const owners = new Set(going.map(({ segment }) => ownerOf(parts, segment)))
  if (!(await parts.keyring.hasAny([...owners].map(asOwner)))) return
  // Two archivers at once may have put the same records on record below two checkpoints.
  for await (const { segment } of segmentsOnRecord(parts)) {
    const owner = ownerOf(parts, segment)
    if (owners.has(owner) && !(await holdsNothingElse(parts, segment))) owners.delete(owner)
  }
  const without = [...owners].map(asOwner)
  if (!(await parts.keyring.hasAny(without))) return
  await parts.time()
  await parts.turnOver(without)
}

function ownerOf({ ledger }: Pick<EndingParts, 'ledger'>, { runs, ...segment }: ArchivedSegment): string {
  return segmentOwner({ ...segment, ledger, seqs: formatRuns(runs) })
}

function asOwner(owner: string): Owner {
  return { owner_kind: 'ledger', owner }
}

/** Nothing where it is gone. */
async function deleteOne(
  { deletion, time }: EndingParts,
  object: HoldingObject,
  faults: LedgerError[],
): Promise<ArchivedObject | undefined> {
  if (deletion === undefined) return objectOf(object)
  try {
    await time()
    const outcome = await deletion.delete(object.segment)
    return outcome === 'gone' ? undefined : { ...objectOf(object), locked_until: formatTimestamp(outcome.locked_until) }
  } catch (error) {
    faults.push(faultOf(error))
    return objectOf(object)
  }
}

// It is told when the outcome is on record.
function faultOf(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error
  throw error
}
