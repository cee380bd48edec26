// Which blocks of a segment are read together: those that lie near each other come by one range of the object, with what lies between, as a
// request costs more than such bytes.

import type { SealedBlock } from '../formats/segment.ts'
import type { ByteRange } from './object-store.ts'

/** Bytes of one range at most: what came together is opened at one go, and nothing else happens meanwhile. */
const MAX_RANGE_BYTES = 524_288

/** Bytes between two blocks that are read along, at most. */
const MAX_GAP_BYTES = 131_072

/** A block, and its number in the segment. */
export interface NumberedBlock extends SealedBlock {
  readonly index: number
}

export interface BlockRange extends ByteRange {
  /** Ascending: the first begins with it, the last ends with it. */
  readonly blocks: readonly NumberedBlock[]
}

/** @param wanted ascending */
export function blockRanges(wanted: readonly NumberedBlock[]): BlockRange[] {
  const ranges: { from: number; to: number; blocks: NumberedBlock[] }[] = []
  for (const block of wanted) {
    const { offset: from, length } = block
    const before = ranges.at(-1)
    const isNear = before !== undefined && from - before.to <= MAX_GAP_BYTES
    if (isNear && from + length - before.from <= MAX_RANGE_BYTES) {
      before.blocks.push(block)
      before.to = from + length
    } else ranges.push({ from, to: from + length, blocks: [block] })
  }
  return ranges
}
