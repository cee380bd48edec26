// The golden segment, read and made again by an implementation that shares nothing with ours.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { segmentOwner, segmentText } from '../src/formats/segment.ts'
import { encodeBlock } from '../src/formats/segment-block.ts'
import { packBlock, segmentDigest, unpackBlock } from '../src/formats/segment-seal.ts'
import { openSegmentNote } from '../src/formats/signed-segment.ts'
import { naiveSegment } from './oracle/naive-segment.ts'
import {
  goldenEntries,
  goldenKey,
  goldenKeyBytes,
  goldenManifest,
  goldenObject,
  goldenSigner,
} from './segment-vectors.ts'

const note = Buffer.from(goldenManifest).toString('utf8')
const naive = naiveSegment(note, Buffer.from(goldenObject), goldenKeyBytes)

test('a naive reader of the page opens the golden segment', () => {
  assert.deepEqual(
    naive.entries.map(({ entry }) => entry),
    goldenEntries,
  )
  assert.deepEqual(
    naive.entries.map(({ seq }) => seq),
    goldenEntries.map((entry) => JSON.parse(entry).seq),
  )
  assert.equal(naive.root, naive.signedRoot)
  for (const entry of goldenEntries) {
    for (const { blob_id, ciphertext_sha256 } of JSON.parse(entry).content ?? []) {
      const stored = naive.payloads.get(blob_id) ?? assert.fail()
      assert.equal(createHash('sha256').update(stored).digest('hex'), ciphertext_sha256)
    }
  }
})

test('a naive reader of the page makes the golden segment again, to the byte, and its name', () => {
  assert.ok(naive.remade.equals(goldenObject))
  assert.equal(naive.digest, naive.manifest.digest)
})

test('a naive reader of the page names the key of the golden segment', () => {
  const opened = openSegmentNote(goldenManifest, [goldenSigner])
  if ('fault' in opened) assert.fail(opened.problem)
  const { manifest } = opened
  assert.equal(segmentOwner(manifest), naive.owner)
  const others = [
    { seqs: `${manifest.seqs} 99` },
    { due_month: '2999-01' },
    { retention_class: 'x' },
    { ledger: 'x/1' },
  ]
  const replaces = 'ab'.repeat(16)
  const again = naiveSegment(
    note.replace('"rest"', `"replaces":"${replaces}","rest"`),
    Buffer.from(goldenObject),
    goldenKeyBytes,
  )
  assert.equal(segmentOwner({ ...manifest, replaces }), again.owner)
  assert.notEqual(again.owner, naive.owner)
  assert.equal(new Set([naive.owner, ...others.map((one) => segmentOwner({ ...manifest, ...one }))]).size, 5)
})

test('the golden manifest is read, and its text has one spelling', () => {
  const opened = openSegmentNote(goldenManifest, [goldenSigner])
  if ('fault' in opened) assert.fail(opened.problem)
  assert.ok(note.startsWith(segmentText(opened.manifest)))
})

test('whatever a library compresses a block to, it is the same block', () => {
  const block = { entries: goldenEntries.map((entry, seq) => ({ seq, entry: Buffer.from(entry) })), payloads: [] }
  assert.deepEqual(unpackBlock(packBlock(encodeBlock(block))), block)
})

test('a block that is compressed otherwise is of another segment, under another key', () => {
  const scope = { ledger: 'clinic.example/agents/0', retention_class: 'hipaa', due_month: '2032-11' }
  const behind = '0'.repeat(64)
  const block = encodeBlock({ entries: [{ seq: 1, entry: Buffer.from(goldenEntries[0] ?? '') }], payloads: [] })
  const names = [
    segmentDigest(goldenKey, scope, [packBlock(block)], behind),
    segmentDigest(goldenKey, scope, [Buffer.concat([packBlock(block), Buffer.from([0])])], behind),
    segmentDigest(goldenKey, scope, [packBlock(block), packBlock(block)], behind),
    segmentDigest(goldenKey, scope, [packBlock(block)], '1'.repeat(64)),
    segmentDigest(goldenKey, { ...scope, due_month: '2032-12' }, [packBlock(block)], behind),
    segmentDigest(goldenKey, { ...scope, retention_class: 'sox' }, [packBlock(block)], behind),
    segmentDigest(goldenKey, { ...scope, ledger: 'clinic.example/agents/1' }, [packBlock(block)], behind),
  ]
  assert.equal(new Set(names).size, names.length)
})
