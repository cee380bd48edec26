import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { naiveHead } from '../../test/oracle/naive-vault.ts'
import { bytesFromHex, contentKeyLies, contentKeyVectors } from '../../test/vault-vectors.ts'
import {
  type ContentKey,
  contentKeyId,
  encodeContentKey,
  encodeContentKeyHead,
  parseContentKey,
} from './content-key.ts'

for (const { name, body_digest, contentKeyHex, scopeKeys, nonceHex, key_id } of contentKeyVectors) {
  test(`a content key is read and written: ${name}`, () => {
    const bytes = bytesFromHex(contentKeyHex)
    const contentKey = parseContentKey(bytes)
    assert.ok(!('code' in contentKey))
    assert.equal(contentKey.body_digest, body_digest)
    assert.deepEqual(contentKey.scope_ids, Object.keys(scopeKeys).sort())
    assert.deepEqual(contentKey.nonce, bytesFromHex(nonceHex))
    assert.deepEqual(encodeContentKey(contentKey), bytes)
    assert.equal(contentKeyId(bytes), key_id)
  })
}

for (const { name, contentKeyHex, lie } of contentKeyLies) {
  test(`refused as a content key: ${name}`, () => {
    const contentKey = parseContentKey(bytesFromHex(contentKeyHex))
    assert.equal('code' in contentKey ? contentKey.code : 'accepted', lie)
  })
}

test('the scope that is out of order is named', () => {
  const swapped = contentKeyLies.find(({ name }) => name === 'the scopes in another order')
  assert.deepEqual(parseContentKey(bytesFromHex(swapped?.contentKeyHex ?? '')), {
    code: 'content-key-scope-order',
    scope: 1,
  })
})

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const hexOf = (length: number): fc.Arbitrary<string> => bytes(length).map((id) => Buffer.from(id).toString('hex'))
const contentKey: fc.Arbitrary<ContentKey> = fc.record({
  body_digest: hexOf(32),
  scope_ids: fc.uniqueArray(hexOf(16), { minLength: 1, maxLength: 300 }).map((ids) => ids.sort()),
  nonce: bytes(12),
  wrapped: bytes(48),
})

test('a content key that is written is read back', () => {
  fc.assert(
    fc.property(contentKey, (key) => {
      assert.deepEqual(parseContentKey(encodeContentKey(key)), { ...key })
    }),
  )
})

test('what a payload key is bound to is all of its content key before the nonce', () => {
  fc.assert(
    fc.property(contentKey, (key) => {
      const head = encodeContentKeyHead(key)
      const scopes = key.scope_ids.map((id) => [id, key.wrapped] as const)
      assert.deepEqual(Buffer.from(head), naiveHead(key.body_digest, scopes))
      assert.deepEqual(Buffer.from(encodeContentKey(key)), Buffer.concat([head, key.nonce, key.wrapped]))
    }),
  )
})

test('hostile bytes are refused without a throw, or are the content key that they are written as', () => {
  const good = contentKeyVectors.map(({ contentKeyHex }) => bytesFromHex(contentKeyHex))
  fc.assert(
    fc.property(hostileBytes(good), (bytes) => {
      const key = parseContentKey(bytes)
      if (!('code' in key)) assert.deepEqual(Buffer.from(encodeContentKey(key)), Buffer.from(bytes))
    }),
    { numRuns: 500 },
  )
})

test('what no content key can carry is not written', () => {
  const id = (n: number): string => n.toString(16).padStart(32, '0')
  const body_digest = 'ab'.repeat(32)
  const key = { body_digest, scope_ids: [id(1), id(2)], nonce: new Uint8Array(12), wrapped: new Uint8Array(48) }
  const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => id(n))
  assert.equal(encodeContentKey({ ...key, scope_ids: ids(65_535) }).length, 35 + 65_535 * 16 + 60)
  for (const wrong of [
    { body_digest: 'ab'.repeat(31) },
    { body_digest: 'AB'.repeat(32) },
    { body_digest: '' },
    { scope_ids: [] },
    { scope_ids: ids(65_536) },
    { scope_ids: [id(2), id(1)] },
    { scope_ids: [id(1), id(1)] },
    { scope_ids: [id(1).slice(1)] },
    { scope_ids: [id(10).toUpperCase()] },
    { nonce: new Uint8Array(11) },
    { wrapped: new Uint8Array(32) },
  ]) {
    assert.throws(() => encodeContentKey({ ...key, ...wrong }), RangeError)
  }
})
