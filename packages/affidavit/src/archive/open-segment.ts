// A whole segment, opened with its key: entries by their seqs, sealed payloads by their ids (spec/archive.md §1).

import { LedgerError } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import type { ContentReference } from '../formats/fields.ts'
import { createStoredCheck } from '../formats/sealed.ts'
import { type SegmentManifest, segmentKeys } from '../formats/segment.ts'
import { createBlockCipher, unpackBlock } from '../formats/segment-seal.ts'
import { readSegmentNote } from '../formats/signed-segment.ts'
import type { Archival } from '../ledger/archival.ts'
import type { ObjectStore } from './object-store.ts'
import { readOnRecord } from './on-record.ts'
import { knownSegmentKey } from './segment-key.ts'

export interface OpenedSegment {
  readonly manifest: SegmentManifest
  readonly entries: ReadonlyMap<number, Uint8Array>
  /** The chunks of a payload as they are stored; `undefined` where it is not in the segment as the entry describes it. */
  payload(reference: ContentReference): Uint8Array | undefined
}

/** @throws LedgerError `archive-unavailable`, `archive-altered` */
export async function openSegment(
  { objects, keyring }: { readonly objects: Pick<ObjectStore, 'get' | 'where'>; readonly keyring: Archival['keyring'] },
  segment: ArchivedSegment,
): Promise<OpenedSegment> {
  const read = await readOnRecord(objects, segment)
  if ('code' in read) throw new LedgerError(read.code, { problem: read.problem, cure: CURES[read.code] })
  const { object, manifest: note } = read
  const manifest = readSegmentNote(note)
  if (typeof manifest === 'string') throw unreadable(objects.where, segment, manifest)
  const cipher = createBlockCipher(await knownSegmentKey({ keyring }, manifest), manifest.ledger, manifest.digest)
  const entries = new Map<number, Uint8Array>()
  const payloads = new Map<string, Uint8Array>()
  for (const [index, { offset, length }] of manifest.blocks.entries()) {
    const position = index === manifest.blocks.length - 1 ? 'last' : 'inner'
    const packed = cipher.open({ index, position }, object.subarray(offset, offset + length))
    const block = packed === undefined ? undefined : unpackBlock(packed)
    if (block === undefined) throw unreadable(objects.where, segment, `block ${index} is not what was archived`)
    for (const { seq, entry } of block.entries) entries.set(seq, entry)
    for (const { blob_id, ...place } of block.payloads) {
      const begin = manifest.payloads.offset + place.offset
      payloads.set(blob_id, object.subarray(begin, begin + place.length))
    }
  }
  return { manifest, entries, payload: (reference) => asDescribed(payloads.get(reference.blob_id), reference) }
}

const CURES = {
  'archive-unavailable':
    'name the place where the ledger was archived to: affidavit archive use; or bring the object back from a copy',
  'archive-altered': 'keep it as evidence; affidavit archive verify says what was changed',
} as const

function asDescribed(payload: Uint8Array | undefined, reference: ContentReference): Uint8Array | undefined {
  if (payload === undefined) return undefined
  const check = createStoredCheck(reference)
  check.push(payload)
  return check.end() === undefined ? payload : undefined
}

function unreadable(where: string, { segment }: ArchivedSegment, why: string): LedgerError {
  return new LedgerError('archive-altered', {
    problem: `${segmentKeys(segment).object} in ${where}: ${why}`,
    cure: 'run affidavit archive verify: it says what was changed',
  })
}
