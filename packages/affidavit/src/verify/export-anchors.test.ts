// Keys that were replaced, and checkpoints that an auditor kept.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import {
  coverIn,
  EXPORTED_AT,
  type ForgedLog,
  type Forgery,
  forgeExport,
  forgeLog,
  swear,
  turns,
} from '../../test/export-forge.ts'
import { heartbeatKey, logKey, noteOf, pinnedTo } from '../../test/signing.ts'
import type { SignerKey } from '../formats/signer-key.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { Anchor } from './anchors.ts'
import { verifyExport } from './export.ts'
import type { FindingCode } from './finding.ts'
import type { Report } from './report.ts'
import type { Trust } from './trust.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-export-anchors-'))
after(() => rmSync(root, { recursive: true, force: true }))
let folders = 0

async function judge(log: ForgedLog, forgery: Forgery, trust: Trust, anchors: readonly Anchor[] = []): Promise<Report> {
  const folder = join(root, String(folders++))
  forgeExport(folder, log, forgery)
  return verifyExport(folder, { trust, anchors })
}

function codes({ findings }: Report): FindingCode[] {
  return [...new Set(findings.map(({ code }) => code))].sort()
}

const origin = 'clinic.example/agents/0123456789abcdef'
const [first, second, third, stranger] = [logKey(origin), logKey(origin), logKey(origin), logKey(origin)]
const heartbeat = heartbeatKey(origin)

function announce(
  old: SignerKey,
  next: SignerKey,
): { action: 'key_rotated'; actor_type: 'system'; details: { [name: string]: string } } {
  const details = { old_key: formatVerifierKey(old.verifierKey), new_key: formatVerifierKey(next.verifierKey) }
  return { action: 'key_rotated', actor_type: 'system', details }
}

// Entry 0 names the first key; entries 4 and 8 announce the second and the third, the checkpoints behind carry both.
const rotated = forgeLog(
  [...turns(3), announce(first, second), ...turns(3, 1).map(withoutProducer), announce(second, third), {}],
  {
    origin,
    key: first,
    heartbeat,
  },
)
const keyLines = [0, 4, 8].map((seq) => rotated.entries[seq] ?? new Uint8Array())
const at = (size: number, ...signers: SignerKey[]): string =>
  noteOf(origin, rotated.entries.slice(0, size), [...signers, heartbeat])
const rotations = [at(5, first, second), at(9, second, third)]
const honest: Forgery = { key: third, keyLines, rotations, checkpoint: at(10, third) }

function withoutProducer(_: unknown, i: number): { conversation_id: string } {
  return { conversation_id: `later-${i}` }
}

for (const [name, key] of Object.entries({ first, second, third })) {
  test(`an export is followed from the ${name} key of its ledger to the third`, async () => {
    const report = await judge(rotated, honest, pinnedTo(key))
    assert.deepEqual(report.findings, [])
    assert.equal(report.status, 'valid')
    assert.equal(report.axes.signer.verdict, 'pinned key')
    assert.match(report.axes.signer.says, new RegExp(`${third.verifierKey.keyId}.*until 10$`))
  })
}

test('keys are followed in a filtered export, which holds none of the entries that name them', async () => {
  const filtered = { ...honest, query: { from_seq: 9 }, lines: rotated.entries.slice(9) }
  assert.deepEqual(await judge(rotated, filtered, pinnedTo(first)).then(({ status }) => status), 'valid')
})

test('keys are followed from entry 0 under first use', async () => {
  const report = await judge(rotated, honest, { kind: 'first use' })
  assert.deepEqual([report.status, report.axes.signer.verdict], ['valid', 'first-use key'])
})

test('refused: the key that is pinned is none of the ledger', async () => {
  const report = await judge(rotated, honest, pinnedTo(stranger))
  assert.deepEqual([report.status, codes(report)], ['incomplete', ['no-trusted-signature']])
})

test('refused: the key that is pinned belongs to another ledger', async () => {
  const report = await judge(rotated, honest, pinnedTo(logKey('elsewhere.example/agents/fedcba9876543210')))
  assert.deepEqual([report.status, codes(report)], ['incomplete', ['wrong-origin']])
})

test('refused: no checkpoint says that the old key vouched for the new one', async () => {
  const { rotations: _, ...without } = honest
  const report = await judge(rotated, without, pinnedTo(first))
  assert.deepEqual([report.status, codes(report)], ['incomplete', ['key-not-in-force']])
  assert.equal((await judge(rotated, without, pinnedTo(third))).status, 'valid')
})

test('refused: the checkpoint of a change is signed by the new key alone', async () => {
  const report = await judge(rotated, { ...honest, rotations: [at(5, second), at(9, second, third)] }, pinnedTo(first))
  assert.deepEqual([report.status, codes(report)], ['incomplete', ['key-not-in-force']])
})

test('refused: the announcement of a key is left out of keys.jsonl', async () => {
  const report = await judge(rotated, { ...honest, keyLines: keyLines.slice(0, 2) }, pinnedTo(first))
  assert.deepEqual(report.status, 'tampered')
  assert.ok(
    codes(report).includes('foreign-checkpoint') || codes(report).includes('no-trusted-signature'),
    String(codes(report)),
  )
})

test('found: an announcement that is not in the log', async () => {
  const forged = forgeLog([...turns(3), announce(first, stranger)], { origin, key: first, heartbeat })
  const lines = [...keyLines.slice(0, 1), forged.entries[4] ?? new Uint8Array()]
  const lie = { key: stranger, keyLines: lines, rotations: [at(5, first, stranger)], checkpoint: at(10, stranger) }
  const report = await judge(rotated, lie, pinnedTo(first))
  assert.deepEqual([report.status, report.broken_at], ['tampered', { seq: 4, what: 'keys.jsonl' }])
})

test('found: the checkpoint of a change belongs to another history', async () => {
  const other = forgeLog(turns(8), { origin, key: first, heartbeat })
  const change = noteOf(origin, other.entries.slice(0, 5), [first, second, heartbeat])
  const report = await judge(rotated, { ...honest, rotations: [change, at(9, second, third)] }, pinnedTo(first))
  assert.deepEqual([report.status, codes(report)], ['tampered', ['root-mismatch']])
})

test('found: a record of rotations.log is no checkpoint of the ledger', async () => {
  const elsewhere = logKey('elsewhere.example/agents/fedcba9876543210')
  const change = noteOf('elsewhere.example/agents/fedcba9876543210', rotated.entries, [elsewhere, heartbeat])
  const report = await judge(rotated, { ...honest, rotations: [...rotations, change] }, pinnedTo(first))
  assert.equal(report.status, 'incomplete')
  assert.deepEqual(codes(report), ['wrong-origin'])
})

test('found: a key that was replaced swears to the cover', async () => {
  const folder = join(root, 'sworn-by-an-old-key')
  forgeExport(folder, rotated, honest)
  swear(folder, { ...coverIn(folder), requester: 'somebody else' }, first)
  const report = await verifyExport(folder, { trust: pinnedTo(first), anchors: [] })
  assert.deepEqual([report.status, codes(report)], ['tampered', ['foreign-signature']])
})

test('found: the entries of keys.jsonl change places', async () => {
  const [start = new Uint8Array(), ...changes] = keyLines
  const report = await judge(rotated, { ...honest, keyLines: [start, ...changes.reverse()] }, pinnedTo(third))
  assert.deepEqual([report.status, codes(report)], ['tampered', ['file-altered']])
})

test('found: keys.jsonl announces a key behind the end of the log', async () => {
  const cut = { ...rotated, entries: rotated.entries.slice(0, 6) }
  const rest = { keyLines, rotations: rotations.slice(0, 1), key: second, checkpoint: at(6, second) }
  const report = await judge(cut, rest, pinnedTo(first))
  assert.deepEqual([report.status, codes(report)], ['tampered', ['entry-surplus']])
})

const log = forgeLog(turns(299), { origin, key: first, heartbeat })
const exportedSeconds = Date.parse(EXPORTED_AT) / 1000

function kept(size: number, seconds: number = exportedSeconds - 100, from: ForgedLog = log): Anchor {
  const note = noteOf(origin, from.entries.slice(0, size), [first, heartbeat], seconds)
  return { kind: 'external', where: 'notebook', notes: [note], faults: [] }
}

test('anchors of every smaller size agree with an honest export', async () => {
  const sizes = [1, 2, 3, 128, 255, 256, 257, 299, 300]
  const notes = sizes.flatMap((size) => kept(size).notes)
  const report = await judge(log, {}, pinnedTo(first), [{ kind: 'external', where: 'notebook', notes, faults: [] }])
  assert.deepEqual(report.findings, [])
  assert.deepEqual([report.status, report.axes.anchor.verdict], ['valid', 'external'])
  assert.match(report.axes.anchor.says, /^external \(notebook\), until 300$/)
})

test('an anchor below the end says how many entries are unanchored', async () => {
  const { axes } = await judge(log, {}, pinnedTo(first), [kept(257)])
  assert.match(axes.anchor.says, /until 257; the last 43 entries are unanchored$/)
})

test('an anchor agrees with a filtered export too', async () => {
  const filtered = { query: { until_seq: 5 }, lines: log.entries.slice(0, 5) }
  const report = await judge(log, filtered, pinnedTo(first), [kept(257)])
  assert.deepEqual([report.status, report.axes.anchor.verdict], ['valid', 'external'])
})

test('found by an anchor: everything was rewritten with the real key', async () => {
  const rewritten = forgeLog(turns(299), { origin, key: first, heartbeat })
  const alone = await judge(rewritten, {}, pinnedTo(first))
  assert.equal(alone.status, 'valid', 'nobody can tell without an anchor')
  assert.ok(alone.not_checked.some((line) => line.startsWith('a rewrite of everything with the real key')))
  const report = await judge(rewritten, {}, pinnedTo(first), [kept(100)])
  assert.deepEqual([report.status, codes(report)], ['tampered', ['anchor-mismatch']])
  assert.deepEqual(report.broken_at?.seq, 0)
})

test('found by an anchor: the tail was cut before the export was made', async () => {
  const cut = { ...log, entries: log.entries.slice(0, 200) }
  const report = await judge(cut, {}, pinnedTo(first), [kept(300)])
  assert.deepEqual([report.status, codes(report), report.broken_at?.seq], ['tampered', ['tail-cut'], 200])
})

test('an anchor that is newer than the export does not contradict it, and is said to be open', async () => {
  const early = { ...log, entries: log.entries.slice(0, 200) }
  const anchors = [{ ...kept(150), notes: [...kept(150).notes, ...kept(300, exportedSeconds + 100).notes] }]
  const report = await judge(early, {}, pinnedTo(first), anchors)
  assert.equal(report.status, 'valid')
  assert.match(report.axes.anchor.says, /until 150/)
  assert.ok(report.not_checked.includes('notebook: what its checkpoints say of entries newer than this export'))
})

test('a newer checkpoint by a key that nobody knows is not believed, either way', async () => {
  const early = { ...log, entries: log.entries.slice(0, 200) }
  const note = noteOf(origin, log.entries, [stranger])
  const report = await judge(early, {}, pinnedTo(first), [
    { kind: 'external', where: 'notebook', notes: [note], faults: [] },
  ])
  assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-untrusted']])
})

test('checkpoints of other ledgers in an anchor are left alone, larger ones too', async () => {
  const elsewhere = logKey('elsewhere.example/agents/fedcba9876543210')
  const notes = [100, 300].map((size) => noteOf(elsewhere.verifierKey.name, log.entries.slice(0, size), [elsewhere]))
  const early = { ...log, entries: log.entries.slice(0, 200) }
  const anchors = [{ ...kept(150), notes: [...kept(150).notes, ...notes] }]
  const report = await judge(early, {}, pinnedTo(first), anchors)
  assert.equal(report.status, 'valid')
  assert.ok(!report.not_checked.some((line) => line.includes('newer')))
})
