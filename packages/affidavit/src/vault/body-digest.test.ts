import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { naiveBodyDigest } from '../../test/oracle/naive-vault.ts'
import { bodyOf, type ContentKeyVector, contentKeyVectors, keyFromHex, patternBytes } from '../../test/vault-vectors.ts'
import { createBodyDigest } from './body-digest.ts'
import type { ScopeKeys } from './content-key.ts'

const id = (n: number): string => n.toString(16).padStart(32, '0')
const key = (n: number): Buffer => Buffer.alloc(32, n)
const PLACE = { ledger: 'clinic.example/a/0123456789abcdef', conversation: 'conversation-7' }
const BODY = Buffer.from('Guten Tag')

function scopeKeysOf(...scopes: readonly (readonly [id: string, key: Buffer])[]): ScopeKeys {
  return new Map(scopes.map(([id, key]) => [id, createSecretKey(key)]))
}

function digestOf(scopeKeys: ScopeKeys, place: typeof PLACE, ...pieces: readonly Uint8Array[]): string {
  const digest = createBodyDigest(scopeKeys, place)
  for (const piece of pieces) digest.update(piece)
  return digest.hex()
}

for (const vector of contentKeyVectors) {
  test(`the body has the golden digest: ${vector.name}`, () => {
    const keys = Object.entries(vector.scopeKeys).map(([id, hex]) => [id, keyFromHex(hex)] as const)
    // The order in which scopes are given leaves no trace.
    assert.equal(digestOf(new Map(keys.toReversed()), vector, bodyOf(vector)), vector.body_digest)
  })
}

function golden(name: string): ContentKeyVector {
  const vector = contentKeyVectors.find((vector) => vector.name === name)
  assert.ok(vector !== undefined)
  return vector
}

test('golden payloads of one body share a digest in the same conversation and scopes, and no content key', () => {
  const [one, same] = [golden('two scopes'), golden('the same body in the same conversation and scopes')]
  assert.equal(same.body_digest, one.body_digest)
  assert.notEqual(same.key_id, one.key_id)
  assert.equal(new Set(contentKeyVectors.map(({ body_digest }) => body_digest)).size, contentKeyVectors.length - 1)
})

const cuts = fc.array(fc.nat({ max: 3_000 }), { maxLength: 6 })
const numbers = fc.uniqueArray(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 12 })

test('equal bodies have one digest, which a naive reader of the page finds too, however they are cut', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3_000 }), cuts, numbers, fc.nat({ max: 255 }), (length, cuts, numbers, secret) => {
      const body = patternBytes(length)
      const ends = [...cuts.map((cut) => Math.min(cut, length)).sort((a, b) => a - b), length]
      const scopes = numbers.map((n, i) => [id(n), key((secret + i) % 256)] as const)
      const ascending = scopes.toSorted(([a], [b]) => (a < b ? -1 : 1))
      const got = digestOf(scopeKeysOf(...scopes), PLACE, ...ends.map((end, i) => body.subarray(ends[i - 1] ?? 0, end)))
      assert.equal(got, naiveBodyDigest(PLACE, ascending, body))
      assert.equal(got, digestOf(scopeKeysOf(...scopes), PLACE, body))
    }),
  )
})

test('bodies that differ have other digests', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, other) => {
      const scopeKeys = scopeKeysOf([id(1), key(1)])
      const equal = Buffer.from(one).equals(other)
      assert.equal(digestOf(scopeKeys, PLACE, one) === digestOf(scopeKeys, PLACE, other), equal)
    }),
  )
})

const SCOPES = scopeKeysOf([id(1), key(1)], [id(2), key(2)])
const OTHERS: readonly (readonly [name: string, scopeKeys: ScopeKeys, place: typeof PLACE])[] = [
  ['another conversation', SCOPES, { ...PLACE, conversation: 'conversation-8' }],
  ['no conversation', SCOPES, { ...PLACE, conversation: '' }],
  ['another ledger', SCOPES, { ...PLACE, ledger: 'clinic.example/a/0123456789abcdee' }],
  ['ledger and conversation exchanged', SCOPES, { ledger: PLACE.conversation, conversation: PLACE.ledger }],
  ['the first scope alone', scopeKeysOf([id(1), key(1)]), PLACE],
  ['the last scope alone', scopeKeysOf([id(2), key(2)]), PLACE],
  ['one scope more', scopeKeysOf([id(1), key(1)], [id(2), key(2)], [id(3), key(3)]), PLACE],
  ['another scope key', scopeKeysOf([id(1), key(1)], [id(2), key(3)]), PLACE],
  ['the keys of two scopes exchanged', scopeKeysOf([id(1), key(2)], [id(2), key(1)]), PLACE],
]

test('another conversation, ledger or scope gives an equal body another digest', () => {
  const digests = OTHERS.map(([, scopeKeys, place]) => digestOf(scopeKeys, place, BODY))
  const first = digestOf(SCOPES, PLACE, BODY)
  assert.deepEqual(
    OTHERS.flatMap(([name], i) => (digests[i] === first ? [name] : [])),
    [],
  )
  assert.equal(new Set(digests).size, OTHERS.length)
})

const REFUSED: readonly (readonly [name: string, scopeKeys: ScopeKeys, place: typeof PLACE])[] = [
  ['no scope', new Map(), PLACE],
  ['a scope that is a name', scopeKeysOf(['scope-7', key(1)]), PLACE],
  ['a scope in capitals', scopeKeysOf(['A'.repeat(32), key(1)]), PLACE],
  ['a scope key of 16 bytes', scopeKeysOf([id(1), Buffer.alloc(16)]), PLACE],
  ['a ledger with a line break', SCOPES, { ...PLACE, ledger: 'a\nb' }],
  ['a conversation with a line break', SCOPES, { ...PLACE, conversation: 'a\nb' }],
]

for (const [name, scopeKeys, place] of REFUSED) {
  test(`no body digest under: ${name}`, () => assert.throws(() => createBodyDigest(scopeKeys, place), RangeError))
}
