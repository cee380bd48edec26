import assert from 'node:assert/strict'
import { createHash, createHmac, createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { hmacSha256Hex, sha256 } from './sha256.ts'

test('SHA-256 of nothing and of "abc" are those of FIPS 180-4', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  assert.equal(hex(sha256(new Uint8Array())), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.equal(hex(sha256(Buffer.from('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

const key = fc.uint8Array({ minLength: 1, maxLength: 64 })

test('digests are those of createHash and createHmac, and own their bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ unit: 'grapheme' }), key, (bytes, text, key) => {
      const digest = sha256(bytes)
      assert.deepEqual(Buffer.from(digest), createHash('sha256').update(bytes).digest())
      assert.equal(digest.buffer.byteLength, 32)
      const expected = createHmac('sha256', key).update(Buffer.from(text)).digest('hex')
      assert.equal(hmacSha256Hex(createSecretKey(key), text), expected)
    }),
  )
})
