// Reading from the archive without a restore (spec/archive.md §5): a block at a time, by its range in the object. What does not open is
// not given out; that an entry is the one of its place, whoever asks finds by the leaf hash.

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import { SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { idOf, type SegmentManifest, segmentKeys } from '../formats/segment.ts'
import type { Block } from '../formats/segment-block.ts'
import { createBlockCipher, unpackBlock } from '../formats/segment-seal.ts'
import { readSegmentNote } from '../formats/signed-segment.ts'
import type { Archival } from '../ledger/archival.ts'
import type { ArchivedPlace, ArchiveReader } from '../ledger/archive-reader.ts'
import { createBounded } from './bounded.ts'
import type { ObjectStore } from './object-store.ts'
import { knownSegmentKey } from './segment-key.ts'

export interface ReaderParts {
  readonly objects: Pick<ObjectStore, 'get' | 'where'>
  /** The origin. */
  readonly ledger: string
  readonly keyring: Pick<Archival['keyring'], 'knownScopeKeys'>
}

/** What is at hand of blocks that were read, at most, before they were compressed; a manifest counts for one of them. */
const BLOCKS_AT_HAND = 64
/** Blocks that are asked for at a time. */
const BLOCKS_AT_ONCE = 4
/** Bytes of a payload that are asked for at a time. */
const PAYLOAD_BYTES_AT_ONCE = 16 * SEALED_CHUNK_BYTES

interface OpenSegment {
  readonly manifest: SegmentManifest
  readonly key: KeyObject
}

export function createArchiveReader({ objects, ledger, keyring }: ReaderParts): ArchiveReader {
  const segments = createBounded<string, Promise<OpenSegment>>(BLOCKS_AT_HAND)
  const blocks = createBounded<string, Promise<Block>>(BLOCKS_AT_HAND)

  function segmentOf(id: string): Promise<OpenSegment> {
    return segments.get(id, () => openSegment(id))
  }

  async function openSegment(id: string): Promise<OpenSegment> {
    const { manifest: name } = segmentKeys(id)
    const bytes = await objects.get(name)
    if (bytes === undefined) throw gone(name, objects.where)
    const manifest = readSegmentNote(bytes)
    if (typeof manifest === 'string') throw altered(name, objects.where, manifest)
    if (manifest.ledger !== ledger || idOf(manifest) !== id)
      throw altered(name, objects.where, 'it is about another segment')
    return { manifest, key: await knownSegmentKey({ keyring }, manifest) }
  }

  function blockOf({ segment, block }: Pick<ArchivedPlace, 'segment' | 'block'>): Promise<Block> {
    return blocks.get(`${segment} ${block}`, () => readBlock(segment, block))
  }

  async function readBlock(segment: string, index: number): Promise<Block> {
    const { manifest, key } = await segmentOf(segment)
    const { object: name } = segmentKeys(segment)
    const place = manifest.blocks[index]
    if (place === undefined) throw altered(name, objects.where, `it has no block ${index}`)
    const sealed = await objects.get(name, { from: place.offset, to: place.offset + place.length })
    if (sealed === undefined) throw gone(name, objects.where)
    const cipher = createBlockCipher(key, ledger, manifest.digest)
    const position = index === manifest.blocks.length - 1 ? 'last' : 'inner'
    const packed = cipher.open({ index, position }, sealed)
    const block = packed === undefined ? undefined : unpackBlock(packed)
    if (block === undefined) throw altered(name, objects.where, `block ${index} is not what was archived`)
    return block
  }

  return {
    async entries(places) {
      const wanted = [...new Map(places.map((place) => [`${place.segment} ${place.block}`, place])).values()]
      const read = new Map<string, ReadonlyMap<number, Uint8Array>>()
      for (let from = 0; from < wanted.length; from += BLOCKS_AT_ONCE) {
        const some = wanted.slice(from, from + BLOCKS_AT_ONCE)
        for (const [i, { entries }] of (await Promise.all(some.map(blockOf))).entries()) {
          const place = some[i]
          const bySeq = new Map(entries.map(({ seq, entry }) => [seq, entry]))
          if (place !== undefined) read.set(`${place.segment} ${place.block}`, bySeq)
        }
      }
      return places.map(({ segment, block, seq }) => {
        const entry = read.get(`${segment} ${block}`)?.get(seq)
        if (entry !== undefined) return entry
        throw altered(segmentKeys(segment).object, objects.where, `block ${block} has no entry ${seq}`)
      })
    },
    async *chunks(place, blob_id) {
      const { manifest } = await segmentOf(place.segment)
      const found = (await blockOf(place)).payloads.find((payload) => payload.blob_id === blob_id)
      const { object: name } = segmentKeys(place.segment)
      if (found === undefined)
        throw altered(name, objects.where, `it holds no payload ${blob_id} of entry ${place.seq}`)
      const begin = manifest.payloads.offset + found.offset
      for (let at = begin; at < begin + found.length; at += PAYLOAD_BYTES_AT_ONCE) {
        const to = Math.min(at + PAYLOAD_BYTES_AT_ONCE, begin + found.length)
        const bytes = await objects.get(name, { from: at, to })
        if (bytes === undefined) throw gone(name, objects.where)
        if (bytes.length !== to - at) throw altered(name, objects.where, 'it is cut')
        for (let from = 0; from < bytes.length; from += SEALED_CHUNK_BYTES) {
          yield bytes.subarray(from, from + SEALED_CHUNK_BYTES)
        }
      }
    },
  }
}

function gone(key: string, where: string): LedgerError {
  return new LedgerError('archive-unavailable', {
    problem: `${key} is not in ${where}`,
    cure: 'name the place where the ledger was archived to: affidavit archive use; or bring the object back from a copy',
  })
}

function altered(key: string, where: string, why: string): LedgerError {
  return new LedgerError('archive-altered', {
    problem: `${key} in ${where}: ${why}`,
    cure: 'run affidavit archive verify: it says what was changed',
  })
}
