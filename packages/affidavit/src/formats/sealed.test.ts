import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { naiveSeal, naiveSha256 } from '../../test/oracle/naive-vault.ts'
import {
  bodyOf,
  bytesFromHex,
  contentKeyLies,
  contentKeyVectors,
  patternBytes,
  payloadVectors,
} from '../../test/vault-vectors.ts'
import {
  checkContentKey,
  checkReference,
  createStoredCheck,
  plainSize,
  type SealedFault,
  type SealedReference,
  sealedSize,
} from './sealed.ts'

test('sizes before and after sealing are those of the golden payloads', () => {
  for (const { expected } of payloadVectors) {
    assert.equal(sealedSize(expected.plain_size), expected.sealed_size)
    assert.equal(plainSize(expected.sealed_size), expected.plain_size)
  }
})

// Sizes around the ends of chunks, and any others.
const size = fc.oneof(
  fc.nat({ max: 300_000 }),
  fc.tuple(fc.nat({ max: 2 ** 30 }), fc.nat({ max: 80 })).map(([chunks, more]) => chunks * 65_536 + more),
)

/** Chunk by chunk, as the page says it. */
function countedSize(plain: number): number {
  const chunks = Math.floor((32 + plain - 1) / 65_536) + 1
  return 32 + plain + 16 * chunks
}

test('a sealed size is that of one body, and other sizes are of none', () => {
  fc.assert(
    fc.property(size, (plain) => {
      assert.equal(sealedSize(plain), countedSize(plain))
      assert.equal(plainSize(sealedSize(plain)), plain)
      const body = plainSize(plain)
      if (body !== undefined) assert.equal(sealedSize(body), plain)
    }),
  )
  const possible = new Set(Array.from({ length: 140_000 }, (_, plain) => sealedSize(plain)))
  for (let sealed = 0; sealed < 131_200; sealed++) assert.equal(plainSize(sealed) !== undefined, possible.has(sealed))
})

const place = { ledger: 'l', conversation: 'c', blob_id: '0123456789abcdef0123456789abcdef' }
const sealed = naiveSeal(new Uint8Array(32), place, new Uint8Array(32), patternBytes(70_000)).sealed
const reference: SealedReference = {
  blob_id: place.blob_id,
  key_id: 'ab'.repeat(32),
  plain_size: 70_000,
  sealed_size: 70_064,
  ciphertext_sha256: naiveSha256(sealed),
}

test('a reference that can be has no fault', () => {
  assert.deepEqual(checkReference(reference), [])
  for (const { blob_id, expected } of payloadVectors) {
    assert.deepEqual(checkReference({ blob_id, key_id: 'ab'.repeat(32), ...expected }), [])
  }
})

const REFERENCE_LIES: readonly (readonly [name: string, wrong: Partial<SealedReference>, faults: SealedFault[]])[] = [
  ['a blob_id in capitals', { blob_id: 'A'.repeat(32) }, [{ code: 'blob-id-form' }]],
  ['a blob_id that is too short', { blob_id: 'a'.repeat(31) }, [{ code: 'blob-id-form' }]],
  ['a key_id that is a name', { key_id: 'key-7' }, [{ code: 'key-id-form' }]],
  [
    'a sealed size without the tag of a chunk',
    { sealed_size: 70_048 },
    [{ code: 'sealed-size-mismatch', expected: 70_064, got: 70_048 }],
  ],
  [
    'a plain size that counts the salt',
    { plain_size: 70_032 },
    [{ code: 'sealed-size-mismatch', expected: 70_096, got: 70_064 }],
  ],
  [
    'a sealed size with an empty chunk at the end',
    { plain_size: 65_504, sealed_size: 65_552 + 16 },
    [{ code: 'sealed-size-mismatch', expected: 65_552, got: 65_568 }],
  ],
  [
    'everything wrong at once',
    { blob_id: '', key_id: '', sealed_size: 0 },
    [{ code: 'blob-id-form' }, { code: 'key-id-form' }, { code: 'sealed-size-mismatch', expected: 70_064, got: 0 }],
  ],
]

for (const [name, wrong, faults] of REFERENCE_LIES) {
  test(`found in a reference without a key: ${name}`, () => {
    assert.deepEqual(checkReference({ ...reference, ...wrong }), faults)
  })
}

function checkStored(pieces: readonly Uint8Array[]): SealedFault | undefined {
  const check = createStoredCheck(reference)
  for (const piece of pieces) check.push(piece)
  return check.end()
}

test('stored bytes are those of the reference, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: sealed.length }), { maxLength: 5 }), (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), sealed.length]
      assert.equal(checkStored(ends.slice(1).map((end, i) => sealed.subarray(ends[i], end))), undefined)
    }),
  )
})

test('every single byte of the golden payloads that is changed is found without a key', () => {
  for (const vector of payloadVectors) {
    if (vector.sealedHex === undefined) continue
    const bytes = bytesFromHex(vector.sealedHex)
    assert.equal(bytes.length, sealedSize(bodyOf(vector).length))
    for (let at = 0; at < bytes.length; at++) {
      const check = createStoredCheck(vector.expected)
      check.push(bytes.with(at, (bytes[at] ?? 0) ^ 1))
      assert.equal(check.end()?.code, 'ciphertext-mismatch')
    }
  }
})

const [first, second] = [sealed.subarray(0, 65_552), sealed.subarray(65_552)]
const STORED_LIES: readonly (readonly [name: string, pieces: readonly Uint8Array[], lie: SealedFault['code']])[] = [
  ['nothing', [], 'stored-size-mismatch'],
  ['a chunk that is dropped', [first], 'stored-size-mismatch'],
  ['a chunk that is repeated', [first, first, second], 'stored-size-mismatch'],
  ['one byte short', [sealed.subarray(1)], 'stored-size-mismatch'],
  ['one byte more', [sealed, Uint8Array.of(0)], 'stored-size-mismatch'],
  ['chunks that are swapped', [second, first], 'ciphertext-mismatch'],
]

for (const [name, pieces, lie] of STORED_LIES) {
  test(`found in stored bytes without a key: ${name}`, () => assert.equal(checkStored(pieces)?.code, lie))
}

test('stored bytes of another size tell both sizes', () => {
  assert.deepEqual(checkStored([first]), { code: 'stored-size-mismatch', expected: 70_064, got: 65_552 })
})

test('a stored content key is the one that the entry names', () => {
  for (const { contentKeyHex, ...listed } of contentKeyVectors) {
    const bytes = bytesFromHex(contentKeyHex)
    assert.equal(checkContentKey(bytes, listed), undefined)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      assert.deepEqual(checkContentKey(flipped, listed), {
        code: 'key-id-mismatch',
        expected: listed.key_id,
        got: naiveSha256(flipped),
      })
    }
  }
})

test('a body digest that is listed beside a payload is the one in its content key', () => {
  for (const { contentKeyHex, key_id, body_digest } of contentKeyVectors) {
    const others = contentKeyVectors.map((other) => other.body_digest).filter((other) => other !== body_digest)
    for (const got of [...others, body_digest.toUpperCase(), body_digest.slice(2), '']) {
      assert.deepEqual(checkContentKey(bytesFromHex(contentKeyHex), { key_id, body_digest: got }), {
        code: 'body-digest-mismatch',
        expected: body_digest,
        got,
      })
    }
  }
})

test('a content key and a listed digest that were changed together are found by the id in the entry', () => {
  for (const { contentKeyHex, key_id } of contentKeyVectors) {
    const body_digest = 'ab'.repeat(32)
    const stored = Buffer.from(`${contentKeyHex.slice(0, 2)}${body_digest}${contentKeyHex.slice(66)}`, 'hex')
    assert.equal(checkContentKey(stored, { key_id, body_digest })?.code, 'key-id-mismatch')
  }
})

test('a content key that an entry names, and that is none, is found', () => {
  for (const { contentKeyHex, lie } of contentKeyLies) {
    const bytes = bytesFromHex(contentKeyHex)
    assert.equal(checkContentKey(bytes, { key_id: naiveSha256(bytes), body_digest: '' })?.code, lie)
  }
})
