import assert from 'node:assert/strict'
import { test } from 'node:test'

import { rootOf } from '../../test/signing.ts'
import { type ComputedTree, compareHead, firstContradiction, type NamedHead } from './heads.ts'

const entries = Array.from({ length: 9 }, (_, i) => Buffer.from(`entry ${i}`))
const roots = new Map(entries.map((_, i) => [i + 1, rootOf(entries.slice(0, i + 1))]))
const whole: ComputedTree = { size: 9, roots, holedFrom: undefined }
const holed: ComputedTree = { size: 9, roots: new Map([...roots].filter(([size]) => size <= 4)), holedFrom: 4 }

function head(size: number, root: Uint8Array | undefined = roots.get(size)): NamedHead {
  return { what: `size ${size}`, size, root: root ?? new Uint8Array(32) }
}

test('a head of every size of the tree agrees, and so does the empty one', () => {
  for (let size = 0; size <= 9; size++) assert.equal(compareHead(head(size), whole, 0, 'root-mismatch'), undefined)
})

test('a larger head says how many entries are gone, from where on', () => {
  const gone = (size: number): string | undefined => compareHead(head(size), whole, 3, 'root-mismatch')?.problem
  assert.match(gone(10) ?? '', /the last 1 is gone$/)
  assert.match(gone(12) ?? '', /the last 3 are gone$/)
  const found = compareHead(head(12), whole, 3, 'anchor-mismatch')
  assert.deepEqual([found?.code, found?.seq, found?.what], ['tail-cut', 9, 'size 12'])
})

test('another root: the log differs behind the last head that agreed', () => {
  const found = compareHead(head(7, roots.get(6)), whole, 5, 'anchor-mismatch')
  assert.deepEqual([found?.code, found?.seq], ['anchor-mismatch', 5])
  assert.match(found?.problem ?? '', /differs between seq 5 and 6$/)
})

test('a root that cannot be computed: the place is where entries are missing, else the last head that agreed', () => {
  assert.equal(compareHead(head(7), holed, 2, 'root-mismatch')?.seq, 4)
  assert.equal(compareHead(head(7), { ...holed, holedFrom: undefined }, 2, 'root-mismatch')?.seq, 2)
  const behind = compareHead(head(3, roots.get(2)), holed, 1, 'root-mismatch')
  assert.equal(behind?.seq, 1, 'what could be computed differs before the hole')
})

test('heads in any order are compared upward, and the first that contradicts is the only one named', () => {
  const { agreed, found } = firstContradiction(
    [head(8, roots.get(1)), head(5), head(6, roots.get(1)), head(2)],
    whole,
    'root-mismatch',
  )
  assert.deepEqual(
    agreed.map(({ size }) => size),
    [2, 5],
  )
  assert.deepEqual([found?.what, found?.seq], ['size 6', 5])
})

test('two heads of one size and two roots: one of them is another history, from the smaller head on', () => {
  const { agreed, found } = firstContradiction([head(2), head(6), head(6, roots.get(1))], whole, 'anchor-mismatch')
  assert.equal(agreed.length, 2)
  assert.deepEqual([found?.what, found?.seq], ['size 6', 2])
})
