import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { checkInclusion } from '../merkle/inclusion.ts'
import { openCheckpoint } from './checkpoint.ts'
import { formatProofFile, parseProofFile } from './proof.ts'
import { parseVerifierKey } from './verifier-key.ts'

interface ProofVectors {
  trusted: string
  proofs: {
    name: string
    input: string
    leafHex?: string
    expected: { extraHex: string; index: number; hashesHex: string[]; checkpoint: string }
  }[]
  lies: { name: string; input?: string; inputHex?: string; lie: string }[]
}

const vectors: ProofVectors = JSON.parse(
  readFileSync(new URL('../../testdata/proof/proof-file.json', import.meta.url), 'utf8'),
)

for (const { name, input, expected } of vectors.proofs) {
  test(`a proof file is read and written: ${name}`, () => {
    const proof = parseProofFile(utf8(input))
    assert.ok(!('code' in proof))
    const { extra, index, hashes, checkpoint } = proof
    assert.deepEqual(
      { extraHex: toHex(extra), index, hashesHex: hashes.map(toHex), checkpoint: Buffer.from(checkpoint).toString() },
      expected,
    )
    assert.equal(formatProofFile(proof), input)
  })
}

for (const { name, input, inputHex, lie } of vectors.lies) {
  test(`refused as a proof file: ${name}`, () => {
    const bytes = input === undefined ? fromHex(inputHex ?? '') : utf8(input)
    assert.ok(bytes !== undefined)
    const proof = parseProofFile(bytes)
    assert.equal('code' in proof ? proof.code : 'accepted', lie)
  })
}

test('the golden proofs prove their leaves under the checkpoint that they carry', () => {
  const key = parseVerifierKey(vectors.trusted)
  assert.ok(!('code' in key))
  for (const { name, input, leafHex } of vectors.proofs) {
    if (leafHex === undefined) continue
    const file = parseProofFile(utf8(input))
    assert.ok(!('code' in file))
    const opened = openCheckpoint(file.checkpoint, [key])
    assert.ok(!('code' in opened), name)
    const { size, root } = opened.checkpoint
    const leaf = fromHex(leafHex) ?? new Uint8Array()
    assert.equal(checkInclusion({ proof: file.hashes, index: file.index, leaf, size, root }), undefined, name)
  }
})

const proofFile = fc.record({
  extra: fc.uint8Array({ maxLength: 40 }),
  index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  hashes: fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 }),
  checkpoint: fc.string({ unit: 'grapheme', minLength: 1 }).map(utf8),
})

test('what is formatted is parsed back, whatever stands in the place of the checkpoint', () => {
  fc.assert(
    fc.property(proofFile, (proof) => {
      const parsed = parseProofFile(utf8(formatProofFile(proof)))
      assert.ok(!('code' in parsed))
      assert.deepEqual(
        { ...parsed, checkpoint: Buffer.from(parsed.checkpoint) },
        {
          ...proof,
          checkpoint: Buffer.from(proof.checkpoint),
        },
      )
    }),
  )
})

test('hostile bytes are refused without a throw, or are the proof that they format to', () => {
  fc.assert(
    fc.property(hostileBytes(vectors.proofs.map(({ input }) => utf8(input))), (bytes) => {
      const proof = parseProofFile(bytes)
      if (!('code' in proof)) assert.deepEqual(Buffer.from(formatProofFile(proof)), Buffer.from(bytes))
    }),
    { numRuns: 500 },
  )
})

test('what no proof file can carry is not formatted', () => {
  const proof = { extra: new Uint8Array(), index: 0, hashes: [], checkpoint: utf8('x\n') }
  assert.throws(() => formatProofFile({ ...proof, index: -1 }), RangeError)
  assert.throws(() => formatProofFile({ ...proof, index: 2 ** 53 }), RangeError)
  assert.throws(() => formatProofFile({ ...proof, hashes: [new Uint8Array(31)] }), RangeError)
  const tooMany = Array.from({ length: 64 }, () => new Uint8Array(32))
  assert.throws(() => formatProofFile({ ...proof, hashes: tooMany }), RangeError)
  assert.throws(() => formatProofFile({ ...proof, checkpoint: new Uint8Array() }), RangeError)
  assert.throws(() => formatProofFile({ ...proof, checkpoint: Uint8Array.of(0xff) }), RangeError)
})
