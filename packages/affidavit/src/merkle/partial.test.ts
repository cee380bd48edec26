import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Hash, sha256 } from '../crypto/sha256.ts'
import { foldRoots, leafHash, nodeHash } from './hash.ts'
import type { NodeId } from './node.ts'
import { planRest, rootWithRest, type SeqRun } from './partial.ts'

const SIZES = [1, 2, 3, 5, 8, 13, 21]

test('with any of its entries at hand and the rest as hashes, a tree has the root of a naive reader', () => {
  for (const size of SIZES) {
    const leaves = leavesOf(size)
    const picks = size <= 8 ? 2 ** size : 300
    for (let i = 1; i < picks; i++) {
      const mask = size <= 8 ? i : (i * 2_654_435_761) % 2 ** size
      if (mask === 0) continue
      const chosen = leaves.flatMap((_, seq) => (Math.floor(mask / 2 ** seq) % 2 === 1 ? [seq] : []))
      const runs = runsOf(chosen)
      const rest = planRest(runs, size).map((nodes) => foldRoots(nodes.map((id) => perfectRoot(leaves, id))))
      const root = rootWithRest(
        runs,
        size,
        chosen.map((seq) => leaves[seq] ?? assert.fail()),
        rest,
      )
      assert.deepEqual(root, naiveRoot(leaves), `entries ${chosen} of ${size}`)
    }
  }
})

test('another entry, another hash of the rest, and one too few or too many lead to no such root', () => {
  const leaves = leavesOf(13)
  const runs = [
    { first: 2, last: 4 },
    { first: 9, last: 9 },
  ]
  const own = [2, 3, 4, 9].map((seq) => leaves[seq] ?? assert.fail())
  const rest = planRest(runs, 13).map((nodes) => foldRoots(nodes.map((id) => perfectRoot(leaves, id))))
  const root = naiveRoot(leaves)
  assert.deepEqual(rootWithRest(runs, 13, own, rest), root)
  for (let i = 0; i < own.length; i++) {
    assert.notDeepEqual(rootWithRest(runs, 13, own.with(i, leafHash(new Uint8Array(7))), rest), root)
  }
  for (let i = 0; i < rest.length; i++) {
    assert.notDeepEqual(rootWithRest(runs, 13, own, rest.with(i, leafHash(new Uint8Array(7)))), root)
  }
  assert.equal(rootWithRest(runs, 13, own.slice(1), rest), undefined)
  assert.equal(rootWithRest(runs, 13, [...own, ...own], rest), undefined)
  assert.equal(rootWithRest(runs, 13, own, rest.slice(1)), undefined)
  assert.equal(rootWithRest(runs, 13, own, [...rest, ...rest]), undefined)
})

test('runs that do not ascend, or go beyond the tree, are refused', () => {
  for (const runs of [
    [],
    [{ first: 3, last: 2 }],
    [{ first: 0, last: 8 }],
    [
      { first: 4, last: 5 },
      { first: 5, last: 6 },
    ],
  ]) {
    assert.throws(() => planRest(runs, 8), RangeError)
  }
})

function leavesOf(size: number): Hash[] {
  return Array.from({ length: size }, (_, i) => sha256(`leaf ${i}`))
}

function runsOf(seqs: readonly number[]): SeqRun[] {
  return seqs.map((seq) => ({ first: seq, last: seq }))
}

// RFC 6962 §2.1, word for word.
function naiveRoot(leaves: readonly Hash[]): Hash {
  const [only] = leaves
  if (only === undefined) return assert.fail()
  if (leaves.length === 1) return only
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)))
}

function perfectRoot(leaves: readonly Hash[], { level, index }: NodeId): Hash {
  return naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))
}
