// The seam to the archive of a ledger, for whoever verifies what lies in a store.

import type { FromArchive } from '../left.ts'
import type { StoredChunk } from './stored-log.ts'

/** Where the bytes of an entry lie. */
export interface ArchivedPlace {
  readonly seq: number
  readonly segment: string
  readonly block: number
}

/** The archive of one ledger, for whoever verifies. Nothing it gives is as it should be for sure, and nothing makes it throw. */
export interface StoredArchive {
  /** The bytes of each entry, in the order asked, or why they cannot be had. */
  entries(places: readonly ArchivedPlace[]): Promise<readonly FromArchive[]>
  /** The chunks of a payload that the entry at this place names; the first that is no bytes is the last. */
  chunks(place: ArchivedPlace, blob_id: string): AsyncIterable<StoredChunk>
}

/** The archive of each ledger, by its origin; nothing where there is none at hand. */
export type ArchiveOf = (origin: string) => StoredArchive | undefined
