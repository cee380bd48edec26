import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { utf8 } from '../bytes/text.ts'
import { publicKeyFromRaw, signEd25519 } from '../crypto/ed25519.ts'
import { cosign, cosignatureLine, cosignatureMessage, verifyCosignature } from './cosignature.ts'
import { createNoteVerifier } from './note-verifier.ts'
import { signerKeyFromSeed } from './signer-key.ts'

const TEXT = 'test.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'
const key = signerKeyFromSeed('witness.test.example', 'cosignature/v1', new Uint8Array(32).fill(7))
const publicKey = publicKeyFromRaw(key.verifierKey.publicKey)
assert.ok(publicKey !== undefined)
const time = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

test('the message is a header, the time, and the whole text', () => {
  assert.deepEqual(
    Buffer.from(cosignatureMessage(TEXT, 1_767_139_200)),
    Buffer.from(`cosignature/v1\ntime 1767139200\n${TEXT}`),
  )
})

test('the line is eight bytes of time, big-endian, and the signature', () => {
  const { name, keyId, signature } = cosign(TEXT, key, 0x01_02_03_04_05)
  assert.deepEqual({ name, keyId }, { name: key.verifierKey.name, keyId: key.verifierKey.keyId })
  assert.equal(signature.length, 72)
  assert.deepEqual([...signature.subarray(0, 8)], [0, 0, 0, 1, 2, 3, 4, 5])
})

test('every time that is cosigned is read back', () => {
  fc.assert(
    fc.property(time, (at) => {
      assert.deepEqual(verifyCosignature(TEXT, cosign(TEXT, key, at).signature, publicKey), { time: at })
    }),
  )
})

test('a signature made elsewhere becomes the same line', () => {
  const signature = signEd25519(key.privateKey, cosignatureMessage(TEXT, 12))
  assert.deepEqual(cosignatureLine(key.verifierKey, 12, signature), cosign(TEXT, key, 12))
})

test('any flipped bit of a cosignature, its time included, is refused', () => {
  const { signature } = cosign(TEXT, key, 1_767_139_200)
  for (let bit = 0; bit < signature.length * 8; bit++) {
    const lie = Uint8Array.from(signature)
    lie[bit >> 3] = (lie[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const verified = verifyCosignature(TEXT, lie, publicKey)
    assert.ok('code' in verified, `bit ${bit}`)
  }
})

test('a cosignature of another text, length or time is refused, each for its cause', () => {
  const { signature } = cosign(TEXT, key, 12)
  const code = (text: string, bytes: Uint8Array): string => {
    const verified = verifyCosignature(text, bytes, publicKey)
    return 'code' in verified ? verified.code : 'accepted'
  }
  assert.equal(code(`${TEXT}extension\n`, signature), 'cosignature-mismatch')
  assert.equal(code(TEXT, signature.subarray(8)), 'cosignature-length')
  assert.equal(code(TEXT, new Uint8Array()), 'cosignature-length')
  assert.equal(
    code(
      TEXT,
      Uint8Array.from(signature, (byte, at) => (at === 1 ? 0x20 : byte)),
    ),
    'cosignature-time',
  )
  assert.equal(
    code(
      TEXT,
      Uint8Array.from(signature, (byte, at) => (at < 8 ? 0xff : byte)),
    ),
    'cosignature-time',
  )
})

test('time zero of another implementation is read', () => {
  const signature = Buffer.concat([
    Buffer.alloc(8),
    signEd25519(key.privateKey, utf8(`cosignature/v1\ntime 0\n${TEXT}`)),
  ])
  assert.deepEqual(verifyCosignature(TEXT, signature, publicKey), { time: 0 })
})

test('hostile signatures are refused without a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.string(), (signature, text) => {
      assert.ok('code' in verifyCosignature(text, signature, publicKey))
      assert.ok('code' in createNoteVerifier(key.verifierKey)(text, signature))
    }),
  )
})

test('what no cosignature can say is not signed', () => {
  for (const at of [0, -1, 1.5, 2 ** 53, Number.NaN]) assert.throws(() => cosign(TEXT, key, at), RangeError)
  assert.throws(() => cosign('no newline', key, 12), RangeError)
  const log = signerKeyFromSeed('test.example/log', 'ed25519', new Uint8Array(32).fill(8))
  assert.throws(() => cosign(TEXT, log, 12), RangeError)
  assert.throws(() => cosignatureLine(key.verifierKey, 12, new Uint8Array(63)), RangeError)
})
