// Deleting a segment of which every record was destroyed (spec/disposition.md §5). What a store says is no proof: before, the bytes are those on
// record and the place is this ledger's archive; behind it, nothing is there to be read.

import { sha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import type { ArchiveEnding } from '../ledger/end-archived.ts'
import { runKeyBehind } from './covering.ts'
import type { ObjectStore } from './object-store.ts'
import { archiveUnavailable } from './store-errors.ts'

/** @param ledger the origin */
export function createArchiveDeletion(
  objects: Pick<ObjectStore, 'get' | 'stat' | 'delete' | 'where'>,
  ledger: string,
): Pick<ArchiveEnding, 'delete'> {
  return {
    async delete(segment) {
      await refuseOtherPlace(objects, ledger)
      const found = await asOnRecord(objects, segment)
      for (const key of found) {
        const locked_until = await deleted(objects, key)
        if (locked_until !== undefined) return { locked_until }
      }
      for (const key of Object.values(segmentKeys(segment.segment))) {
        if ((await objects.stat(key)) !== undefined || (await objects.get(key)) !== undefined)
          throw stillThere(objects.where, key)
      }
      return 'gone'
    },
  }
}

// That something is absent says nothing in a place where it never was: the first run of the archiver left its checkpoint in the archive.
async function refuseOtherPlace(objects: Pick<ObjectStore, 'get' | 'where'>, ledger: string): Promise<void> {
  if ((await objects.get(runKeyBehind(ledger, undefined))) !== undefined) return
  throw archiveUnavailable(
    `${objects.where} is not where the archive of ${ledger} began; nothing was deleted`,
    'name the place where the ledger was archived to: affidavit archive use; then affidavit dispose finish',
  )
}

/** Keys of what is there, the object first: while the manifest stands it says what the object was. */
async function asOnRecord(
  objects: Pick<ObjectStore, 'get' | 'stat' | 'where'>,
  { segment, object_sha256, manifest_sha256 }: ArchivedSegment,
): Promise<readonly string[]> {
  const { object, manifest } = segmentKeys(segment)
  const found: string[] = []
  for (const [key, sha256] of [
    [object, object_sha256],
    [manifest, manifest_sha256],
  ] as const) {
    const bytes = await objects.get(key)
    if (bytes === undefined) {
      if ((await objects.stat(key)) !== undefined) throw stillThere(objects.where, key)
      continue
    }
    if (sha256Hex(bytes) !== sha256) throw otherBytes(objects.where, key)
    found.push(key)
  }
  return found
}

/** Until when it is locked, where it is. */
async function deleted(objects: Pick<ObjectStore, 'delete' | 'stat'>, key: string): Promise<number | undefined> {
  try {
    await objects.delete(key)
    return undefined
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'object-locked')) throw error
    const locked_until = (await objects.stat(key))?.locked_until
    if (locked_until === undefined) throw error
    return locked_until
  }
}

function stillThere(where: string, key: string): LedgerError {
  return archiveUnavailable(
    `${where} does not show what it holds under ${key}, or says that it deleted it and still has it`,
    'affidavit dispose finish tries again; where it stays so, ask whoever runs the store',
  )
}

function otherBytes(where: string, key: string): LedgerError {
  return new LedgerError('archive-altered', {
    problem: `${key} in ${where} has other bytes than are on record; it was not deleted`,
    cure: 'keep it as evidence, and run affidavit archive verify; put it elsewhere, then affidavit dispose finish',
  })
}
