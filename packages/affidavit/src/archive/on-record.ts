// Whether the archive gives back a segment as the ledger has it on record: nothing rests on a copy that was not looked at.

import { sha256Hex } from '../crypto/sha256.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import type { ObjectStore } from './object-store.ts'

export interface SegmentOnRecord {
  readonly object: Uint8Array
  readonly manifest: Uint8Array
}

/** Its bytes, which are those on record; or what is wrong with them. @throws LedgerError `archive-unavailable` */
export async function readOnRecord(
  objects: Pick<ObjectStore, 'get' | 'where'>,
  { segment, object_sha256, manifest_sha256 }: ArchivedSegment,
): Promise<SegmentOnRecord | { readonly code: 'archive-unavailable' | 'archive-altered'; readonly problem: string }> {
  const keys = segmentKeys(segment)
  const [object, manifest] = [await objects.get(keys.object), await objects.get(keys.manifest)]
  for (const [key, bytes, sha256] of [
    [keys.object, object, object_sha256],
    [keys.manifest, manifest, manifest_sha256],
  ] as const) {
    if (bytes === undefined) return { code: 'archive-unavailable', problem: `${key} is not in ${objects.where}` }
    if (sha256Hex(bytes) !== sha256)
      return { code: 'archive-altered', problem: `${key} in ${objects.where} has other bytes than are on record` }
  }
  return { object: object ?? unreachable('it was looked at'), manifest: manifest ?? unreachable('it was looked at') }
}
