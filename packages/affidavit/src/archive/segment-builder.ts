// A segment that entries are put into, in the order of seq, until it is full: blocks are packed as they fill up, so that what waits in memory
// is compressed.

import type { Hash } from '../crypto/sha256.ts'
import { type ContentReference, MAX_ENTRY_BYTES } from '../formats/fields.ts'
import { type BlockEntry, encodeBlock, type PayloadPlace } from '../formats/segment-block.ts'
import { packBlock } from '../formats/segment-seal.ts'
import { runsOf } from '../formats/seq-runs.ts'
import type { SeqRun } from '../merkle/partial.ts'

/** A segment has at most so many bytes of entries, and so many of payloads before it takes the last one. */
export const MAX_ENTRIES_BYTES = 33_554_432
/** Bytes of entries in a block, but for a single one that is larger: who asks for one entry opens a block, and larger ones compress better. */
const BLOCK_BYTES = 32_768
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
  /** Whether it was not told of this payload yet. */
  lacks(blob_id: string): boolean
  /** A payload as it is stored; `undefined` where it is not what the entry describes. */
  keep(blob_id: string, payload: Uint8Array | undefined): void
  /** Once it has what the entry names. */
  add(
    entry: BlockEntry & { readonly leaf: Hash },
    about: { readonly recorded_at: string; readonly content?: readonly ContentReference[] },
  ): void
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
  /** The bytes of those: of one block at a time. */
  const waitingIn = new Uint8Array(Math.max(BLOCK_BYTES, MAX_ENTRY_BYTES))
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
    lacks: (blob_id) => !places.has(blob_id),
    keep(blob_id, payload) {
      places.set(blob_id, payload === undefined ? undefined : { blob_id, offset: payloadBytes, length: payload.length })
      if (payload === undefined) return
      payloads.push(payload)
      payloadBytes += payload.length
    },
    add({ seq, entry, leaf }, { recorded_at, content = [] }) {
      if (waitingBytes + entry.length > BLOCK_BYTES) pack()
      for (const { blob_id } of content) {
        const place = places.get(blob_id)
        if (place !== undefined) named.set(blob_id, place)
      }
      const before = seqs.at(-1)
      // As long as its text in the worst case.
      if (before !== seq - 1) runsLength += 2 * String(seq).length + 2
      seqs.push(seq)
      leaves.push(leaf)
      // A copy: what is read lies in one buffer with the whole page, and a class or month may be rare.
      const copy = waitingIn.subarray(waitingBytes, waitingBytes + entry.length)
      copy.set(entry)
      waiting.push({ seq, entry: copy })
      waitingBytes += entry.length
      entriesBytes += entry.length
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
