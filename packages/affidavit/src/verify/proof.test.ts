import assert from 'node:assert/strict'
import { test } from 'node:test'

import { rewritten, SAMPLE_ORIGIN, sampleLog } from '../../test/sample-log.ts'
import { heartbeatKey, logKey, noteOf, pinnedTo, timeLine } from '../../test/signing.ts'
import { utf8 } from '../bytes/text.ts'
import { formatProofFile } from '../formats/proof.ts'
import { createGrowth, emptyFrontier } from '../merkle/growth.ts'
import { leafHash } from '../merkle/hash.ts'
import { buildInclusion, planInclusion } from '../merkle/inclusion.ts'
import { locateNode } from '../merkle/node.ts'
import { verifyProof } from './proof.ts'
import type { Report } from './report.ts'

const [key, stranger] = [logKey(SAMPLE_ORIGIN), logKey(SAMPLE_ORIGIN)]
const [heartbeat, witness] = [heartbeatKey(SAMPLE_ORIGIN), heartbeatKey('witness.example/w')]
const rows = sampleLog(Array.from({ length: 11 }, () => ({})))
const entries = rows.map(({ entry }) => entry)
const note = noteOf(SAMPLE_ORIGIN, entries, [key, heartbeat], 1_795_000_000)
const growth = createGrowth(emptyFrontier)
const nodes = entries.map((entry) => growth.append(leafHash(entry)))

function proofOf(index: number, checkpoint: string = note): Uint8Array {
  const hashes = buildInclusion(planInclusion(index, 11), (id) => {
    const { seq, offset } = locateNode(id)
    return nodes[seq]?.subarray(offset, offset + 32) ?? new Uint8Array()
  })
  return utf8(formatProofFile({ extra: new Uint8Array(), index, hashes, checkpoint: utf8(checkpoint) }))
}

function entryAt(index: number): Uint8Array {
  return entries[index] ?? new Uint8Array()
}

function codes({ findings }: Report): string[] {
  return findings.map(({ code }) => code)
}

test('every record of a log is proven by its proof under the pinned key, at the time that the ledger asserts', () => {
  for (let index = 0; index < 11; index++) {
    const report = verifyProof(proofOf(index), entryAt(index), pinnedTo(key, heartbeat))
    assert.deepEqual([report.status, codes(report), report.records_checked], ['valid', [], 1])
    assert.equal(report.subject.origin, SAMPLE_ORIGIN)
    assert.match(report.axes.time.says, /^asserted by the ledger, at 2026-11-18T/)
    assert.match(report.axes.signer.says, /^pinned key .*, until 11$/)
  }
  const { axes } = verifyProof(proofOf(0), entryAt(0), pinnedTo(key))
  assert.equal(axes.time.says, 'asserted by the record only', 'a time by a key that nobody pinned is no time')
})

test('a proof says nothing of the order, of other records, and of what others are shown', () => {
  const { axes, not_checked } = verifyProof(proofOf(3), entryAt(3), pinnedTo(key))
  assert.deepEqual(
    [axes.order.verdict, axes.completeness.verdict, axes.anchor.verdict],
    ['not claimed', 'not claimed', 'none'],
  )
  assert.ok(not_checked.includes('every other record of the log'))
})

test('other bytes, another record, and another place are not proven', () => {
  const altered = rewritten(entryAt(3), { actor_id: 'somebody' })
  assert.deepEqual(codes(verifyProof(proofOf(3), altered, pinnedTo(key))), ['entry-altered'])
  assert.deepEqual(codes(verifyProof(proofOf(3), entryAt(4), pinnedTo(key))), ['entry-altered', 'wrong-seq'])
  assert.ok(codes(verifyProof(proofOf(3), Buffer.from('{}'), pinnedTo(key))).includes('entry-altered'))
})

test('every flipped byte of a proof file is found, or makes its time a stranger’s, which is not believed', () => {
  const proof = proofOf(3)
  for (let at = 0; at < proof.length; at++) {
    const flipped = Uint8Array.from(proof)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    const { status, axes } = verifyProof(flipped, entryAt(3), pinnedTo(key, heartbeat))
    assert.ok(status !== 'valid' || axes.time.says === 'asserted by the record only', `byte ${at}`)
  }
})

test('under another key of the same name, or of another log, it is not trusted', () => {
  for (const pins of [
    pinnedTo(stranger),
    pinnedTo(logKey('other.example/log')),
    { kind: 'pinned', keys: [] } as const,
  ]) {
    const report = verifyProof(proofOf(3), entryAt(3), pins)
    assert.deepEqual(
      [report.status, codes(report), report.records_checked],
      ['incomplete', ['no-trusted-signature'], 0],
    )
    assert.equal(report.axes.signer.verdict, 'unsigned')
  }
})

test('a pinned cosigner says when it saw the log, not that the log is its own', () => {
  const report = verifyProof(proofOf(3), entryAt(3), pinnedTo(heartbeat))
  assert.deepEqual([report.status, codes(report)], ['incomplete', ['no-trusted-signature']])
  const witnessed = `${noteOf(SAMPLE_ORIGIN, entries, [key])}${timeLine(note, witness, 1_795_000_001)}\n`
  assert.equal(verifyProof(proofOf(3, witnessed), entryAt(3), pinnedTo(witness, key)).status, 'valid')
  assert.equal(verifyProof(proofOf(3, witnessed), entryAt(3), pinnedTo(witness)).status, 'incomplete')
})

test('of several pinned logs, the one that the proof names counts', () => {
  const others = [logKey('a.example/log'), logKey('b.example/log')]
  assert.equal(verifyProof(proofOf(3), entryAt(3), pinnedTo(...others, key)).status, 'valid')
})

test('what is no proof file is none, and a time beyond every calendar is no crash', () => {
  assert.deepEqual(codes(verifyProof(utf8('no proof'), entryAt(3), pinnedTo(key))), ['proof-invalid'])
  const far = noteOf(SAMPLE_ORIGIN, entries, [key, heartbeat], Number.MAX_SAFE_INTEGER)
  const report = verifyProof(proofOf(3, far), entryAt(3), pinnedTo(key, heartbeat))
  assert.match(report.axes.time.says, /9007199254740991 seconds after 1970/)
})
