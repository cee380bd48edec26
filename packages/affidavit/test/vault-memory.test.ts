// A payload of 100 MB goes through sealer, stored check and opener as a stream, and none of them keeps more than a chunk of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRandomSource } from '../src/crypto/random.ts'
import { createSha256 } from '../src/crypto/sha256.ts'
import { createStoredCheck, sealedSize } from '../src/formats/sealed.ts'
import { createPayloadKey } from '../src/vault/content-key.ts'
import { createOpener } from '../src/vault/open.ts'
import { createSealer } from '../src/vault/seal.ts'
import { retained } from './retained.ts'

const BODY_BYTES = 100_000_000
const PIECE = new Uint8Array(1_000_000).map((_, i) => i % 251)
const LIMIT = 8_000_000
const place = { ledger: 'l', conversation: 'c', blob_id: '00'.repeat(16) }

test('100 MB are sealed, checked and opened without being kept', () => {
  const random = createRandomSource()
  const payloadKey = createPayloadKey(random)
  const digests = [createSha256(), createSha256()]
  // Twice, with the same random bytes: the opener must be told beforehand what the entry will say.
  const salt = random(32)
  const seal = () => createSealer({ ...place, payloadKey, random: () => salt })
  const rehearsal = seal()
  for (let at = 0; at < BODY_BYTES; at += PIECE.length) rehearsal.push(PIECE)
  const { commitment, sealed_size, ciphertext_sha256 } = rehearsal.end()
  assert.equal(sealed_size, sealedSize(BODY_BYTES))

  const sealer = seal()
  const stored = createStoredCheck({ sealed_size, ciphertext_sha256 })
  const opener = createOpener({ ...place, payloadKey, sealed_size, commitment })
  function pass(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      stored.push(chunk)
      const plain = opener.push(chunk)
      assert.ok(!('code' in plain))
      for (const bytes of plain) digests[1]?.update(bytes)
    }
  }

  const before = retained()
  for (let at = 0; at < BODY_BYTES; at += PIECE.length) {
    digests[0]?.update(PIECE)
    pass(sealer.push(PIECE))
    if (at % 10_000_000 !== 0) continue
    const kept = retained() - before
    assert.ok(kept < LIMIT, `${kept} bytes kept at ${at}`)
  }
  pass(sealer.end().chunks)
  const end = opener.end()
  assert.ok(!('code' in end))
  for (const bytes of end.plain) digests[1]?.update(bytes)
  assert.equal(end.plain_size, BODY_BYTES)
  assert.equal(stored.end(), undefined)
  assert.equal(digests[1]?.hex(), digests[0]?.hex())
})
