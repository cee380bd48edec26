// A segment that entries are put into, in the order of seq, until it is full: blocks are packed as they fill up, so that what waits in memory
// is compressed.

import type { Hash } from '../crypto/sha256.ts'
import type { ContentReference } from '../formats/fields.ts'
import { type BlockEntry, encodeBlock, MAX_BLOCK_BYTES, type PayloadPlace } from '../formats/segment-block.ts'
import { packBlock } from '../formats/segment-seal.ts'
import { runsOf } from '../formats/seq-runs.ts'
import type { SeqRun } from '../merkle/partial.ts'

/** A segment has at most so many bytes of entries, and so many of payloads before it takes the last one. */
const MAX_ENTRIES_BYTES = 33_554_432
const MAX_PAYLOAD_BYTES = 67_108_864
/** Its positions stand in a record: entries that others stand between fill it early. */
const MAX_RUNS_LENGTH = 24_000

export interface PackedBlock {
  readonly packed: Uint8Array
  readonly first_seq: number
  readonly count: number
}

export interface Gathered {
  readonly blocks: readonly PackedBlock[]
  readonly leaves: readonly Hash[]
  readonly runs: readonly SeqRun[]
  readonly payloads: readonly Uint8Array[]
  readonly payloads_missing: number
  /** The latest `recorded_at`. */
  readonly newest: string
}

export interface SegmentBuilder {
  /** @param read a payload as it is stored; `undefined` where it is not what the entry describes */
  add(
    entry: BlockEntry & { readonly leaf: Hash },
    about: { readonly recorded_at: string; readonly content?: readonly ContentReference[] },
    read: (reference: ContentReference) => Promise<Uint8Array | undefined>,
  ): Promise<void>
  isFull(): boolean
  finish(): Gathered
}

export function createSegmentBuilder(): SegmentBuilder {
  const blocks: PackedBlock[] = []
  const leaves: Hash[] = []
  const seqs: number[] = []
  const payloads: Uint8Array[] = []
  /** Of the whole segment: an equal body lies in it once. `undefined`: missing. */
  const places = new Map<string, PayloadPlace | undefined>()
  let [entriesBytes, payloadBytes, runsLength] = [0, 0, 0]
  let newest = ''
  let waiting: BlockEntry[] = []
  let named = new Map<string, PayloadPlace>()
  let waitingBytes = 0

  function pack(): void {
    const [first] = waiting
    if (first === undefined) return
    const plain = encodeBlock({ entries: waiting, payloads: [...named.values()] })
    blocks.push({ packed: packBlock(plain), first_seq: first.seq, count: waiting.length })
    waiting = []
    named = new Map()
    waitingBytes = 0
  }

  return {
    async add({ leaf, ...one }, { recorded_at, content = [] }, read) {
      if (waitingBytes + one.entry.length > MAX_BLOCK_BYTES) pack()
      for (const reference of content) {
        const { blob_id } = reference
        if (!places.has(blob_id)) {
          const bytes = await read(reference)
          places.set(blob_id, bytes === undefined ? undefined : { blob_id, offset: payloadBytes, length: bytes.length })
          if (bytes !== undefined) {
            payloads.push(bytes)
            payloadBytes += bytes.length
          }
        }
        const place = places.get(blob_id)
        if (place !== undefined) named.set(blob_id, place)
      }
      const before = seqs.at(-1)
      // As long as its text in the worst case.
      if (before !== one.seq - 1) runsLength += 2 * String(one.seq).length + 2
      seqs.push(one.seq)
      leaves.push(leaf)
      waiting.push(one)
      waitingBytes += one.entry.length
      entriesBytes += one.entry.length
      newest = recorded_at
    },
    isFull: () =>
      entriesBytes >= MAX_ENTRIES_BYTES || payloadBytes >= MAX_PAYLOAD_BYTES || runsLength >= MAX_RUNS_LENGTH,
    finish() {
      pack()
      const missing = [...places.values()].filter((place) => place === undefined).length
      return { blocks, leaves, runs: runsOf(seqs), payloads, payloads_missing: missing, newest }
    },
  }
}
