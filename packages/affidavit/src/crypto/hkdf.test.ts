import assert from 'node:assert/strict'
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { hkdfSha256 } from './hkdf.ts'

const key = (bytes: Uint8Array): KeyObject => createSecretKey(bytes)
const hex = (secret: KeyObject): string => secret.export().toString('hex')

test('derived as in RFC 5869, test case 3, as far as 32 bytes go', () => {
  const okm = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d'
  assert.equal(hex(hkdfSha256([key(Buffer.alloc(22, 0x0b))], '')), okm)
})

// RFC 5869 §2.2 and §2.3 by hand: for 32 bytes, one block of the expansion.
function byHand(input: Uint8Array, info: string): string {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(input).digest()
  return createHmac('sha256', extracted).update(info).update(Buffer.of(1)).digest('hex')
}

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
const secrets = fc.array(secret, { minLength: 1, maxLength: 5 })

test('several keys are taken one behind the other, and the info counts', () => {
  fc.assert(
    fc.property(secrets, fc.string({ unit: 'grapheme', maxLength: 100 }), (secrets, info) => {
      assert.equal(hex(hkdfSha256(secrets.map(key), info)), byHand(Buffer.concat(secrets), info))
    }),
  )
})

test('another implementation derives the same, however often one key is used', () => {
  fc.assert(
    fc.property(secret, fc.array(fc.string({ unit: 'grapheme', maxLength: 100 }), { minLength: 1 }), (bytes, infos) => {
      const from = key(bytes)
      for (const info of infos) {
        const expected = Buffer.from(hkdfSync('sha256', bytes, new Uint8Array(), info, 32)).toString('hex')
        assert.equal(hex(hkdfSha256([from], info)), expected)
      }
    }),
  )
})

test('the keys that another is derived from stay as they are', () => {
  const from = [key(Buffer.alloc(32, 1)), key(Buffer.alloc(32, 2))]
  const derived = hex(hkdfSha256(from, 'x'))
  assert.deepEqual(from.map(hex), ['01'.repeat(32), '02'.repeat(32)])
  assert.equal(hex(hkdfSha256(from, 'x')), derived)
})

test('no key, and keys whose border is not fixed, are refused', () => {
  assert.throws(() => hkdfSha256([], 'x'), RangeError)
  assert.throws(() => hkdfSha256([key(Buffer.alloc(32)), key(Buffer.alloc(31))], 'x'), RangeError)
})
