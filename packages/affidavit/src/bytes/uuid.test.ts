import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { uuidV7, uuidV8 } from './uuid.ts'

test('a UUIDv7 has the time in front and random bits behind: the example of RFC 9562', () => {
  // rand_a is 0xcc3, rand_b 0x18c4dc0c0c07398f; version and variant overwrite the bits between.
  const random = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f)
  assert.equal(uuidV7(0x017f22e279b0, random), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
})

test('every UUIDv7 says its time, its version and its variant, and keeps 74 random bits', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 48 - 1), fc.uint8Array({ minLength: 10, maxLength: 10 }), (at, random) => {
      const uuid = uuidV7(at, random)
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16), at)
      const kept = Buffer.from(uuid.replaceAll('-', ''), 'hex').subarray(6)
      assert.deepEqual(
        [...kept].map((byte, i) => byte & (MASK[i] ?? 0xff)),
        [...random].map((byte, i) => byte & (MASK[i] ?? 0xff)),
      )
    }),
  )
})

test('a time that no UUIDv7 can say is refused', () => {
  for (const at of [-1, 0.5, 2 ** 48, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => uuidV7(at, new Uint8Array(10)), RangeError, String(at))
  }
})

const MASK = [0x0f, 0xff, 0x3f]

test('later UUIDs sort behind earlier ones', () => {
  const random = new Uint8Array(10).fill(0xff)
  assert.ok(uuidV7(1_795_253_400_000, random) < uuidV7(1_795_253_400_001, new Uint8Array(10)))
})

test('a UUIDv8 keeps the first 128 bits of a digest but six', () => {
  assert.equal(uuidV8(Buffer.from('5c146b143c524afd938a375d0df1fbf6', 'hex')), '5c146b14-3c52-8afd-938a-375d0df1fbf6')
  assert.equal(uuidV8(new Uint8Array(32).fill(0xff)), 'ffffffff-ffff-8fff-bfff-ffffffffffff')
})

test('the digest itself is not changed', () => {
  const digest = new Uint8Array(32).fill(0xff)
  uuidV8(digest)
  assert.ok(digest.every((byte) => byte === 0xff))
})
