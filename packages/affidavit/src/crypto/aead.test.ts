import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { openAesGcm, sealAesGcm } from './aead.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

// The submission of GCM to NIST, test cases 14 and 16.
const CASES = [
  {
    name: 'one block of zeros',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    aad: '',
    plain: '00'.repeat(16),
    sealed: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'four blocks, the last one short, with additional data',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    sealed:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
]

for (const { name, key, nonce, aad, plain, sealed } of CASES) {
  test(`sealed as in the submission of GCM to NIST: ${name}`, () => {
    const secret = createSecretKey(hex(key))
    assert.equal(Buffer.from(sealAesGcm(secret, hex(nonce), hex(aad), hex(plain))).toString('hex'), sealed)
    assert.equal(Buffer.from(openAesGcm(secret, hex(nonce), hex(aad), hex(sealed)) ?? []).toString('hex'), plain)
  })
}

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })

test('what was sealed is opened, and with one bit of anything changed it is not', () => {
  fc.assert(
    fc.property(bytes(32), bytes(12), fc.uint8Array(), fc.uint8Array(), fc.nat(), (key, nonce, aad, plain, at) => {
      const open = (...[key, nonce, aad, sealed]: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]) =>
        openAesGcm(createSecretKey(key), nonce, aad, sealed)
      const sealed = sealAesGcm(createSecretKey(key), nonce, aad, plain)
      assert.equal(sealed.length, plain.length + 16)
      assert.deepEqual(open(key, nonce, aad, sealed), plain)
      const flip = (bytes: Uint8Array): Uint8Array => {
        const bit = at % (bytes.length * 8)
        return bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      }
      assert.equal(open(flip(key), nonce, aad, sealed), undefined)
      assert.equal(open(key, flip(nonce), aad, sealed), undefined)
      assert.equal(open(key, nonce, aad, flip(sealed)), undefined)
      if (aad.length > 0) assert.equal(open(key, nonce, flip(aad), sealed), undefined)
      for (let length = 0; length < sealed.length; length++) {
        assert.equal(open(key, nonce, aad, sealed.subarray(0, length)), undefined)
      }
    }),
    { numRuns: 50 },
  )
})

test('keys and nonces of another length are refused', () => {
  const key = createSecretKey(Buffer.alloc(32))
  const none = new Uint8Array()
  for (const length of [0, 11, 13, 16]) {
    assert.throws(() => sealAesGcm(key, new Uint8Array(length), none, none), RangeError)
    assert.throws(() => openAesGcm(key, new Uint8Array(length), none, Buffer.alloc(16)), RangeError)
  }
  for (const length of [16, 24, 31, 33]) {
    const other = createSecretKey(Buffer.alloc(length))
    assert.throws(() => sealAesGcm(other, new Uint8Array(12), none, none), RangeError)
    assert.throws(() => openAesGcm(other, new Uint8Array(12), none, Buffer.alloc(16)), RangeError)
  }
})
