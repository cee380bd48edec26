import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyText } from '../../test/any-text.ts'
import { concatBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import { EMPTY_ROOT, entryOf, foldRoots, leafHash, leafHexOf, leafHexOfText, nodeHash } from './hash.ts'

const sha256Hex = (...parts: Uint8Array[]): string =>
  createHash('sha256')
    .update(concatBytes(...parts))
    .digest('hex')

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('the tree without entries has the hash of nothing', () => {
  assert.equal(toHex(EMPTY_ROOT), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('the empty entry has the leaf hash of the standard', () => {
  assert.equal(toHex(leafHash(new Uint8Array(0))), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
})

test('a leaf is hashed behind byte 0, a node behind byte 1', () => {
  fc.assert(
    fc.property(bytes(300), hash, hash, (entry, left, right) => {
      assert.equal(toHex(leafHash(entry)), sha256Hex(Uint8Array.of(0), entry))
      assert.equal(toHex(nodeHash(left, right)), sha256Hex(Uint8Array.of(1), left, right))
    }),
  )
})

test('the longest entry of a bundle, and one longer than that, are hashed whole', () => {
  for (const length of [4095, 8192, 65_535, 1_000_000]) {
    const entry = new Uint8Array(length).fill(0xa5)
    assert.equal(toHex(leafHash(entry)), sha256Hex(Uint8Array.of(0), entry), `${length} bytes`)
  }
})

test('an entry that is a view into other bytes is hashed alone', () => {
  const around = Buffer.from('before entry after')
  assert.equal(toHex(leafHash(around.subarray(7, 12))), sha256Hex(Uint8Array.of(0), Buffer.from('entry')))
})

test('an entry that spells two hashes does not get the hash of the node over them', () => {
  const [left, right] = [leafHash(Buffer.from('l')), leafHash(Buffer.from('r'))]
  const node = toHex(nodeHash(left, right))
  assert.notEqual(toHex(leafHash(concatBytes(left, right))), node)
  assert.notEqual(toHex(leafHash(concatBytes(Uint8Array.of(1), left, right))), node)
})

test('an entry has the same hash as text and as bytes', () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      assert.equal(leafHexOfText(text), toHex(leafHash(Buffer.from(text))))
      assert.equal(leafHexOf(`\0${text}`), leafHexOfText(text))
      assert.equal(entryOf(`\0${text}`), text)
    }),
  )
})

test('a hash that was returned stays as it is when others are computed', () => {
  const [a, b] = [leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))]
  const over = nodeHash(a, b)
  const before = [a, b, over].map(toHex)
  nodeHash(over, a)
  leafHash(over)
  assert.deepEqual([a, b, over].map(toHex), before)
})

test('a node is not computed over what is no hash', () => {
  const good = leafHash(Buffer.from('a'))
  for (const bad of [new Uint8Array(0), good.subarray(1), concatBytes(good, Uint8Array.of(0))]) {
    assert.throws(() => nodeHash(bad, good), RangeError)
    assert.throws(() => nodeHash(good, bad), RangeError)
  }
})

test('adjacent roots are folded from the right', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => leafHash(Buffer.from(text)))
  assert.ok(a && b && c)
  assert.equal(toHex(foldRoots([a, b, c])), toHex(nodeHash(a, nodeHash(b, c))))
  assert.equal(foldRoots([a]), a)
  assert.equal(toHex(foldRoots([])), toHex(EMPTY_ROOT))
})
