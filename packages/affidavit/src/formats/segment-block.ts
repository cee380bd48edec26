// A block of an archive segment before it is compressed and sealed (spec/archive.md §1): entries with their seqs, and where in the segment
// the sealed payloads lie that they name. Pure.

import { isHex } from '../bytes/hex.ts'
import { MAX_ENTRY_BYTES } from './fields.ts'

/** Bytes of entries in a block at most. */
export const MAX_BLOCK_BYTES = 262_144

export interface BlockEntry {
  readonly seq: number
  readonly entry: Uint8Array
}

/** Where the sealed chunks of a payload lie, one behind the other; `offset` counts from the first payload of the segment. */
export interface PayloadPlace {
  readonly blob_id: string
  readonly offset: number
  readonly length: number
}

export interface Block {
  /** At least one, ascending. */
  readonly entries: readonly BlockEntry[]
  /** Each once, in the order in which entries name them first. */
  readonly payloads: readonly PayloadPlace[]
}

const COUNT = 4
const ENTRY_HEAD = 8 + 4
const BLOB_ID = 32
const PAYLOAD = BLOB_ID + 8 + 8

/** The bytes of a block. @throws RangeError where decodeBlock would not give back the same block */
export function encodeBlock({ entries, payloads }: Block): Uint8Array {
  const size = entries.reduce(
    (sum, { entry }) => sum + ENTRY_HEAD + entry.length,
    2 * COUNT + PAYLOAD * payloads.length,
  )
  const bytes = Buffer.alloc(size)
  let at = bytes.writeUInt32BE(entries.length)
  for (const { seq, entry } of entries) {
    at = bytes.writeBigUInt64BE(BigInt(seq), at)
    at = bytes.writeUInt32BE(entry.length, at)
    bytes.set(entry, at)
    at += entry.length
  }
  at = bytes.writeUInt32BE(payloads.length, at)
  for (const { blob_id, offset, length } of payloads) {
    at += bytes.write(blob_id, at, 'latin1')
    at = bytes.writeBigUInt64BE(BigInt(offset), at)
    at = bytes.writeBigUInt64BE(BigInt(length), at)
  }
  if (decodeBlock(bytes) === undefined) throw new RangeError('this is no block of a segment')
  return bytes
}

/** Reads a block. Strict: encodeBlock gives the same bytes again. `undefined` for any other bytes. */
export function decodeBlock(bytes: Uint8Array): Block | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries = readEntries(view)
  if (entries === undefined) return undefined
  const payloads = readPayloads(view, entries.end)
  return payloads === undefined ? undefined : { entries: entries.entries, payloads }
}

function readEntries(view: Buffer): { readonly entries: BlockEntry[]; readonly end: number } | undefined {
  if (view.length < COUNT) return undefined
  const entries: BlockEntry[] = []
  let [at, sum, before] = [COUNT, 0, -1]
  for (let left = view.readUInt32BE(0); left > 0; left--) {
    if (at + ENTRY_HEAD > view.length) return undefined
    const seq = Number(view.readBigUInt64BE(at))
    const length = view.readUInt32BE(at + 8)
    at += ENTRY_HEAD
    if (!Number.isSafeInteger(seq) || seq <= before || length > MAX_ENTRY_BYTES || at + length > view.length)
      return undefined
    entries.push({ seq, entry: view.subarray(at, at + length) })
    at += length
    sum += length
    before = seq
  }
  return entries.length === 0 || sum > MAX_BLOCK_BYTES ? undefined : { entries, end: at }
}

function readPayloads(view: Buffer, from: number): PayloadPlace[] | undefined {
  if (from + COUNT > view.length) return undefined
  const count = view.readUInt32BE(from)
  if (from + COUNT + count * PAYLOAD !== view.length) return undefined
  const payloads = new Map<string, PayloadPlace>()
  for (let at = from + COUNT; at < view.length; at += PAYLOAD) {
    const blob_id = view.toString('latin1', at, at + BLOB_ID)
    const offset = Number(view.readBigUInt64BE(at + BLOB_ID))
    const length = Number(view.readBigUInt64BE(at + BLOB_ID + 8))
    if (!isHex(blob_id, BLOB_ID) || payloads.has(blob_id) || !Number.isSafeInteger(offset + length)) return undefined
    payloads.set(blob_id, { blob_id, offset, length })
  }
  return [...payloads.values()]
}
