import assert from 'node:assert/strict'
import { test } from 'node:test'

import { blockRanges, type NumberedBlock } from './block-ranges.ts'

/** A segment of blocks of so many bytes, one behind the other, of which some are wanted. */
function wantedOf(length: number, wanted: readonly number[]): NumberedBlock[] {
  return wanted.map((index) => ({ index, offset: 21 + index * length, length, first_seq: 10 * index, count: 10 }))
}

function rangesOf(length: number, wanted: readonly number[]): unknown {
  return blockRanges(wantedOf(length, wanted)).map(({ blocks }) => blocks.map(({ index }) => index))
}

test('blocks that lie near each other come by one range, from the first byte to the last', () => {
  assert.deepEqual(blockRanges([]), [])
  const [range, ...others] = blockRanges(wantedOf(6_000, [3, 4, 9]))
  assert.deepEqual(others, [])
  assert.deepEqual([range?.from, range?.to], [21 + 3 * 6_000, 21 + 10 * 6_000])
  assert.deepEqual(range?.blocks, wantedOf(6_000, [3, 4, 9]))
})

test('blocks that lie far from each other come by a range each', () => {
  assert.deepEqual(rangesOf(6_000, [0, 100, 101, 300]), [[0], [100, 101], [300]])
})

test('no range has more than half a megabyte, but for one block that is larger', () => {
  assert.deepEqual(rangesOf(250_000, [0, 1, 2, 3, 4]), [[0, 1], [2, 3], [4]])
  assert.deepEqual(rangesOf(600_000, [0, 1]), [[0], [1]])
})
