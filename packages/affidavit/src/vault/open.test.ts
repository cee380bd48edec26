import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { naiveChunk, naiveSeal, naiveSha256 } from '../../test/oracle/naive-vault.ts'
import { bodyOf, bytesFromHex, keyFromHex, patternBytes, payloadVectors } from '../../test/vault-vectors.ts'
import { createRandomSource } from '../crypto/random.ts'
import { sealedSize } from '../formats/sealed.ts'
import { createPayloadKey } from './content-key.ts'
import { createOpener, type OpenFault, type OpenInput, openBytes } from './open.ts'
import { sealBytes } from './seal.ts'

const random = createRandomSource()

/** A body as its hash: a difference between long bodies is told in one line. */
function told(opened: Uint8Array | OpenFault): string | OpenFault {
  return 'code' in opened ? opened : naiveSha256(opened)
}

for (const vector of payloadVectors) {
  test(`the golden payload opens: ${vector.name}`, () => {
    const { ledger, conversation, blob_id, payloadKeyHex, saltHex, expected } = vector
    const body = bodyOf(vector)
    const { sealed } = naiveSeal(bytesFromHex(payloadKeyHex), vector, bytesFromHex(saltHex), body)
    const { sealed_size, commitment } = expected
    const input = { ledger, conversation, blob_id, payloadKey: keyFromHex(payloadKeyHex), sealed_size, commitment }
    assert.deepEqual(told(openBytes(input, sealed)), told(body))
  })
}

const KEY = Buffer.alloc(32, 7)
const SALT = Buffer.alloc(32, 9)
const PLACE = { ledger: 'clinic.example/a/0123456789abcdef', conversation: 'c-7', blob_id: 'ab'.repeat(16) }
// Three chunks, the last one short.
const BODY = patternBytes(140_000)
const SEALED = naiveSeal(KEY, PLACE, SALT, BODY)
const [FIRST = SEALED.sealed, SECOND = SEALED.sealed, THIRD = SEALED.sealed] = SEALED.chunks
const INPUT: OpenInput = {
  ...PLACE,
  payloadKey: createSecretKey(KEY),
  sealed_size: SEALED.sealed.length,
  commitment: SEALED.commitment,
}

const length = fc.oneof(
  fc.nat({ max: 3_000 }),
  fc.constantFrom(65_503, 65_504, 65_505, 131_039, 131_040, 131_041),
  fc.nat({ max: 200_000 }),
)

test('what was sealed is opened, whatever the body and however the sealed bytes are cut', () => {
  fc.assert(
    fc.property(length, fc.array(fc.nat({ max: 200_100 }), { maxLength: 6 }), (length, cuts) => {
      const body = patternBytes(length)
      const payloadKey = createPayloadKey(random)
      const { chunks, sealed_size, commitment } = sealBytes({ ...PLACE, payloadKey, random }, body)
      const sealed = Buffer.concat(chunks)
      const opener = createOpener({ ...PLACE, payloadKey, sealed_size, commitment })
      const ends = [...cuts.map((cut) => Math.min(cut, sealed.length)).sort((a, b) => a - b), sealed.length]
      const plain = ends.flatMap((end, i) => {
        const part = Uint8Array.from(sealed.subarray(ends[i - 1] ?? 0, end))
        const opened = opener.push(part)
        part.fill(0)
        assert.ok(!('code' in opened))
        return opened
      })
      const end = opener.end()
      assert.ok(!('code' in end))
      assert.ok(Buffer.concat([...plain, ...end.plain]).equals(body))
      assert.deepEqual({ ...end, plain: [] }, { plain: [], plain_size: length, commitment })
    }),
    { numRuns: 60 },
  )
})

const codeOf = (opened: Uint8Array | OpenFault): string => ('code' in opened ? opened.code : 'opened')

test('every single bit of a sealed payload that is flipped is found, and nothing is released', () => {
  const { sealed, commitment } = naiveSeal(KEY, PLACE, SALT, Buffer.from('Guten Tag'))
  const input = { ...INPUT, sealed_size: sealed.length, commitment }
  assert.equal(codeOf(openBytes(input, sealed)), 'opened')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Uint8Array.from(sealed)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.deepEqual(told(openBytes(input, flipped)), { code: 'chunk-altered', index: 0 })
  }
})

test('a payload that is cut anywhere is truncated, and one that goes on has trailing bytes', () => {
  const { sealed, commitment } = naiveSeal(KEY, PLACE, SALT, Buffer.from('Guten Tag'))
  const input = { ...INPUT, sealed_size: sealed.length, commitment }
  for (let end = 0; end < sealed.length; end++) {
    const expected = { code: 'truncated', expected: sealed.length, got: end }
    assert.deepEqual(told(openBytes(input, sealed.subarray(0, end))), expected)
  }
  for (const more of [1, 16, 48, 65_552]) {
    const longer = Buffer.concat([sealed, Buffer.alloc(more)])
    assert.deepEqual(told(openBytes(input, longer)), { code: 'trailing-bytes', expected: sealed.length })
  }
})

const OTHER = naiveSeal(KEY, { ...PLACE, blob_id: 'cd'.repeat(16) }, SALT, BODY)
const [, OTHER_SECOND = SEALED.sealed] = OTHER.chunks
const chunk = (i: number, final: boolean, plain: Uint8Array): Buffer => naiveChunk(KEY, PLACE, i, final, plain)
const PLAIN = Buffer.concat([SALT, BODY])
const piece = (i: number): Buffer => PLAIN.subarray(i * 65_536, (i + 1) * 65_536)
const size = (bytes: number): Partial<OpenInput> => ({ sealed_size: bytes })

interface Lie {
  readonly name: string
  readonly chunks: readonly Uint8Array[]
  readonly fault: OpenFault
  /** What the entry says, where it lies too. */
  readonly says?: Partial<OpenInput>
}

const altered = (index: number): OpenFault => ({ code: 'chunk-altered', index })
const truncated = (got: number): OpenFault => ({ code: 'truncated', expected: INPUT.sealed_size, got })
const trailing: OpenFault = { code: 'trailing-bytes', expected: INPUT.sealed_size }

const LIES: readonly Lie[] = [
  { name: 'nothing', chunks: [], fault: truncated(0) },
  { name: 'the first two chunks swapped', chunks: [SECOND, FIRST, THIRD], fault: altered(0) },
  { name: 'the last chunk first', chunks: [THIRD, FIRST, SECOND], fault: altered(0) },
  { name: 'the last chunk dropped', chunks: [FIRST, SECOND], fault: truncated(131_104) },
  { name: 'the first chunk dropped', chunks: [SECOND, THIRD], fault: altered(0) },
  { name: 'a chunk in the middle dropped', chunks: [FIRST, THIRD], fault: truncated(FIRST.length + THIRD.length) },
  { name: 'a chunk repeated', chunks: [FIRST, FIRST, SECOND, THIRD], fault: altered(1) },
  { name: 'a chunk repeated in the place of another', chunks: [FIRST, FIRST, THIRD], fault: altered(1) },
  { name: 'the last chunk repeated', chunks: [FIRST, SECOND, THIRD, THIRD], fault: trailing },
  { name: 'the whole payload repeated', chunks: [SEALED.sealed, SEALED.sealed], fault: trailing },
  { name: 'a chunk of another payload under the same key', chunks: [FIRST, OTHER_SECOND, THIRD], fault: altered(1) },
  { name: 'another payload under the same key', chunks: OTHER.chunks, fault: altered(0) },
  { name: 'a byte more', chunks: [SEALED.sealed, Uint8Array.of(0)], fault: trailing },
  { name: 'a last chunk that does not say so', chunks: [FIRST, SECOND, chunk(2, false, piece(2))], fault: altered(2) },
  {
    name: 'a chunk in the middle that says it is the last',
    chunks: [FIRST, chunk(1, true, piece(1)), THIRD],
    fault: altered(1),
  },
  { name: 'a chunk of another number', chunks: [FIRST, chunk(2, false, piece(1)), THIRD], fault: altered(1) },
  {
    name: 'a cut behind a chunk that the entry covers',
    chunks: [FIRST, SECOND],
    says: size(131_104),
    fault: altered(1),
  },
  {
    name: 'an entry that promises a chunk more',
    chunks: SEALED.chunks,
    says: size(SEALED.sealed.length + 65_552),
    fault: { code: 'truncated', expected: SEALED.sealed.length + 65_552, got: SEALED.sealed.length },
  },
  {
    name: 'an empty last chunk',
    chunks: [chunk(0, false, piece(0)), chunk(1, true, Buffer.alloc(0))],
    says: size(65_568),
    fault: { code: 'sealed-size-impossible', got: 65_568 },
  },
  {
    name: 'a payload that is too short for the salt',
    chunks: [chunk(0, true, SALT.subarray(1))],
    says: size(47),
    fault: { code: 'sealed-size-impossible', got: 47 },
  },
  {
    name: 'no sealed bytes, as the entry says',
    chunks: [],
    says: size(0),
    fault: { code: 'sealed-size-impossible', got: 0 },
  },
  {
    name: 'another ledger',
    chunks: SEALED.chunks,
    says: { ledger: 'clinic.example/a/0123456789abcdee' },
    fault: altered(0),
  },
  { name: 'another conversation', chunks: SEALED.chunks, says: { conversation: 'c-8' }, fault: altered(0) },
  { name: 'no conversation', chunks: SEALED.chunks, says: { conversation: '' }, fault: altered(0) },
  { name: 'another blob_id', chunks: SEALED.chunks, says: { blob_id: 'ac'.repeat(16) }, fault: altered(0) },
  { name: 'another key', chunks: SEALED.chunks, says: { payloadKey: createSecretKey(SALT) }, fault: altered(0) },
]

function openChunks(
  input: OpenInput,
  chunks: readonly Uint8Array[],
): { released: Buffer; fault: OpenFault | undefined } {
  const opener = createOpener(input)
  const released: Uint8Array[] = []
  for (const sealed of chunks) {
    const opened = opener.push(sealed)
    if ('code' in opened) return { released: Buffer.concat(released), fault: opened }
    released.push(...opened)
  }
  const end = opener.end()
  return { released: Buffer.concat(released), fault: 'code' in end ? end : undefined }
}

describe('refused as a sealed payload', () => {
  for (const { name, chunks, says, fault } of LIES) {
    test(name, () => {
      const input = { ...INPUT, ...says }
      assert.deepEqual(told(openBytes(input, Buffer.concat(chunks))), fault)
      const streamed = openChunks(input, chunks)
      assert.deepEqual(streamed.fault, fault)
      // What was released before the fault is the beginning of the body, whole chunks of it.
      assert.ok(Buffer.from(BODY).subarray(0, streamed.released.length).equals(streamed.released))
    })
  }
})

test('another body that opens under the key is not the one that the entry commits to', () => {
  const other = naiveSeal(KEY, PLACE, SALT, patternBytes(140_000).fill(1))
  assert.deepEqual(told(openBytes(INPUT, other.sealed)), {
    code: 'commitment-mismatch',
    expected: SEALED.commitment,
    got: other.commitment,
  })
  const salted = naiveSeal(KEY, PLACE, Buffer.alloc(32, 8), BODY)
  assert.equal(codeOf(openBytes(INPUT, salted.sealed)), 'commitment-mismatch')
})

test('a stream releases a chunk once another has begun, and not before', () => {
  const opener = createOpener(INPUT)
  assert.deepEqual(opener.push(FIRST), [])
  const opened = opener.push(SECOND.subarray(0, 1))
  assert.ok(!('code' in opened))
  assert.ok(Buffer.concat(opened).equals(Buffer.from(BODY.subarray(0, 65_504))))
})

test('after a fault nothing is opened, and the fault stays', () => {
  const opener = createOpener(INPUT)
  opener.push(SECOND)
  for (const sealed of [FIRST, SECOND, THIRD]) {
    const opened = opener.push(sealed)
    // Not compared as a whole: a difference of long bodies takes minutes to tell.
    assert.ok('code' in opened, 'something was opened')
    assert.deepEqual(opened, altered(0))
  }
  assert.deepEqual(opener.end(), altered(0))
})

test('a payload that was opened to its end takes nothing more', () => {
  const opener = createOpener(INPUT)
  opener.push(SEALED.sealed)
  opener.end()
  assert.throws(() => opener.push(new Uint8Array(0)), RangeError)
  assert.throws(() => opener.end(), RangeError)
})

test('not opened: a key of 16 bytes, a ledger or a conversation with a line break', () => {
  for (const wrong of [
    { payloadKey: createSecretKey(Buffer.alloc(16)) },
    { ledger: 'a\nb' },
    { conversation: 'a\nb' },
    { blob_id: 'a\nb' },
  ]) {
    assert.throws(() => createOpener({ ...INPUT, ...wrong }), RangeError)
  }
})

test('sizes that no payload can have are faults, whatever an entry says', () => {
  for (const got of [0, 1, 47, 65_553, 65_568, 131_105]) {
    assert.deepEqual(told(openBytes({ ...INPUT, sealed_size: got }, SEALED.sealed)), {
      code: 'sealed-size-impossible',
      got,
    })
  }
  assert.equal(codeOf(openBytes({ ...INPUT, sealed_size: sealedSize(2 ** 50) }, SEALED.sealed)), 'truncated')
})

test('the fault of a payload does not depend on how its bytes are cut', () => {
  fc.assert(
    fc.property(fc.constantFrom(...LIES), fc.integer({ min: 10_000, max: 300_000 }), ({ chunks, says, fault }, cut) => {
      const sealed = Buffer.concat(chunks)
      const pieces = Array.from({ length: Math.ceil(sealed.length / cut) }, (_, i) =>
        sealed.subarray(i * cut, (i + 1) * cut),
      )
      assert.deepEqual(openChunks({ ...INPUT, ...says }, pieces).fault, fault)
    }),
  )
})
