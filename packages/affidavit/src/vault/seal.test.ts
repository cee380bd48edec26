import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { naiveOpen, naiveSeal, naiveSha256 } from '../../test/oracle/naive-vault.ts'
import { bodyOf, bytesFromHex, keyFromHex, patternBytes, payloadVectors } from '../../test/vault-vectors.ts'
import { createRandomSource } from '../crypto/random.ts'
import { sealedSize } from '../formats/sealed.ts'
import { createPayloadKey } from './content-key.ts'
import { createSealer, type SealInput, sealBytes } from './seal.ts'

const random = createRandomSource()
const place = { ledger: 'clinic.example/a/0123456789abcdef', conversation: 'c-7', blob_id: '00'.repeat(16) }

for (const vector of payloadVectors) {
  test(`sealed as the golden payload: ${vector.name}`, () => {
    const { ledger, conversation, blob_id, payloadKeyHex, saltHex, sealedHex, expected } = vector
    const payloadKey = keyFromHex(payloadKeyHex)
    const input = { ledger, conversation, blob_id, payloadKey, random: () => bytesFromHex(saltHex) }
    const { chunks, ...sealed } = sealBytes(input, bodyOf(vector))
    assert.deepEqual(sealed, expected)
    assert.equal(naiveSha256(Buffer.concat(chunks)), expected.ciphertext_sha256)
    if (sealedHex !== undefined) assert.equal(Buffer.concat(chunks).toString('hex'), sealedHex)
  })
}

// Bodies around the ends of chunks, and any cuts of them.
const length = fc.oneof(
  fc.nat({ max: 3_000 }),
  fc.constantFrom(65_503, 65_504, 65_505, 131_039, 131_040, 131_041),
  fc.nat({ max: 200_000 }),
)
const cuts = fc.array(fc.nat({ max: 200_000 }), { maxLength: 6 })

test('a body is sealed as a naive reader of the page seals it, however it is cut into pushes', () => {
  fc.assert(
    fc.property(length, cuts, (length, cuts) => {
      const [key, salt] = [Buffer.from(random(32)), Buffer.from(random(32))]
      const body = patternBytes(length)
      const sealer = createSealer({ ...place, payloadKey: createSecretKey(key), random: () => salt })
      const ends = [...cuts.map((cut) => Math.min(cut, length)).sort((a, b) => a - b), length]
      const chunks = ends.flatMap((end, i) => {
        const part = body.slice(ends[i - 1] ?? 0, end)
        const sealed = sealer.push(part)
        // What was pushed is the caller's again.
        part.fill(0)
        return sealed
      })
      const { chunks: last, ...end } = sealer.end()
      const expected = naiveSeal(key, place, salt, body)
      assert.deepEqual([...chunks, ...last].map(naiveSha256), expected.chunks.map(naiveSha256))
      assert.deepEqual(end, {
        plain_size: length,
        sealed_size: sealedSize(length),
        ciphertext_sha256: naiveSha256(expected.sealed),
        commitment: expected.commitment,
      })
    }),
    { numRuns: 60 },
  )
})

test('single bytes are sealed as one body', () => {
  const [key, salt] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const body = patternBytes(65_600)
  const sealer = createSealer({ ...place, payloadKey: createSecretKey(key), random: () => salt })
  const chunks: Uint8Array[] = []
  for (const byte of body) chunks.push(...sealer.push(Uint8Array.of(byte)))
  assert.equal(chunks.length, 1)
  chunks.push(...sealer.end().chunks)
  assert.ok(naiveOpen(key, place, Buffer.concat(chunks)).equals(Buffer.concat([salt, body])))
})

test('a body that is sealed twice has nothing in common, not even its commitment', () => {
  const seal = () => sealBytes({ ...place, payloadKey: createPayloadKey(random), random }, Buffer.from('the same body'))
  const [one, two] = [seal(), seal()]
  assert.notEqual(one.ciphertext_sha256, two.ciphertext_sha256)
  assert.notEqual(one.commitment, two.commitment)
})

test('nothing of a body shows in what is sealed', () => {
  const body = Buffer.from('Frau Müller, geboren am 1. April 1960')
  const { chunks } = sealBytes({ ...place, payloadKey: createPayloadKey(random), random }, body)
  assert.ok(!Buffer.concat(chunks).includes('Müller'))
})

test('a payload that has ended takes nothing more', () => {
  const sealer = createSealer({ ...place, payloadKey: createPayloadKey(random), random })
  sealer.end()
  assert.throws(() => sealer.push(new Uint8Array(1)), RangeError)
  assert.throws(() => sealer.end(), RangeError)
})

const REFUSED: readonly (readonly [name: string, wrong: Partial<SealInput>])[] = [
  ['a blob_id in capitals', { blob_id: 'AB'.repeat(16) }],
  ['a blob_id that is too short', { blob_id: '00'.repeat(15) }],
  ['a ledger with a line break', { ledger: 'a\nb' }],
  ['a conversation with a line break', { conversation: 'a\nb' }],
  ['a key of 16 bytes', { payloadKey: createSecretKey(Buffer.alloc(16)) }],
]

for (const [name, wrong] of REFUSED) {
  test(`not sealed: ${name}`, () => {
    assert.throws(
      () => createSealer({ ...place, payloadKey: createPayloadKey(random), random, ...wrong }),
      (error) => error instanceof RangeError && !error.message.includes('\n'),
    )
  })
}

test('a push is never answered with more than it makes whole, and what is held stays below two chunks', () => {
  const sealer = createSealer({ ...place, payloadKey: createPayloadKey(random), random })
  const piece = new Uint8Array(50_000)
  let pushed = 32
  let sealed = 0
  for (let i = 0; i < 40; i++) {
    pushed += piece.length
    sealed += sealer.push(piece).length
    const waiting = pushed - sealed * 65_536
    assert.ok(waiting > 0 && waiting <= 65_536, `${waiting} bytes wait`)
  }
})
