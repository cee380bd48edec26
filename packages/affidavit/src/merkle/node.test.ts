import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { locateNode, type NodeId, nodesCompletedBy, perfectSubtrees } from './node.ts'

const MAX = Number.MAX_SAFE_INTEGER
const noCounts = [Number.NaN, -1, 0.5, MAX + 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

const entryNumber = fc.oneof(
  fc.nat(1000),
  fc.maxSafeNat().filter((seq) => seq < MAX),
)

test('an entry completes its leaf and a subtree for each trailing one bit of its number', () => {
  assert.deepEqual(nodesCompletedBy(0), [{ level: 0, index: 0 }])
  assert.deepEqual(nodesCompletedBy(6), [{ level: 0, index: 6 }])
  assert.deepEqual(nodesCompletedBy(7), [
    { level: 0, index: 7 },
    { level: 1, index: 3 },
    { level: 2, index: 1 },
    { level: 3, index: 0 },
  ])
})

test('numbers beyond 32 bits are divided, not shifted', () => {
  assert.deepEqual(nodesCompletedBy(2 ** 33 + 1), [
    { level: 0, index: 2 ** 33 + 1 },
    { level: 1, index: 2 ** 32 },
  ])
  assert.deepEqual(locateNode({ level: 33, index: 1 }), { seq: 2 ** 34 - 1, offset: 1056 })
  assert.equal(nodesCompletedBy(2 ** 52 - 1).length, 53)
})

test('a node is found where the entry that completes it is stored', () => {
  fc.assert(
    fc.property(entryNumber, (seq) => {
      const located = nodesCompletedBy(seq).map(locateNode)
      assert.deepEqual(
        located,
        located.map((_, level) => ({ seq, offset: 32 * level })),
      )
    }),
  )
})

test('every perfect subtree of a tree is stored once', () => {
  for (let size = 0; size <= 130; size += 1) {
    const stored = Array.from({ length: size }, (_, seq) => nodesCompletedBy(seq)).flat()
    const expected: NodeId[] = []
    for (let level = 0; 2 ** level <= size; level += 1) {
      for (let index = 0; (index + 1) * 2 ** level <= size; index += 1) expected.push({ level, index })
    }
    assert.deepEqual(new Set(stored.map(nameOf)), new Set(expected.map(nameOf)))
    assert.equal(stored.length, expected.length)
  }
})

test('a range is made of the perfect subtrees that touch each other from its begin to its end', () => {
  const range = fc.tuple(fc.nat(52), fc.maxSafeNat(), fc.maxSafeNat()).map(([bits, from, count]) => {
    const width = 2 ** bits
    const begin = Math.floor((from % (MAX - width + 1)) / width) * width
    return { begin, end: begin + 1 + (count % width) }
  })
  fc.assert(
    fc.property(range, ({ begin, end }) => {
      let at = begin
      let below = 54
      for (const { level, index } of perfectSubtrees(begin, end)) {
        assert.equal(index * 2 ** level, at)
        assert.ok(level < below, 'each subtree is smaller than the one before')
        at += 2 ** level
        below = level
      }
      assert.equal(at, end)
    }),
  )
  assert.deepEqual(perfectSubtrees(12, 12), [])
})

test('a power of two of entries is one perfect subtree, at every level', () => {
  for (let level = 0; level <= 52; level += 1) {
    assert.deepEqual(perfectSubtrees(0, 2 ** level), [{ level, index: 0 }])
    assert.deepEqual(locateNode({ level, index: 0 }), { seq: 2 ** level - 1, offset: 32 * level })
  }
})

test('what is no entry number completes nothing', () => {
  for (const seq of noCounts) assert.throws(() => nodesCompletedBy(seq), RangeError)
})

test('a node that no tree has is not located', () => {
  for (const bad of noCounts) {
    assert.throws(() => locateNode({ level: 0, index: bad }), RangeError)
    assert.throws(() => locateNode({ level: bad, index: 0 }), RangeError)
  }
  assert.throws(() => locateNode({ level: 54, index: 0 }), RangeError)
  assert.throws(() => locateNode({ level: 1, index: 2 ** 52 }), RangeError)
  assert.throws(() => locateNode({ level: 10_000, index: 0 }), RangeError)
})

function nameOf({ level, index }: NodeId): string {
  return `${level}/${index}`
}
