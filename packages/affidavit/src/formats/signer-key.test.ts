import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from 'node:util'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { toBase64 } from '../bytes/base64.ts'
import { fromHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { formatSignerKey, generateSignerKey, parseSignerKey, signerKeyFromSeed } from './signer-key.ts'
import { formatVerifierKey, type KeyType } from './verifier-key.ts'

interface KeyVectors {
  keys: { label: string; name: string; type: KeyType; seedHex: string; vkey: string; skey: string }[]
  skeyLies: { name: string; input: string; lie: string }[]
}

const vectors: KeyVectors = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/keys.json', import.meta.url), 'utf8'),
)

for (const { label, name, type, seedHex, vkey, skey } of vectors.keys) {
  test(`a signer key is read and written, and knows its verifier key: ${label}`, () => {
    const key = parseSignerKey(skey)
    assert.ok(!('code' in key))
    assert.equal(formatSignerKey(key), skey)
    assert.equal(formatVerifierKey(key.verifierKey), vkey)
    assert.equal(formatSignerKey(signerKeyFromSeed(name, type, fromHex(seedHex) ?? new Uint8Array())), skey)
  })
}

for (const { name, input, lie } of vectors.skeyLies) {
  test(`refused as a signer key: ${name}`, () => assert.deepEqual(parseSignerKey(input), { code: lie }))
}

test('hostile text is refused without a throw, and the fault says nothing but its code', () => {
  fc.assert(
    fc.property(hostileBytes(vectors.keys.map(({ skey }) => utf8(skey))), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8')
      const key = parseSignerKey(text)
      if ('code' in key) assert.deepEqual(Object.keys(key), ['code'])
      else assert.equal(formatSignerKey(key), text)
    }),
    { numRuns: 500 },
  )
})

test('a generated key is new each time, and survives being written and read', () => {
  const first = generateSignerKey('test.example/log', 'ed25519')
  const second = generateSignerKey('test.example/log', 'ed25519')
  assert.notEqual(formatSignerKey(first), formatSignerKey(second))
  const read = parseSignerKey(formatSignerKey(first))
  assert.ok(!('code' in read))
  assert.deepEqual(read.verifierKey, first.verifierKey)
  assert.throws(() => generateSignerKey('two words', 'ed25519'), RangeError)
})

test('a signer key that strays into a log shows no secret', () => {
  const seed = new Uint8Array(32).fill(0xa5)
  const key = signerKeyFromSeed('test.example/log', 'ed25519', seed)
  for (const shown of [JSON.stringify(key), inspect(key, { depth: 9, showHidden: true }), String(key)]) {
    assert.ok(!shown.includes('a5a5') && !shown.includes('165,') && !shown.includes(toBase64(seed).slice(0, 8)))
  }
})
