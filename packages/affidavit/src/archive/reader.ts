// Reading from the archive without a restore (spec/archive.md §5): blocks by their range in the object, each opened by itself. What does not
// open is not given out; that an entry is the one of its place, whoever asks finds by the leaf hash.

import { LedgerError } from '../errors/ledger-error.ts'
import { SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { idOf, type SegmentManifest, segmentKeys } from '../formats/segment.ts'
import type { Block } from '../formats/segment-block.ts'
import { type BlockCipher, createBlockCipher, unpackBlock } from '../formats/segment-seal.ts'
import { readSegmentNote } from '../formats/signed-segment.ts'
import type { Archival } from '../ledger/archival.ts'
import type { ArchiveReader } from '../ledger/archive-reader.ts'
import { fewAtOnce } from '../ledger/few-at-once.ts'
import { type BlockRange, blockRanges, type NumberedBlock } from './block-ranges.ts'
import { createBounded } from './bounded.ts'
import type { ObjectStore } from './object-store.ts'
import { knownSegmentKey } from './segment-key.ts'

export interface ReaderParts {
  readonly objects: Pick<ObjectStore, 'get' | 'where'>
  /** The origin. */
  readonly ledger: string
  readonly keyring: Pick<Archival['keyring'], 'knownScopeKeys'>
}

/** What stays at hand, at most: blocks have 32 KiB of entries, rarely more. */
const BLOCKS_AT_HAND = 512
const MANIFESTS_AT_HAND = 64
/** Ranges, and manifests, that are asked for at a time. */
const READS_AT_ONCE = 4
/** Bytes of a payload that are asked for at a time. */
const PAYLOAD_BYTES_AT_ONCE = 16 * SEALED_CHUNK_BYTES

interface OpenSegment {
  readonly manifest: SegmentManifest
  readonly cipher: BlockCipher
}

export function createArchiveReader({ objects, ledger, keyring }: ReaderParts): ArchiveReader {
  const segments = createBounded<string, Promise<OpenSegment>>(MANIFESTS_AT_HAND)
  const blocks = createBounded<string, Promise<Block>>(BLOCKS_AT_HAND)
  const few = fewAtOnce(READS_AT_ONCE)

  function segmentOf(id: string): Promise<OpenSegment> {
    return segments.get(id, () => openSegment(id))
  }

  async function openSegment(id: string): Promise<OpenSegment> {
    const { manifest: name } = segmentKeys(id)
    const bytes = await few(() => objects.get(name))
    if (bytes === undefined) throw gone(name, objects.where)
    const manifest = readSegmentNote(bytes)
    if (typeof manifest === 'string') throw altered(name, objects.where, manifest)
    if (manifest.ledger !== ledger || idOf(manifest) !== id)
      throw altered(name, objects.where, 'it is about another segment')
    const key = await knownSegmentKey({ keyring }, manifest)
    return { manifest, cipher: createBlockCipher(key, ledger, manifest.digest) }
  }

  /** Blocks of a segment by their numbers. What is not at hand is read together where it lies together. */
  async function blocksOf(segment: string, numbers: readonly number[]): Promise<ReadonlyMap<number, Block>> {
    const open = await segmentOf(segment)
    const wanted = [...new Set(numbers)].sort((a, b) => a - b).map((index) => numbered(open, index))
    const isAtHand = ({ index }: NumberedBlock): boolean => blocks.has(`${segment} ${index}`)
    const ranges = [
      ...wanted.filter(isAtHand).flatMap((block) => blockRanges([block])),
      ...blockRanges(wanted.filter((block) => !isAtHand(block))),
    ]
    const found = await Promise.all(ranges.map((range) => blocksIn(open, range)))
    return new Map(found.flat())
  }

  function numbered({ manifest }: OpenSegment, index: number): NumberedBlock {
    const block = manifest.blocks[index]
    if (block !== undefined) return { ...block, index }
    throw altered(segmentKeys(idOf(manifest)).object, objects.where, `it has no block ${index}`)
  }

  function blocksIn(
    open: OpenSegment,
    { from, to, blocks: within }: BlockRange,
  ): Promise<(readonly [number, Block])[]> {
    const segment = idOf(open.manifest)
    const { object: name } = segmentKeys(segment)
    let reading: Promise<Uint8Array | undefined> | undefined

    async function sealedBlock({ offset, length }: NumberedBlock): Promise<Uint8Array> {
      reading ??= few(() => objects.get(name, { from, to }))
      const bytes = await reading
      if (bytes === undefined) throw gone(name, objects.where)
      return bytes.subarray(offset - from, offset - from + length)
    }

    async function opened(block: NumberedBlock): Promise<Block> {
      const position = block.index === open.manifest.blocks.length - 1 ? 'last' : 'inner'
      const packed = open.cipher.open({ index: block.index, position }, await sealedBlock(block))
      const plain = packed === undefined ? undefined : unpackBlock(packed)
      if (plain !== undefined) return plain
      throw altered(name, objects.where, `block ${block.index} is not what was archived`)
    }

    return Promise.all(
      within.map(
        async (block) => [block.index, await blocks.get(`${segment} ${block.index}`, () => opened(block))] as const,
      ),
    )
  }

  return {
    async entries(places) {
      const bySegment = [...Map.groupBy(places, ({ segment }) => segment)]
      const opened = await Promise.all(
        bySegment.map(([segment, within]) =>
          blocksOf(
            segment,
            within.map(({ block }) => block),
          ),
        ),
      )
      const read = new Map(bySegment.map(([segment], i) => [segment, opened[i]]))
      return places.map(({ segment, block, seq }) => {
        const entry = entryAt(read.get(segment)?.get(block)?.entries ?? [], seq)
        if (entry !== undefined) return entry
        throw altered(segmentKeys(segment).object, objects.where, `block ${block} has no entry ${seq}`)
      })
    },
    async *chunks(place, blob_id) {
      const { manifest } = await segmentOf(place.segment)
      const block = (await blocksOf(place.segment, [place.block])).get(place.block)
      const found = block?.payloads.find((payload) => payload.blob_id === blob_id)
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

/** The entry with this seq, where they ascend. */
function entryAt(entries: Block['entries'], seq: number): Uint8Array | undefined {
  let [from, to] = [0, entries.length]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    const found = entries[middle]
    if (found?.seq === seq) return found.entry
    if (found === undefined || found.seq > seq) to = middle
    else from = middle + 1
  }
  return undefined
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
