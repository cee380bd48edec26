import assert from 'node:assert/strict'
import { createHash, createHmac, createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { createHmacSha256, createSha256, hmacSha256Hex, sha256 } from './sha256.ts'

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

test('a digest of a stream is that of its bytes in one piece, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), key, (pieces, key) => {
      const [digest, keyed] = [createSha256(), createHmacSha256(createSecretKey(key))]
      for (const piece of pieces) {
        digest.update(piece)
        keyed.update(piece)
      }
      const whole = Buffer.concat(pieces)
      assert.equal(digest.hex(), createHash('sha256').update(whole).digest('hex'))
      assert.equal(keyed.hex(), createHmac('sha256', key).update(whole).digest('hex'))
    }),
  )
})

test('HMAC-SHA-256 is that of RFC 4231, test case 2', () => {
  const keyed = createHmacSha256(createSecretKey(Buffer.from('Jefe')))
  keyed.update(Buffer.from('what do ya want '))
  keyed.update(Buffer.from('for nothing?'))
  assert.equal(keyed.hex(), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
})
