// The end of what stands in the archive (spec/disposition.md §5): what stays of a segment is written anew; the keys of segments on which nothing
// rests are destroyed, whatever the locks of their objects say, and the objects are deleted when those have ended. Only behind the end of the
// rows: they say what stays.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { ArchivedObject } from '../disposition/archived-objects.ts'
import type { Outcome } from '../disposition/phases.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentOwner } from '../formats/segment.ts'
import { formatRuns } from '../formats/seq-runs.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Owner } from '../vault/wrap-anew.ts'
import {
  type ArchivedObjectsParts,
  type HoldingObject,
  namedObjects,
  objectOf,
  unnamedHeirs,
} from './archived-objects.ts'
import { isOver, readSegments } from './archived-segments.ts'

/** What takes segments out of the archive. */
export interface ArchiveEnding {
  /**
   * Writes what stays of a segment anew, and has it on record that nothing rests on that segment any more. Done again, it goes on where it was.
   * @throws LedgerError `archive-unavailable`, `archive-altered`, `lock-refused`, `not-committed`, and what recording throws
   */
  rewrite(segment: ArchivedSegment): Promise<void>
  /**
   * Deletes object and manifest, and looks whether they are gone. What is not there is; bytes other than those on record stay.
   * @throws LedgerError `archive-unavailable`, `archive-altered`
   */
  delete(segment: ArchivedSegment): Promise<'gone' | { readonly locked_until: UnixMillis }>
}

/** What an ending needs of its ledger besides what an archive is written from. */
export interface EndingOptions {
  readonly set: PolicySet
  /** A checkpoint of everything recorded. */
  publish(): Promise<unknown>
}

export interface EndingParts extends ArchivedObjectsParts {
  readonly keyring: Pick<Keyring, 'hasAny'>
  /** Absent where the ledger has no archive at hand: then all objects stand. */
  readonly archive?: ArchiveEnding | undefined
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
 * Ends what can be ended of the objects that hold what was destroyed.
 * @param before the newest outcome, which names them; what it does not name is gone
 */
export async function endArchived(parts: EndingParts, before: Outcome): Promise<Ended> {
  const named = new Set(before.objects.map(({ key }) => key))
  const faults: LedgerError[] = []
  for (const { fate, segment } of await namedObjects(parts, named))
    if (fate === 'waits') await told(faults, parts.archive?.rewrite(segment))
  for (const key of await unnamedHeirs(parts, named)) named.add(key)
  const standing = await namedObjects(parts, named)
  const going = standing.filter(({ fate }) => fate === 'goes')
  const faultsOfKeys: LedgerError[] = []
  if (going.length > 0) await told(faultsOfKeys, endKeys(parts, going))
  faults.push(...faultsOfKeys)
  // An object goes behind its key.
  if (faultsOfKeys.length > 0) return { objects: standing.map(objectOf), faults }
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
  for (const segment of await readSegments(parts.store, parts.ledger)) {
    const owner = ownerOf(parts, segment)
    if (owners.has(owner) && !(await isOver(parts, segment))) owners.delete(owner)
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
  { archive, time }: EndingParts,
  object: HoldingObject,
  faults: LedgerError[],
): Promise<ArchivedObject | undefined> {
  if (archive === undefined) return objectOf(object)
  try {
    await time()
    const outcome = await archive.delete(object.segment)
    return outcome === 'gone' ? undefined : { ...objectOf(object), locked_until: formatTimestamp(outcome.locked_until) }
  } catch (error) {
    faults.push(faultOf(error))
    return objectOf(object)
  }
}

async function told(faults: LedgerError[], work: Promise<void> | undefined): Promise<void> {
  try {
    await work
  } catch (error) {
    faults.push(faultOf(error))
  }
}

// It is told when the outcome is on record.
function faultOf(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error
  throw error
}
