import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import {
  coverIn,
  EXPORTED_AT,
  type ForgedLog,
  type Forgery,
  forgeExport,
  forgeLog,
  linesOf,
  seqOf,
  statementNote,
  swear,
  tilesOf,
  turns,
} from '../../test/export-forge.ts'
import { inspectExport } from '../../test/oracle/naive-export.ts'
import { rewritten } from '../../test/sample-log.ts'
import { logKey, noteOf, pinnedTo } from '../../test/signing.ts'
import { toHex } from '../bytes/hex.ts'
import { asksForAll, statementText } from '../formats/export.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { leafHash } from '../merkle/hash.ts'
import { type ExportOptions, verifyExport } from './export.ts'
import type { Axis, FindingCode } from './finding.ts'
import type { Report } from './report.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-verify-export-'))
after(() => rmSync(root, { recursive: true, force: true }))
let folders = 0

function newFolder(): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  return folder
}

function forged(log: ForgedLog, forgery: Forgery = {}): string {
  const folder = newFolder()
  forgeExport(folder, log, forgery)
  return folder
}

function judge(folder: string, log: ForgedLog, options: Partial<ExportOptions> = {}): Promise<Report> {
  return verifyExport(folder, { trust: pinnedTo(log.key), anchors: [], ...options })
}

function codes({ findings }: Report): FindingCode[] {
  return [...new Set(findings.map(({ code }) => code))].sort()
}

/** The axes that a report says something bad of. */
function contradicted({ findings }: Report): Axis[] {
  return [...new Set(findings.map(({ axis }) => axis))].sort()
}

const log = forgeLog(turns(8))
const big = forgeLog(turns(599))
const ofFirst = { conversation_id: 'conversation-0' }
const entriesOfFirst = log.entries.filter(
  (entry) => JSON.parse(Buffer.from(entry).toString()).conversation_id === 'conversation-0',
)

function inFile(folder: string, name: string, change: (text: string) => string): void {
  const path = join(folder, name)
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

function flip(folder: string, name: string, at: number): void {
  const path = join(folder, name)
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

/** Another character of base64. */
function exchange(folder: string, name: string, at: number): void {
  const path = join(folder, name)
  const bytes = readFileSync(path)
  bytes[at] = bytes[at] === 0x42 ? 0x43 : 0x42
  writeFileSync(path, bytes)
}

function statementOf(origin: string, cover: string): string {
  return statementText({ origin, coverSha256: createHash('sha256').update(cover).digest('hex') })
}

/** Where the line of an entry begins. */
function offsetOf(entries: readonly Uint8Array[], index: number): number {
  return linesOf(entries.slice(0, index)).length
}

describe('honest exports', () => {
  test('an export by hand is valid, and says on every axis what was checked', async () => {
    const report = await judge(forged(log), log)
    assert.deepEqual(report.findings, [])
    assert.equal(report.status, 'valid')
    assert.equal(report.records_checked, 9)
    assert.equal(report.broken_at, null)
    assert.deepEqual(
      Object.values(report.axes).map(({ verdict }) => verdict),
      ['intact', 'intact', 'complete', 'pinned key', 'asserted', 'none'],
    )
    assert.equal(report.axes.completeness.says, `complete 0..8, as of ${EXPORTED_AT}`)
    assert.equal(report.subject.kind, 'export')
    assert.equal(report.subject.size, 9)
    assert.ok(report.not_checked.some((line) => line.includes('--anchor')))
  })

  test('a filtered export is valid, and completeness is not claimed', async () => {
    const report = await judge(forged(log, { query: ofFirst, lines: entriesOfFirst }), log)
    assert.deepEqual(report.findings, [])
    assert.equal(report.status, 'valid')
    assert.equal(report.records_checked, 4)
    assert.equal(report.axes.completeness.verdict, 'not claimed')
    assert.match(report.axes.completeness.says, /^not claimed for the filter: 4 of 9 entries/)
    assert.ok(report.not_checked.some((line) => line.includes('whether more entries fit the query')))
  })

  test('a filtered export without an answer is empty', async () => {
    const report = await judge(forged(log, { query: { actor_id: 'nobody' }, lines: [] }), log)
    assert.deepEqual([report.status, report.records_checked], ['empty', 0])
  })

  test('without a pinned key the verdict says first use', async () => {
    const report = await judge(forged(log), log, { trust: { kind: 'first use' } })
    assert.deepEqual([report.status, report.axes.signer.verdict], ['valid', 'first-use key'])
    assert.ok(report.not_checked.includes('the key: none was pinned (--vkey)'))
  })

  test('progress ends at the number of entries', async () => {
    const seen: [number, number][] = []
    await judge(forged(big), big, { onProgress: (done, total) => seen.push([done, total]) })
    assert.deepEqual(seen.at(-1), [600, 600])
  })

  test('entries of a later format are hashed and reported, not refused', async () => {
    const later = forgeLog(turns(3))
    const entries = [...later.entries.slice(0, -1), rewritten(later.entries.at(-1) ?? new Uint8Array(), { v: 2 })]
    const mixed = { ...later, entries }
    const report = await judge(forged(mixed), mixed)
    assert.equal(report.status, 'valid')
    assert.match(report.axes.completeness.says, /1 of a later format, hashed but not interpreted/)
    const last = forged(mixed, { query: { from_seq: 3 }, lines: entries.slice(3) })
    assert.deepEqual(await judge(last, mixed).then(({ status, records_checked }) => [status, records_checked]), [
      'valid',
      1,
    ])
    flip(last, 'entries.jsonl', 40)
    assert.equal((await judge(last, mixed)).status, 'tampered')
  })

  test('a conversation goes on behind an entry of a later format', async () => {
    const later = forgeLog(turns(6, 1))
    const entries = relinked(later.entries.map((entry, seq) => (seq === 3 ? rewritten(entry, { v: 2 }) : entry)))
    const report = await judge(forged({ ...later, entries }), later)
    assert.deepEqual([report.status, report.findings], ['valid', []])
  })

  test('a cover of a later version is not taken for a lie', async () => {
    const folder = forged(log)
    const cover = readFileSync(join(folder, 'export.json'), 'utf8').replace('"version": 1', '"version": 2')
    writeFileSync(join(folder, 'export.json'), cover)
    writeFileSync(join(folder, 'export.note'), statementNote(statementOf(log.origin, cover), log.key))
    const report = await judge(folder, log)
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['cover-unknown']])
  })

  test('a producer that lost a number makes the export incomplete, not tampered', async () => {
    const gap = forgeLog([
      { producer_id: 'p', producer_seq: 0 },
      { producer_id: 'p', producer_seq: 2 },
    ])
    const report = await judge(forged(gap), gap)
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['producer-gap']])
  })
})

describe('golden exports of format version 1', () => {
  const golden = join(import.meta.dirname, '../../testdata/export')
  const keyIn = (name: string): VerifierKey => {
    const key = parseVerifierKey(readFileSync(join(golden, name), 'utf8').trimEnd())
    return 'code' in key ? assert.fail(key.code) : key
  }
  const key = keyIn('v1.vkey')

  test('v1-destroyed verifies under the keys of ledger and approver, and a naive reader agrees', async () => {
    const folder = join(golden, 'v1-destroyed')
    const trust = { kind: 'pinned', keys: [keyIn('v1-destroyed.vkey')] } as const
    const approvers = [keyIn('v1-destroyed-approver.vkey')]
    const { status, findings, axes } = await verifyExport(folder, { trust, anchors: [], approvers })
    assert.deepEqual([status, findings], ['valid', []])
    assert.match(axes.completeness.says, /2 disposed of under certificate/)
    assert.equal(inspectExport(folder, readFileSync(join(folder, 'log.vkey'), 'utf8').trimEnd()), 13)
  })

  for (const [name, checked, completeness] of [
    ['v1-whole', 8, 'complete'],
    ['v1-filtered', 3, 'not claimed'],
  ] as const) {
    test(`${name} verifies, under a key that was replaced since`, async () => {
      const report = await verifyExport(join(golden, name), { trust: { kind: 'pinned', keys: [key] }, anchors: [] })
      assert.deepEqual(report.findings, [])
      assert.deepEqual([report.status, report.records_checked], ['valid', checked])
      assert.equal(report.axes.completeness.verdict, completeness)
    })
  }

  test('a naive reader agrees', () => {
    const folder = join(golden, 'v1-whole')
    assert.equal(inspectExport(folder, readFileSync(join(folder, 'log.vkey'), 'utf8').trimEnd()), 8)
  })
})

/** Entries of one conversation with their links made anew. */
function relinked(entries: readonly Uint8Array[]): Uint8Array[] {
  let previous_hash = ''
  return entries.map((entry, seq) => {
    const link = seq < 2 ? {} : { conversation_previous_hash: previous_hash }
    const bytes = rewritten(entry, { previous_hash, ...link })
    previous_hash = toHex(leafHash(bytes))
    return bytes
  })
}

interface Lie {
  readonly name: string
  /** Changes an honest export in place. */
  lie(folder: string): void
  /** What the export is of; everything in `log` where left out. */
  readonly forgery?: Forgery
  readonly of?: ForgedLog
  readonly status?: Report['status']
  readonly found: readonly FindingCode[]
  readonly at?: Report['broken_at']
  readonly axes: readonly Axis[]
}

const stranger = logKey(log.origin)
const other = forgeLog(turns(8), { origin: log.origin, key: stranger })
const idOf = (seq: number): string => JSON.parse(Buffer.from(log.entries[seq] ?? new Uint8Array()).toString()).id

function writeLines(folder: string, entries: readonly Uint8Array[]): void {
  writeFileSync(join(folder, 'entries.jsonl'), linesOf(entries))
}

const LIES: readonly Lie[] = [
  {
    name: 'a byte of an entry is altered',
    lie: (folder) => flip(folder, 'entries.jsonl', offsetOf(log.entries, 4) + 30),
    found: ['entry-altered'],
    at: { seq: 4 },
    axes: ['content'],
  },
  {
    name: 'an entry says something else, canonically',
    lie: (folder) =>
      writeLines(
        folder,
        log.entries.map((entry, i) => (i === 4 ? rewritten(entry, { actor_id: 'x' }) : entry)),
      ),
    found: ['entry-altered'],
    at: { seq: 4, id: idOf(4) },
    axes: ['content'],
  },
  {
    name: 'an entry of another ledger stands in its place',
    lie: (folder) =>
      writeLines(
        folder,
        log.entries.map((entry, i) => (i === 4 ? (other.entries[4] ?? entry) : entry)),
      ),
    found: ['entry-altered'],
    axes: ['content'],
  },
  {
    name: 'an entry is removed',
    lie: (folder) => writeLines(folder, log.entries.toSpliced(4, 1)),
    found: ['entry-missing'],
    at: { seq: 4 },
    axes: ['completeness'],
  },
  {
    name: 'the last entries are removed',
    lie: (folder) => writeLines(folder, log.entries.slice(0, 6)),
    found: ['entry-missing'],
    at: { seq: 6 },
    axes: ['completeness'],
  },
  {
    name: 'all entries are removed',
    lie: (folder) => writeLines(folder, []),
    found: ['entry-missing'],
    at: { seq: 0 },
    axes: ['completeness'],
  },
  {
    name: 'a line stands twice',
    lie: (folder) => writeLines(folder, log.entries.toSpliced(4, 0, ...log.entries.slice(4, 5))),
    found: ['wrong-seq'],
    at: { seq: 4, id: idOf(4) },
    axes: ['order'],
  },
  {
    name: 'an entry claims the place of a later one',
    lie: (folder) => inFile(folder, 'entries.jsonl', (text) => text.replace(/"seq":4\b/, '"seq":7')),
    found: ['entry-altered'],
    at: { seq: 4, id: idOf(4) },
    axes: ['content'],
  },
  {
    name: 'two lines change places',
    lie: (folder) => writeLines(folder, log.entries.toSpliced(4, 2, ...log.entries.slice(4, 6).reverse())),
    found: ['entry-missing', 'wrong-seq'],
    at: { seq: 4 },
    axes: ['completeness', 'order'],
  },
  {
    name: 'an invented entry is inserted',
    lie: (folder) =>
      writeLines(folder, log.entries.toSpliced(4, 0, rewritten(log.entries[4] ?? new Uint8Array(), { actor_id: 'x' }))),
    found: ['entry-altered', 'wrong-seq'],
    axes: ['content', 'order'],
  },
  {
    name: 'an entry is added at the end',
    lie: (folder) => writeLines(folder, [...log.entries, rewritten(log.entries[8] ?? new Uint8Array(), { seq: 9 })]),
    found: ['entry-surplus'],
    at: { what: 'entries.jsonl, line 10' },
    axes: ['completeness'],
  },
  {
    name: 'an empty line is added',
    lie: (folder) => appendFileSync(join(folder, 'entries.jsonl'), '\n'),
    found: ['entry-surplus'],
    axes: ['completeness'],
  },
  {
    name: 'garbage without a newline follows the last line',
    lie: (folder) => appendFileSync(join(folder, 'entries.jsonl'), '\0\0\0'),
    found: ['entry-surplus', 'file-altered'],
    axes: ['completeness', 'content'],
  },
  {
    name: 'the last newline is cut off',
    lie: (folder) => truncateSync(join(folder, 'entries.jsonl'), linesOf(log.entries).length - 1),
    found: ['file-altered'],
    at: { what: 'entries.jsonl' },
    axes: ['content'],
  },
  {
    name: 'lines end in CRLF',
    lie: (folder) => inFile(folder, 'entries.jsonl', (text) => text.replaceAll('\n', '\r\n')),
    found: ['entry-altered'],
    at: { seq: 0 },
    axes: ['content'],
  },
  {
    name: 'an entry is spelled in another way',
    lie: (folder) => inFile(folder, 'entries.jsonl', (text) => text.replace('"action":', '"action" :')),
    found: ['entry-altered'],
    at: { seq: 0 },
    axes: ['content'],
  },
  {
    name: 'a hash of a tile is altered',
    lie: (folder) => flip(folder, 'tile/0/000.p/9', 5 * 32),
    found: ['tile-altered'],
    at: { what: 'tile/0/000.p/9' },
    axes: ['content'],
  },
  {
    name: 'a hash of a tile is altered in a filtered export, under an entry that is there',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => flip(folder, 'tile/0/000.p/9', seqOf(entriesOfFirst[1] ?? new Uint8Array()) * 32),
    found: ['tile-altered'],
    at: { what: 'tile/0/000.p/9' },
    axes: ['content'],
  },
  {
    name: 'a hash of a tile is altered in a filtered export, before an entry that knows it',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => flip(folder, 'tile/0/000.p/9', 2 * 32),
    found: ['tile-altered'],
    at: { what: 'tile/0/000.p/9' },
    axes: ['content'],
  },
  {
    name: 'a hash of a tile is altered in a filtered export, where no entry knows it',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => flip(folder, 'tile/0/000.p/9', 8 * 32),
    found: ['tile-altered'],
    at: { what: 'tile' },
    axes: ['content'],
  },
  {
    name: 'entry and tile are altered to fit each other',
    lie(folder) {
      const entries = log.entries.map((entry, i) => (i === 4 ? rewritten(entry, { actor_id: 'x' }) : entry))
      writeLines(folder, entries)
      for (const [path, bytes] of tilesOf(entries)) writeFileSync(join(folder, path), bytes)
    },
    found: ['tile-altered', 'chain-broken', 'conversation-broken'],
    axes: ['content', 'order'],
  },
  {
    name: 'a tile is cut short',
    lie: (folder) => truncateSync(join(folder, 'tile/0/000.p/9'), 8 * 32),
    found: ['tile-altered'],
    at: { what: 'tile/0/000.p/9' },
    axes: ['content'],
  },
  {
    name: 'a tile goes on',
    lie: (folder) => appendFileSync(join(folder, 'tile/0/000.p/9'), Buffer.alloc(32)),
    found: ['tile-altered'],
    at: { what: 'tile/0/000.p/9' },
    axes: ['content'],
  },
  {
    name: 'a tile is removed',
    lie: (folder) => unlinkSync(join(folder, 'tile/0/000.p/9')),
    found: ['tile-missing'],
    at: { what: 'tile/0/000.p/9' },
    axes: ['content'],
  },
  {
    name: 'a tile is renamed',
    lie: (folder) => renameSync(join(folder, 'tile/0/000.p/9'), join(folder, 'tile/0/000.p/8')),
    found: ['stray-file', 'tile-missing'],
    axes: ['content'],
  },
  {
    name: 'a file is added',
    lie: (folder) => writeFileSync(join(folder, 'README'), 'trust me'),
    found: ['stray-file'],
    at: { what: 'README' },
    axes: ['content'],
  },
  {
    name: 'a folder is added',
    lie: (folder) => mkdirSync(join(folder, 'tile/1')),
    found: ['stray-file'],
    at: { what: 'tile/1' },
    axes: ['content'],
  },
  {
    name: 'a bundle of entries is added',
    lie(folder) {
      mkdirSync(join(folder, 'tile/entries'))
      writeFileSync(join(folder, 'tile/entries/000.p'), '')
    },
    found: ['stray-file'],
    at: { what: 'tile/entries' },
    axes: ['content'],
  },
  {
    name: 'the checkpoint is altered',
    lie: (folder) => flip(folder, 'checkpoint', log.origin.length + 5),
    found: ['signature-invalid', 'signer-file-altered'],
    at: { what: 'checkpoint' },
    axes: ['signer'],
  },
  {
    name: 'the time in the heartbeat is altered',
    lie: (folder) => exchange(folder, 'checkpoint', readFileSync(join(folder, 'checkpoint')).lastIndexOf(' ') + 12),
    found: ['signature-invalid', 'signer-file-altered'],
    axes: ['signer'],
  },
  {
    name: 'the checkpoint is an older one of the same log',
    lie: (folder) =>
      writeFileSync(join(folder, 'checkpoint'), noteOf(log.origin, log.entries.slice(0, 5), [log.key, log.heartbeat])),
    found: ['checkpoint-misplaced', 'signer-file-altered'],
    at: { what: 'checkpoint' },
    axes: ['signer'],
  },
  {
    name: 'the checkpoint is one of another history of the same size',
    lie(folder) {
      const entries = [...log.entries.slice(0, 8), ...other.entries.slice(8)]
      writeFileSync(join(folder, 'checkpoint'), noteOf(log.origin, entries, [log.key, log.heartbeat]))
    },
    found: ['root-mismatch', 'signer-file-altered'],
    axes: ['content', 'signer'],
  },
  {
    name: 'the checkpoint is removed',
    lie: (folder) => unlinkSync(join(folder, 'checkpoint')),
    found: ['file-missing', 'no-checkpoint'],
    axes: ['content', 'signer'],
  },
  {
    name: 'the query is edited to make a filtered export pass for a complete one',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) =>
      inFile(folder, 'export.json', (text) =>
        text.replace(/"query": \{[^}]*\}/, '"query": {}').replace('not claimed for the filter', 'complete 0..8'),
      ),
    found: ['cover-altered'],
    at: { what: 'export.json' },
    axes: ['content'],
  },
  {
    name: 'the requester is edited',
    lie: (folder) => inFile(folder, 'export.json', (text) => text.replace('"UTC"', '"CET"')),
    found: ['cover-altered'],
    at: { what: 'export.json' },
    axes: ['content'],
  },
  {
    name: 'the cover is removed',
    lie: (folder) => unlinkSync(join(folder, 'export.json')),
    found: ['file-missing'],
    at: { what: 'export.json' },
    axes: ['content'],
  },
  {
    name: 'the statement is removed',
    lie: (folder) => unlinkSync(join(folder, 'export.note')),
    found: ['file-missing'],
    at: { what: 'export.note' },
    axes: ['content'],
  },
  {
    name: 'the statement is that of another export of the same log',
    lie(folder) {
      const another = forged(log, { cover: { reason: 'another request' } })
      cpSync(join(another, 'export.note'), join(folder, 'export.note'))
    },
    found: ['cover-altered'],
    axes: ['content'],
  },
  {
    name: 'the checkpoint stands in for the statement',
    lie: (folder) => cpSync(join(folder, 'checkpoint'), join(folder, 'export.note')),
    found: ['statement-altered'],
    at: { what: 'export.note' },
    axes: ['signer'],
  },
  {
    name: 'a line of a stranger is added to the statement',
    lie: (folder) => inFile(folder, 'export.note', (text) => `${text}${text.slice(text.indexOf('— '))}`),
    found: ['statement-altered'],
    axes: ['signer'],
  },
  {
    name: 'a line of a stranger is added to the checkpoint',
    lie: (folder) =>
      inFile(folder, 'checkpoint', (text) => `${text}${noteOf(log.origin, log.entries, [stranger]).split('\n\n')[1]}`),
    found: ['signer-file-altered'],
    at: { what: 'checkpoint' },
    axes: ['signer'],
  },
  {
    name: 'log.vkey is replaced',
    lie: (folder) => writeFileSync(join(folder, 'log.vkey'), `${formatVerifierKey(stranger.verifierKey)}\n`),
    found: ['key-mismatch', 'signer-file-altered'],
    axes: ['signer'],
  },
  {
    name: 'log.vkey is no key',
    lie: (folder) => writeFileSync(join(folder, 'log.vkey'), 'trust me\n'),
    found: ['signer-file-altered'],
    axes: ['signer'],
  },
  {
    name: 'keys.jsonl names another key',
    lie: (folder) => writeFileSync(join(folder, 'keys.jsonl'), linesOf(other.entries.slice(0, 1))),
    found: ['entry-altered', 'file-altered'],
    at: { seq: 0, what: 'keys.jsonl' },
    axes: ['content'],
  },
  {
    name: 'keys.jsonl is empty',
    lie: (folder) => writeFileSync(join(folder, 'keys.jsonl'), ''),
    found: ['file-altered'],
    axes: ['content'],
  },
  {
    name: 'a rotations.log is added',
    lie: (folder) =>
      writeFileSync(join(folder, 'rotations.log'), `${noteOf(log.origin, log.entries.slice(0, 3), [log.key])}\n`),
    found: ['stray-file'],
    axes: ['content'],
  },
  {
    name: 'an entry is removed, cover and statement are made anew by another key',
    lie(folder) {
      writeLines(folder, log.entries.toSpliced(4, 1))
      const { first_seq, last_seq, ...cover } = coverIn(folder)
      swear(folder, { ...cover, first_seq: first_seq ?? 0, last_seq: last_seq ?? 0 }, stranger)
    },
    found: ['entry-missing', 'foreign-signature'],
    axes: ['completeness', 'signer'],
  },
  {
    name: 'an entry is removed, and cover and statement by another key call it a filtered export',
    lie(folder) {
      writeLines(folder, log.entries.toSpliced(4, 1))
      swear(folder, { ...coverIn(folder), query: { until_seq: 99 }, count: 8 }, stranger)
    },
    found: ['foreign-signature'],
    at: { what: 'export.note' },
    axes: ['signer'],
  },
  {
    name: 'everything is signed again by another key, and log.vkey replaced',
    forgery: { key: stranger },
    lie: () => undefined,
    found: ['foreign-checkpoint'],
    at: { what: 'checkpoint' },
    axes: ['signer'],
  },
  {
    name: 'a whole ledger of another key is passed off as this one',
    of: other,
    lie: () => undefined,
    status: 'incomplete',
    found: ['no-trusted-signature'],
    at: { what: 'checkpoint' },
    axes: ['signer'],
  },
  {
    name: 'the export is one of another ledger',
    of: forgeLog(turns(8), { origin: 'elsewhere.example/agents/fedcba9876543210' }),
    lie: () => undefined,
    status: 'incomplete',
    found: ['wrong-origin'],
    axes: ['signer'],
  },
  {
    name: 'an entry does not fit the query that it is said to answer',
    forgery: { query: ofFirst, lines: log.entries.slice(1, 4) },
    lie: () => undefined,
    found: ['entry-surplus'],
    axes: ['completeness'],
  },
  {
    name: 'an entry of a filtered export is removed',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => writeLines(folder, entriesOfFirst.toSpliced(1, 1)),
    found: ['entry-missing'],
    at: { what: 'entries.jsonl' },
    axes: ['completeness'],
  },
  {
    name: 'an entry of a filtered export is exchanged for another one of the log',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => writeLines(folder, entriesOfFirst.toSpliced(1, 1, log.entries[4] ?? new Uint8Array())),
    found: ['entry-surplus'],
    axes: ['completeness'],
  },
  {
    name: 'an entry of a filtered export is altered',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) =>
      inFile(folder, 'entries.jsonl', (text) => text.replace('"actor_id":"agent-1"', '"actor_id":"agent-2"')),
    found: ['entry-altered'],
    axes: ['content'],
  },
  {
    name: 'the seq of an entry of a filtered export is altered to that of a later one',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => inFile(folder, 'entries.jsonl', (text) => text.replace(/"seq":1\b/, '"seq":3')),
    found: ['entry-altered'],
    axes: ['content'],
  },
  {
    name: 'lines of a filtered export change places',
    forgery: { query: ofFirst, lines: entriesOfFirst },
    lie: (folder) => writeLines(folder, entriesOfFirst.toReversed()),
    found: ['wrong-seq'],
    axes: ['order'],
  },
  {
    name: 'the key itself swears to a cover that counts wrong',
    forgery: { query: ofFirst, lines: entriesOfFirst, cover: { count: 5 } },
    lie: () => undefined,
    found: ['entry-missing'],
    axes: ['completeness'],
  },
  {
    name: 'the key itself swears to another first entry',
    forgery: { query: ofFirst, lines: entriesOfFirst, cover: { first_seq: 0 } },
    lie: () => undefined,
    found: ['cover-altered'],
    axes: ['content'],
  },
  {
    name: 'the key itself swears to a cover of another ledger',
    lie(folder) {
      const cover = readFileSync(join(folder, 'export.json'), 'utf8').replace(log.origin, 'elsewhere.example/x')
      writeFileSync(join(folder, 'export.json'), cover)
      writeFileSync(join(folder, 'export.note'), statementNote(statementOf(log.origin, cover), log.key))
    },
    status: 'incomplete',
    found: ['wrong-origin'],
    at: { what: 'export.json' },
    axes: ['signer'],
  },
  {
    name: 'the key itself swears for another ledger',
    lie(folder) {
      const cover = readFileSync(join(folder, 'export.json'), 'utf8')
      writeFileSync(join(folder, 'export.note'), statementNote(statementOf('elsewhere.example/x', cover), log.key))
    },
    status: 'incomplete',
    found: ['wrong-origin'],
    at: { what: 'export.note' },
    axes: ['signer'],
  },
  {
    name: 'the key itself swears to a keys.jsonl without entry 0',
    forgery: { keyLines: [] },
    lie: () => undefined,
    found: ['file-altered'],
    axes: ['content'],
  },
  {
    name: 'the key itself swears to a keys.jsonl with an entry that names no key',
    forgery: { keyLines: log.entries.slice(0, 2) },
    lie: () => undefined,
    found: ['file-altered'],
    at: { what: 'keys.jsonl' },
    axes: ['content'],
  },
  {
    name: 'the key itself swears to a cover of a larger tree',
    forgery: { cover: { tree_size: 12, as_of_seq: 11, count: 12, last_seq: 11 } },
    lie: () => undefined,
    found: ['checkpoint-misplaced', 'tile-missing', 'stray-file', 'entry-missing'],
    axes: ['completeness', 'content', 'signer'],
  },
  {
    name: 'the key itself swears to a cover that contradicts itself',
    forgery: { cover: { as_of_seq: 99 } },
    lie: () => undefined,
    found: ['cover-altered'],
    axes: ['content'],
  },
  {
    name: 'the key itself swears to a size beyond all measure',
    forgery: { cover: { tree_size: 9_007_199_254_740_991, as_of_seq: 9_007_199_254_740_990 } },
    lie: () => undefined,
    found: ['checkpoint-misplaced', 'cover-altered', 'entry-missing', 'stray-file', 'tile-missing'],
    axes: ['completeness', 'content', 'signer'],
  },
]

describe('lies', () => {
  for (const { name, lie, forgery, of = log, status = 'tampered', found, at, axes } of LIES) {
    test(`found: ${name}`, async () => {
      const folder = forged(of, forgery)
      lie(folder)
      const report = await judge(folder, log)
      assert.deepEqual(codes(report), [...new Set(found)].sort(), JSON.stringify(report.findings, undefined, 1))
      assert.deepEqual(contradicted(report), axes)
      assert.equal(report.status, status)
      if (at !== undefined) assert.deepEqual(report.broken_at, at)
      if (status === 'tampered' && asksForAll(forgery?.query ?? {})) {
        assert.throws(() => {
          inspectExport(folder, formatVerifierKey(log.key.verifierKey))
          failUnlessBeyond(report)
        })
      }
    })
  }

  test('found under first use: everything is signed again by another key than the one entry 0 names', async () => {
    const report = await judge(forged(log, { key: stranger }), log, { trust: { kind: 'first use' } })
    assert.deepEqual([report.status, codes(report)], ['tampered', ['foreign-checkpoint']])
  })
})

// The naive reader looks at no tiles, does not read keys.jsonl, and takes only the line of the key it was given.
function failUnlessBeyond({ findings }: Report): void {
  const beyond: ReadonlySet<FindingCode> = new Set([
    'tile-altered',
    'tile-missing',
    'stray-file',
    'statement-altered',
    'cover-altered',
  ])
  if (findings.some(({ code, what }) => beyond.has(code) || what === 'keys.jsonl')) throw new Error('not looked at')
}
