import assert from 'node:assert/strict'
import { test } from 'node:test'

import { asRow, SAMPLE_ORIGIN, sampleLog, verifyChunk } from '../../test/sample-log.ts'
import { heartbeatKey, logKey, noteOf, pinnedTo, rotationEntry, startEntry, timeLine } from '../../test/signing.ts'
import type { SignerKey } from '../formats/signer-key.ts'
import type { Anchor } from './anchors.ts'
import type { KeptCheckpoint } from './checkpoints.ts'
import { joinChunks, planChunks } from './join.ts'
import { judgeLog, type LogEvidence } from './log.ts'
import type { Report } from './report.ts'

const [first, second, mallory] = [logKey(SAMPLE_ORIGIN), logKey(SAMPLE_ORIGIN), logKey(SAMPLE_ORIGIN)]
const heartbeat = heartbeatKey(SAMPLE_ORIGIN)
const ROTATED_AT = 7
const rows = sampleLog([
  { action: 'logging_started', details: startEntry(first, heartbeat).details },
  ...Array.from({ length: ROTATED_AT - 1 }, () => ({})),
  { action: 'key_rotated', details: rotationEntry(ROTATED_AT, first, second).details },
  ...Array.from({ length: 6 }, () => ({})),
])
const entries = rows.map(({ entry }) => entry)

const SECONDS = 1_795_000_000
const kept: readonly KeptCheckpoint[] = [
  keptAt(1, [first]),
  keptAt(5, [first], 3),
  keptAt(8, [first, second]),
  keptAt(11, [second], 1),
]

function keptAt(size: number, signers: readonly SignerKey[], heartbeats: number = 0): KeptCheckpoint {
  const note = noteOf(SAMPLE_ORIGIN, entries.slice(0, size), [...signers, heartbeat], SECONDS + size)
  const cosignatures = Array.from({ length: heartbeats }, (_, i) => timeLine(note, heartbeat, SECONDS + 100 + i))
  return { size, note, cosignatures }
}

/** What the ledger releases: each checkpoint, and each heartbeat as a note of its own. */
function released(checkpoints: readonly KeptCheckpoint[] = kept): string[] {
  return checkpoints.flatMap(({ note, cosignatures }) => [note, ...cosignatures.map((line) => `${note}${line}\n`)])
}

function local(notes: readonly string[], more: Partial<Anchor> = {}): Anchor {
  return { kind: 'local', where: 'checkpoint log', notes, faults: [], ...more }
}

function external(notes: readonly string[], more: Partial<Anchor> = {}): Anchor {
  return { kind: 'external', where: 'kept', notes, faults: [], ...more }
}

function judge(changes: Partial<LogEvidence> = {}): Report {
  const checkpoints = changes.checkpoints ?? kept
  const anchors = changes.anchors ?? []
  const sizes = [...checkpoints.map(({ size }) => size), ...Array.from({ length: rows.length }, (_, i) => i + 1)]
  const [task] = planChunks(SAMPLE_ORIGIN, rows.length, sizes)
  if (task === undefined) throw new Error('a log has a stretch')
  const chunk = verifyChunk(
    task,
    rows.map(asRow),
    () => undefined,
    () => [],
  )
  return judgeLog({
    origin: SAMPLE_ORIGIN,
    trust: pinnedTo(first),
    joined: joinChunks([chunk]),
    checkpoints,
    anchors,
    notChecked: [],
    ...changes,
  })
}

function codes({ findings }: Report): (string | undefined)[][] {
  return findings.map(({ code, what, seq }) => [code, what ?? (seq === undefined ? undefined : `seq ${seq}`)])
}

test('a log that was signed, rotated its key and released everything is valid, to its anchors', () => {
  const report = judge({ anchors: [local(released()), external([kept[2]?.note ?? ''])] })
  assert.deepEqual(codes(report), [])
  assert.equal(report.status, 'valid')
  assert.match(report.axes.signer.says, /until 11$/)
  assert.equal(report.axes.anchor.says, 'external (kept), until 8; the last 6 entries are unanchored')
  assert.ok(report.not_checked.includes('entries 11 to 13: chained, but no counted checkpoint covers them yet'))
  assert.ok(report.not_checked.some((line) => /entries 8 to 13 with the real key/.test(line)))
})

test('an external anchor of everything leaves nothing open', () => {
  const report = judge({
    checkpoints: [...kept, keptAt(14, [second])],
    anchors: [external([keptAt(14, [second]).note])],
  })
  assert.equal(report.axes.anchor.says, 'external (kept), until 14')
  assert.ok(!report.not_checked.some((line) => line.startsWith('a rewrite') || line.startsWith('kept:')))
})

test('the signer is the key that counts: a pinned new key is named where both have signed', () => {
  const report = judge({ trust: pinnedTo(second), checkpoints: kept.slice(0, 3) })
  assert.ok(report.axes.signer.says.includes(`+${second.verifierKey.keyId}+`), report.axes.signer.says)
})

test('a ledger that was idle for a week keeps ten thousand heartbeats, and verifies', () => {
  const idle = [...kept.slice(0, 3), keptAt(11, [second], 300)]
  const report = judge({ checkpoints: idle, anchors: [local(released(idle))] })
  assert.deepEqual(codes(report), [])
  assert.match(report.axes.time.says, new RegExp(new Date((SECONDS + 399) * 1000).toISOString().slice(0, 19)))
})

test('a heartbeat at a time beyond every calendar is no crash', () => {
  const [note = ''] = released(kept.slice(3))
  const far = { size: 11, note, cosignatures: [timeLine(note, heartbeat, Number.MAX_SAFE_INTEGER)] }
  assert.match(judge({ checkpoints: [...kept.slice(0, 3), far] }).axes.time.says, /9007199254740991 seconds after 1970/)
})

const KEPT_LIES: readonly (readonly [
  name: string,
  checkpoints: readonly KeptCheckpoint[],
  found: string,
  what?: string,
])[] = [
  [
    'listed under another size',
    [{ ...(kept[0] ?? keptAt(1, [first])), size: 2 }, ...kept.slice(1)],
    'checkpoint-misplaced',
    'checkpoint of size 2',
  ],
  [
    'no note',
    [{ size: 1, note: 'x', cosignatures: [] }, ...kept.slice(1)],
    'checkpoint-unreadable',
    'checkpoint of size 1',
  ],
  [
    'of another log',
    [
      { size: 1, note: noteOf('other/log', entries.slice(0, 1), [logKey('other/log')]), cosignatures: [] },
      ...kept.slice(1),
    ],
    'foreign-checkpoint',
    'checkpoint of size 1',
  ],
  [
    'signed by a stranger',
    [keptAt(1, [mallory].slice(1)), ...kept.slice(1)].map((one, i) =>
      i === 0 ? { ...one, note: noteOf(SAMPLE_ORIGIN, entries.slice(0, 1), [mallory]) } : one,
    ),
    'foreign-checkpoint',
    'checkpoint of size 1',
  ],
  [
    'signed by a stranger too',
    [keptAt(1, [first, mallory]), ...kept.slice(1)],
    'foreign-signature',
    'checkpoint of size 1',
  ],
  [
    'of another tree, by the real key',
    [
      { size: 5, note: noteOf(SAMPLE_ORIGIN, entries.slice(1, 6), [first]), cosignatures: [] },
      ...kept.filter(({ size }) => size !== 5),
    ],
    'root-mismatch',
    'checkpoint of size 5',
  ],
  [
    'a cosignature of another checkpoint',
    [{ ...keptAt(1, [first]), cosignatures: kept[3]?.cosignatures ?? [] }, ...kept.slice(1)],
    'signature-invalid',
    'checkpoint of size 1',
  ],
  [
    'a log signature among the cosignatures',
    [{ ...keptAt(1, [first]), cosignatures: [lineOf(keptAt(1, [first]).note)] }, ...kept.slice(1)],
    'foreign-signature',
    'checkpoint of size 1',
  ],
  [
    'two lines in the place of one',
    [{ ...keptAt(1, [first]), cosignatures: [twoLines(keptAt(1, [first]).note)] }, ...kept.slice(1)],
    'foreign-signature',
    'checkpoint of size 1',
  ],
  ['a replaced key signs again', [...kept, keptAt(13, [first])], 'key-not-in-force', 'checkpoint of size 13'],
  [
    'more than the log has',
    [...kept, { size: 15, note: noteOf(SAMPLE_ORIGIN, [...entries, Buffer.from('x')], [second]), cosignatures: [] }],
    'tail-cut',
    'checkpoint of size 15',
  ],
]

function lineOf(note: string): string {
  return note.split('\n').find((line) => line.startsWith('\u2014 ')) ?? ''
}

function twoLines(note: string): string {
  return [timeLine(note, heartbeat, SECONDS), timeLine(note, heartbeat, SECONDS + 1)].join('\n')
}

for (const [name, checkpoints, found, what] of KEPT_LIES) {
  test(`a kept checkpoint: ${name} → ${found}`, () => {
    assert.deepEqual(codes(judge({ checkpoints })), [[found, what]])
  })
}

test('nobody has signed, and somebody else has: neither is verified', () => {
  assert.deepEqual(codes(judge({ checkpoints: [] })), [['no-checkpoint', undefined]])
  const { status, axes, findings } = judge({ trust: pinnedTo(mallory) })
  assert.deepEqual(
    findings.map(({ problem }) => problem),
    ['no checkpoint is signed by the pinned key'],
  )
  assert.equal(status, 'incomplete')
  assert.equal(axes.signer.verdict, 'unsigned')
})

test('records of other ledgers in a checkpoint log are nobody’s fault where others use it or the database has them', () => {
  const other = 'clinic.example/other/0123456789abcdef'
  const theirs = noteOf(other, entries.slice(0, 9), [logKey(other), heartbeatKey(other)])
  const notes = [theirs, ...released(), theirs]
  assert.deepEqual(codes(judge({ anchors: [local(notes, { use: 'shared' })] })), [])
  assert.deepEqual(codes(judge({ anchors: [local(notes)], others: [{ origin: other, checkpoints: [] }] })), [])
  const unknown = judge({ anchors: [local(notes)] })
  assert.deepEqual(codes(unknown), [['anchor-record-foreign', 'checkpoint log']])
  assert.equal(unknown.status, 'incomplete')
})

test('the records of a checkpoint log may stand in any order: several processes release', () => {
  assert.deepEqual(codes(judge({ anchors: [local(released().reverse())] })), [])
})

test('the last record of a checkpoint log can be cut unseen; the report says how far it reaches', () => {
  const { axes, status } = judge({ anchors: [local(released(kept.slice(0, 3)))] })
  assert.equal(status, 'valid')
  assert.equal(axes.anchor.says, 'local (checkpoint log), until 8; the last 6 entries are unanchored')
})

test('a checkpoint log that lacks more than a crash holds back, or everything, is found', () => {
  for (const there of [0, 1, 2]) {
    const report = judge({ anchors: [local(released(kept.slice(0, there)))] })
    assert.deepEqual(codes(report), [['anchor-record-missing', 'checkpoint log']])
    assert.equal(report.status, 'incomplete')
  }
  const [only = keptAt(1, [first])] = kept
  assert.deepEqual(codes(judge({ checkpoints: [only], anchors: [local([])] })), [
    ['anchor-record-missing', 'checkpoint log'],
  ])
})

test('what was signed after the checkpoint log was read need not be in it', () => {
  const readAt = (SECONDS + 8) * 1000
  assert.deepEqual(codes(judge({ anchors: [local(released(kept.slice(0, 2)), { readAt })] })), [])
  const later = readAt + 60_000
  assert.deepEqual(codes(judge({ anchors: [local(released(kept.slice(0, 2)), { readAt: later })] })), [
    ['anchor-record-missing', 'checkpoint log'],
  ])
})

test('what an anchor has and the ledger has no more was removed from the ledger', () => {
  const without = [kept[0] ?? keptAt(1, [first]), ...kept.slice(2)]
  for (const anchor of [local(released()), external([kept[1]?.note ?? ''])]) {
    assert.deepEqual(codes(judge({ checkpoints: without, anchors: [anchor] })), [
      ['checkpoint-removed', 'checkpoint of size 5'],
    ])
  }
  const fewerLines = kept.map((one) => ({ ...one, cosignatures: one.cosignatures.slice(1) }))
  assert.deepEqual(codes(judge({ checkpoints: fewerLines, anchors: [local(released())] })), [
    ['cosignature-removed', 'checkpoint of size 5'],
    ['cosignature-removed', 'checkpoint of size 11'],
  ])
})

test('what the ledger has and its checkpoint log has not, before the end, is said', () => {
  for (const missing of [1, 5, 8]) {
    const notes = released(kept.filter(({ size }) => size !== missing))
    const report = judge({ anchors: [local(notes)] })
    assert.deepEqual(codes(report), [['anchor-record-missing', 'checkpoint log']])
    assert.match(report.findings[0]?.problem ?? '', new RegExp(`size ${missing} `))
    assert.deepEqual(codes(judge({ anchors: [external(notes)] })), [], 'an auditor keeps what he likes')
  }
})

test('several records that are missing are counted', () => {
  const [found] = judge({ anchors: [local(released(kept.slice(3)))] }).findings
  assert.match(found?.problem ?? '', /^the checkpoint of size 1, and 2 more is not in it/)
})

test('an anchor by a key that nobody pinned: its tree decides', () => {
  const sameTree = noteOf(SAMPLE_ORIGIN, entries.slice(0, 5), [mallory])
  const otherTree = noteOf(SAMPLE_ORIGIN, entries.slice(1, 6), [mallory])
  const longer = noteOf(SAMPLE_ORIGIN, [...entries, ...entries], [mallory])
  assert.deepEqual(codes(judge({ anchors: [external([sameTree])] })), [
    ['anchor-untrusted', 'kept, checkpoint of size 5'],
  ])
  assert.deepEqual(codes(judge({ anchors: [local([...released(), sameTree])] })), [
    ['checkpoint-log-altered', 'checkpoint log, checkpoint of size 5'],
  ])
  assert.deepEqual(codes(judge({ anchors: [external([otherTree])] })), [
    ['anchor-mismatch', 'kept, checkpoint of size 5'],
  ])
  assert.deepEqual(codes(judge({ anchors: [external([longer])] })), [['tail-cut', 'kept, checkpoint of size 28']])
  assert.equal(judge({ anchors: [external([sameTree])] }).axes.anchor.verdict, 'contradicted')
})

test('an anchor whose signature does not hold says nothing of the ledger; in its own checkpoint log it says enough', () => {
  const broken = (kept[1]?.note ?? '').replace('\n5\n', '\n6\n')
  assert.deepEqual(codes(judge({ anchors: [external([broken])] })), [['anchor-unreadable', 'kept']])
  assert.equal(judge({ anchors: [external([broken])] }).status, 'incomplete')
  const [report] = [judge({ anchors: [local([...released(), broken])] })]
  assert.deepEqual(codes(report), [['checkpoint-log-altered', 'checkpoint log']])
  assert.equal(report.status, 'tampered')
})

test('places of an anchor that cannot be read: the ledger’s own log was altered, an auditor’s file says nothing', () => {
  const faults = ['byte 10: no checkpoint']
  assert.deepEqual(codes(judge({ anchors: [local(released(), { faults })] })), [
    ['checkpoint-log-altered', 'checkpoint log'],
  ])
  assert.deepEqual(codes(judge({ anchors: [external(released(), { faults })] })), [['anchor-unreadable', 'kept']])
})

test('a line in the checkpoint log by a key that the log does not name was put there; a witness may sign an auditor’s copy', () => {
  const note = noteOf(SAMPLE_ORIGIN, entries.slice(0, 5), [first, heartbeatKey('witness.example/w')], SECONDS + 5)
  assert.deepEqual(codes(judge({ anchors: [local([...released(), note])] })), [
    ['checkpoint-log-altered', 'checkpoint log, checkpoint of size 5'],
  ])
  assert.deepEqual(codes(judge({ anchors: [external([note])] })), [])
})

test('an anchor reaches as far as keys that count have signed it', () => {
  const notes = [kept[0]?.note ?? '', noteOf(SAMPLE_ORIGIN, entries.slice(0, 12), [heartbeat])]
  const { axes } = judge({
    anchors: [external(notes)],
    trust: pinnedTo(first),
    checkpoints: [...kept, keptAt(12, [second])],
  })
  assert.match(axes.anchor.says, /^external \(kept\), until 1;/)
})

test('a key that was replaced attests nothing where it is out of force, nor one before it came', () => {
  const checkpoints = [...kept, keptAt(4, [second]), keptAt(12, [first]), keptAt(13, [second])]
  const anchored = (notes: readonly string[]): Report =>
    judge({ anchors: [external(notes)], trust: pinnedTo(first), checkpoints })
  const retired = noteOf(SAMPLE_ORIGIN, entries.slice(0, 12), [first])
  const early = noteOf(SAMPLE_ORIGIN, entries.slice(0, 4), [second])
  assert.match(anchored([kept[1]?.note ?? '', retired]).axes.anchor.says, /^external \(kept\), until 5;/)
  for (const alone of [retired, early]) assert.deepEqual(codes(anchored([alone])), [['anchor-silent', 'kept']])
})

test('an auditor’s anchor without a word on this ledger is found, and named among what was not checked', () => {
  const { status, axes, not_checked } = judge({ anchors: [external([])] })
  assert.deepEqual([status, axes.anchor.verdict], ['incomplete', 'contradicted'])
  assert.ok(not_checked.includes('kept: no checkpoint of this ledger in it that a counted key has signed'))
})

const [oneRecord = ''] = kept.map(({ note }) => `${note}\n`)
const heartbeatRecord = `${kept[1]?.note}${kept[1]?.cosignatures[0]}\n\n`
const TORN: readonly (readonly [name: string, bytes: Uint8Array, altered: boolean])[] = [
  ['the start of a record', Buffer.from(oneRecord).subarray(0, 70), false],
  ['a record but for its last byte', Buffer.from(oneRecord).subarray(0, -1), false],
  ['the start of a heartbeat', Buffer.from(heartbeatRecord).subarray(0, -20), false],
  [
    'the start of a record, and zeros after a power loss',
    Buffer.concat([Buffer.from(oneRecord).subarray(0, 60), Buffer.alloc(90)]),
    false,
  ],
  ['the start of a record of another ledger', Buffer.from('clinic.example/other/0'), true],
  ['a thousand letters', Buffer.from('x'.repeat(1_000)), true],
  ['records with other line ends', Buffer.from(oneRecord.replaceAll('\n', '\r\n')), true],
  ['a record with another last byte', Buffer.concat([Buffer.from(oneRecord).subarray(0, -1), Buffer.from('x')]), true],
  ['the start of a record that the ledger never made', Buffer.from(`${SAMPLE_ORIGIN}\n77\n`), true],
]
for (const [name, torn, altered] of TORN) {
  test(`a checkpoint log that ends in ${name} was ${altered ? 'altered' : 'torn, and that is said'}`, () => {
    const report = judge({ anchors: [local(released(), { torn })] })
    assert.deepEqual(codes(report), altered ? [['checkpoint-log-altered', 'checkpoint log']] : [])
    assert.ok(report.not_checked.some((line) => /cut off while it was written/.test(line)))
  })
}

test('a shared checkpoint log may end in the start of another ledger’s record, and in nothing else', () => {
  const ending = (torn: string): string[] =>
    judge({ anchors: [local(released(), { use: 'shared', torn: Buffer.from(torn) })] }).findings.map(({ code }) => code)
  assert.deepEqual(ending('clinic.example/other/0\n12\n'), [])
  for (const torn of [`${SAMPLE_ORIGIN}\n77\n`, 'x'.repeat(1_000), 'garbage\n\n'])
    assert.deepEqual(ending(torn), ['checkpoint-log-altered'])
})

test('an auditor’s file that ends in the middle of a record is damaged', () => {
  const report = judge({ anchors: [external(released(), { torn: Buffer.from(oneRecord).subarray(0, 70) })] })
  assert.deepEqual(codes(report), [['anchor-unreadable', 'kept']])
  assert.equal(report.status, 'incomplete')
})

test('first use says that it is, and follows the same keys', () => {
  const report = judge({ trust: { kind: 'first use' } })
  assert.equal(report.axes.signer.verdict, 'first-use key')
  assert.ok(report.not_checked.includes('the key: none was pinned (--vkey)'))
  assert.equal(report.status, 'valid')
})
