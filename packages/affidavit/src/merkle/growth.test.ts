import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { naiveTree, numberedEntries, readNaive, sparseTree } from '../../test/oracle/naive-tree.ts'
import { concatBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import {
  createGrowth,
  emptyFrontier,
  type Frontier,
  joinFrontiers,
  joinRoot,
  planFrontier,
  rootOfFrontier,
} from './growth.ts'
import { EMPTY_ROOT, leafHash } from './hash.ts'
import { nodesCompletedBy } from './node.ts'

const MAX = Number.MAX_SAFE_INTEGER
const entries = numberedEntries(300)
const tree = naiveTree(entries)
const nodeOf = readNaive(tree)

test('a growing tree has at every size the root and the frontier of the definition', () => {
  const growth = createGrowth(emptyFrontier)
  for (let size = 0; size <= 300; size += 1) {
    const naive = { size, nodes: planFrontier(size).map(nodeOf) }
    assert.equal(growth.size, size)
    assert.equal(toHex(growth.root()), toHex(tree.root(0, size)))
    assert.deepEqual(inHex(growth.frontier()), inHex(naive))
    assert.equal(toHex(rootOfFrontier(naive)), toHex(tree.root(0, size)))
    const next = entries[size]
    if (next) growth.append(leafHash(next))
  }
})

test('each append returns the nodes that the entry completes, leaf first', () => {
  const growth = createGrowth(emptyFrontier)
  for (const [seq, entry] of entries.entries()) {
    const stored = growth.append(leafHash(entry))
    assert.equal(toHex(stored), toHex(concatBytes(...nodesCompletedBy(seq).map(nodeOf))))
  }
})

test('a tree that is resumed from its frontier grows as if it had never stopped', () => {
  for (let stop = 0; stop <= 70; stop += 1) {
    const before = grown(0, stop)
    const growth = createGrowth(before)
    for (const entry of entries.slice(stop, stop + 9)) growth.append(leafHash(entry))
    assert.equal(toHex(growth.root()), toHex(tree.root(0, stop + 9)))
    assert.deepEqual(inHex(before), inHex(grown(0, stop)), 'the frontier that it started from stays as it was')
  }
})

test('a frontier that was handed out does not change when the tree grows on', () => {
  const growth = createGrowth(grown(0, 7))
  const frontier = growth.frontier()
  growth.append(leafHash(Buffer.from('entry 7')))
  assert.deepEqual(inHex(frontier), inHex(grown(0, 7)))
})

test('the empty frontier has the empty root', () => {
  assert.equal(toHex(rootOfFrontier(emptyFrontier)), toHex(EMPTY_ROOT))
})

test('a tree grows to 2^53 - 1 entries and no further', () => {
  const filler = Buffer.from('filler')
  const huge = sparseTree(MAX, filler, new Map([[MAX - 1, Buffer.from('last')]]))
  const growth = createGrowth({ size: MAX - 1, nodes: planFrontier(MAX - 1).map(readNaive(huge)) })
  assert.equal(growth.append(leafHash(Buffer.from('last'))).length, 32)
  assert.equal(growth.size, MAX)
  assert.equal(toHex(growth.root()), toHex(huge.root()))
  assert.throws(() => growth.append(leafHash(filler)), RangeError)
  assert.equal(toHex(growth.root()), toHex(huge.root()))
})

test('what is no leaf hash is not appended', () => {
  const growth = createGrowth(grown(0, 3))
  for (const length of [0, 31, 33]) assert.throws(() => growth.append(new Uint8Array(length)), RangeError)
  assert.deepEqual(inHex(growth.frontier()), inHex(grown(0, 3)))
})

test('a frontier whose nodes do not fit its size is refused', () => {
  const { nodes } = grown(0, 7)
  const lies: Frontier[] = [
    { size: 7, nodes: nodes.slice(1) },
    { size: 8, nodes },
    { size: 0, nodes },
    { size: 7, nodes: nodes.map((hash) => hash.subarray(1)) },
    ...[Number.NaN, -1, 1.5, MAX + 1].map((size) => ({ size, nodes: [] })),
  ]
  for (const lie of lies) {
    assert.throws(() => createGrowth(lie), RangeError)
    assert.throws(() => rootOfFrontier(lie), RangeError)
    assert.throws(() => joinFrontiers(lie, grown(0, 1)), RangeError)
    assert.throws(() => joinFrontiers(grown(0, 8), lie), RangeError)
    assert.throws(() => joinRoot(lie, { size: 1, root: EMPTY_ROOT }), RangeError)
  }
})

test('chunks that are hashed apart join to the tree that was hashed in one piece', () => {
  const cut = fc.record({
    width: fc.integer({ min: 0, max: 6 }).map((bits) => 2 ** bits),
    size: fc.integer({ min: 1, max: 300 }),
  })
  fc.assert(
    fc.property(cut, ({ width, size }) => {
      let whole = emptyFrontier
      for (let begin = 0; begin < size; begin += width) {
        const end = Math.min(begin + width, size)
        const head = { size: end - begin, root: tree.root(begin, end) }
        assert.equal(toHex(joinRoot(whole, head)), toHex(tree.root(0, end)))
        whole = joinFrontiers(whole, grown(begin, end))
      }
      assert.deepEqual(inHex(whole), inHex(grown(0, size)))
    }),
  )
})

test('every chunk that is aligned joins, every other is refused', () => {
  for (let begin = 0; begin <= 40; begin += 1) {
    for (let end = begin + 1; end <= 80; end += 1) {
      const head = { size: end - begin, root: tree.root(begin, end) }
      if (isAligned(begin, end - begin)) {
        assert.equal(toHex(joinRoot(grown(0, begin), head)), toHex(tree.root(0, end)))
        assert.deepEqual(inHex(joinFrontiers(grown(0, begin), grown(begin, end))), inHex(grown(0, end)))
      } else {
        assert.throws(() => joinRoot(grown(0, begin), head), RangeError)
        assert.throws(() => joinFrontiers(grown(0, begin), grown(begin, end)), RangeError)
      }
    }
  }
})

test('a chunk without entries, or beyond 2^53 - 1, is refused', () => {
  const root = leafHash(Buffer.from('x'))
  for (const size of [0, -1, 0.5, Number.NaN, MAX]) {
    assert.throws(() => joinRoot(grown(0, 4), { size, root }), RangeError)
  }
  assert.throws(() => joinFrontiers(grown(0, 4), emptyFrontier), RangeError)
  for (const prefix of [emptyFrontier, grown(0, 4)]) {
    assert.throws(() => joinRoot(prefix, { size: 4, root: root.subarray(1) }), RangeError)
  }
})

/** The frontier of the entries from `begin` to `end`, as a tree of their own. */
function grown(begin: number, end: number): Frontier {
  const growth = createGrowth(emptyFrontier)
  for (const entry of entries.slice(begin, end)) growth.append(leafHash(entry))
  return growth.frontier()
}

function isAligned(begin: number, count: number): boolean {
  const powers = Array.from({ length: 53 }, (_, bits) => 2 ** bits)
  return powers.some((power) => power >= count && begin % power === 0)
}

function inHex({ size, nodes }: Frontier): unknown {
  return { size, nodes: nodes.map(toHex) }
}
