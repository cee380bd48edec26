import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import {
  createVerifierKey,
  formatVerifierKey,
  type KeyType,
  keyId,
  parseVerifierKey,
  sameVerifierKey,
} from './verifier-key.ts'

interface KeyVectors {
  keys: {
    label: string
    name: string
    type: KeyType
    keyId: string
    publicKeyHex: string
    vkey: string
    skey: string
  }[]
  vkeyLies: { name: string; input: string; lie: string }[]
}

const vectors: KeyVectors = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/keys.json', import.meta.url), 'utf8'),
)

for (const { label, name, type, keyId: id, publicKeyHex, vkey } of vectors.keys) {
  test(`a vkey is read and written: ${label}`, () => {
    const key = parseVerifierKey(vkey)
    assert.ok(!('code' in key))
    assert.deepEqual({ ...key, publicKey: toHex(key.publicKey) }, { type, name, keyId: id, publicKey: publicKeyHex })
    assert.equal(formatVerifierKey(key), vkey)
    const made = createVerifierKey(name, type, fromHex(publicKeyHex) ?? new Uint8Array())
    assert.equal(formatVerifierKey(made), vkey)
    assert.ok(sameVerifierKey(made, key))
  })
}

for (const { name, input, lie } of vectors.vkeyLies) {
  test(`refused as a vkey: ${name}`, () => {
    const key = parseVerifierKey(input)
    assert.equal('code' in key ? key.code : 'accepted', lie)
  })
}

test('a key type that is not read yet is named', () => {
  const unknown = vectors.vkeyLies.find(({ name }) => name.includes('ML-DSA-44'))
  assert.deepEqual(parseVerifierKey(unknown?.input ?? ''), { code: 'vkey-unknown-type', keyType: '0x06' })
})

test('the key id is the SHA-256 of name, newline, type and key, computed here once more', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (name, raw) => {
      for (const [type, byte] of [
        ['ed25519', 1],
        ['cosignature/v1', 4],
      ] as const) {
        const digest = createHash('sha256')
          .update(name)
          .update('\n')
          .update(Uint8Array.of(byte))
          .update(raw)
          .digest('hex')
        assert.equal(keyId(name, type, raw), digest.slice(0, 8))
      }
    }),
  )
})

test('hostile text is refused without a throw, or is the key that it formats to; a secret is never repeated', () => {
  const good = vectors.keys.flatMap(({ vkey, skey }) => [utf8(vkey), utf8(skey)])
  fc.assert(
    fc.property(hostileBytes(good), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8')
      const key = parseVerifierKey(text)
      if (!('code' in key)) assert.equal(formatVerifierKey(key), text)
      else if (text.startsWith('PRIVATE+KEY+')) assert.deepEqual(key, { code: 'vkey-is-a-signer-key' })
    }),
    { numRuns: 500 },
  )
})

test('keys differ by type, name and public key', () => {
  const raw = new Uint8Array(32).fill(1)
  const key = createVerifierKey('a', 'ed25519', raw)
  assert.ok(sameVerifierKey(key, createVerifierKey('a', 'ed25519', Uint8Array.from(raw))))
  assert.ok(!sameVerifierKey(key, createVerifierKey('a', 'cosignature/v1', raw)))
  assert.ok(!sameVerifierKey(key, createVerifierKey('b', 'ed25519', raw)))
  assert.ok(!sameVerifierKey(key, createVerifierKey('a', 'ed25519', new Uint8Array(32))))
})

test('no key is made under a name or of a length that a note cannot use', () => {
  for (const name of ['', 'a b', 'a+b', 'a\u3000b', 'a\nb', 'a\u0001b', '\udfff']) {
    assert.throws(() => createVerifierKey(name, 'ed25519', new Uint8Array(32)), RangeError)
  }
  assert.throws(() => createVerifierKey('a', 'ed25519', new Uint8Array(31)), RangeError)
})
