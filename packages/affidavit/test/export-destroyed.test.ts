// An export of everything of a ledger that destroyed some of it: whoever has the folder, and pins keys, finds what is missing, where, and by
// whose leave.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { utf8 } from '../src/bytes/text.ts'
import { openFolder } from '../src/embedded/open.ts'
import { exportLedger } from '../src/evidence/export.ts'
import { formatCover, statementText } from '../src/formats/export.ts'
import { formatVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { verifyExport } from '../src/verify/export.ts'
import type { FindingCode } from '../src/verify/finding.ts'
import type { Report } from '../src/verify/report.ts'
import { coverIn } from './export-forge.ts'
import { APPROVER, DESTROYED, type LeftLedger, letGo, makeLeftLedger, STANDS } from './left-ledger.ts'
import { inspectExport } from './oracle/naive-export.ts'
import { run } from './run-cli.ts'

let folder: string
let left: LeftLedger
let ledger: Ledger
let whole: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-export-destroyed-'))
  left = await makeLeftLedger(folder)
  const store = sqliteStore(left.file, 'open')
  await letGo(store, left)
  await store.close()
  ledger = await openFolder(left.home, { clock: fixedClock(Date.UTC(2026, 10, 22)), archiveReader: left.archive })
  whole = join(folder, 'whole')
  await exportLedger(ledger, { out: whole, filter: {}, timeZone: 'UTC' })
})
after(async () => {
  await ledger.close()
  rmSync(folder, { recursive: true, force: true })
})

function verify(out: string, approvers: readonly VerifierKey[] = [APPROVER.verifierKey]): Promise<Report> {
  return verifyExport(out, { trust: left.trust, anchors: [], approvers })
}

const foundIn = ({ findings }: Report): string[] => findings.map(({ code, seq }) => `${code} ${seq}`)

test('it is valid, names the certificate under which records were disposed of, and a naive reader agrees', async () => {
  const report = await verify(whole)
  assert.deepEqual([report.status, report.findings], ['valid', []])
  assert.match(report.axes.completeness.says, /^complete 0\.\.\d+, .*; 2 disposed of under certificate [0-9a-f]{12}$/)
  const { count, destroyed } = coverIn(whole)
  assert.deepEqual([destroyed, report.records_checked], [2, count - 2])
  assert.ok(report.not_checked.some((line) => line.startsWith('running numbers of producers')))
  assert.ok(left.trust.kind === 'pinned')
  const [key = assert.fail()] = left.trust.keys
  assert.equal(inspectExport(whole, formatVerifierKey(key)), count)
})

test('to whoever has pinned no key of an approver it says that by whose leave was not checked', async () => {
  const report = await verify(whole, [])
  assert.deepEqual(
    [report.status, ...foundIn(report)],
    ['incomplete', ...DESTROYED.map((seq) => `disposal-not-checked ${seq}`)],
  )
  const given = ['--vkey', await ledger.verifierKey(), '--approver', formatVerifierKey(APPROVER.verifierKey)]
  const [told, blind] = [
    await run(['verify', '--export', whole, ...given]),
    await run(['verify', '--export', whole, ...given.slice(0, 2)]),
  ]
  assert.deepEqual([told.code, blind.code], [0, 2])
  assert.match(told.out, /2 disposed of under certificate/)
})

type Line = Record<string, unknown> & { readonly _destroyed: Record<string, unknown> }

interface Lie {
  readonly name: string
  readonly tell: (lines: string[]) => void
  readonly found: FindingCode
  readonly seq: number
}

const [FIRST = 0, SECOND = 0] = DESTROYED

const editing =
  (seq: number, change: (line: Line) => void): Lie['tell'] =>
  (lines) => {
    const line: Line = JSON.parse(lines[seq] ?? '')
    change(line)
    lines[seq] = JSON.stringify(line)
  }

const LIES: readonly Lie[] = [
  {
    name: 'a record that stands, as destroyed',
    tell: (lines) => {
      const { id, recorded_at, conversation_id, conversation_seq } = JSON.parse(lines[STANDS] ?? '')
      const integrity_hash = JSON.parse(lines[STANDS + 1] ?? '').previous_hash
      const { manifest } = JSON.parse(lines[FIRST] ?? '')._destroyed
      const _destroyed = { integrity_hash, manifest, seq: STANDS }
      lines[STANDS] = JSON.stringify({ _destroyed, conversation_id, conversation_seq, id, recorded_at })
    },
    found: 'disposal-unauthorised',
    seq: STANDS,
  },
  {
    name: 'another id',
    tell: editing(FIRST, (line) => Object.assign(line, { id: '019aa5c1-2f00-7abc-8def-0123456789ab' })),
    found: 'stub-altered',
    seq: FIRST,
  },
  {
    name: 'another time',
    tell: editing(FIRST, (line) =>
      Object.assign(line, { recorded_at: String(line.recorded_at).replace(/\d{3}Z$/, '001Z') }),
    ),
    found: 'stub-altered',
    seq: FIRST,
  },
  {
    name: 'another leaf hash',
    tell: editing(FIRST, ({ _destroyed }) => Object.assign(_destroyed, { integrity_hash: '0'.repeat(64) })),
    found: 'entry-altered',
    seq: FIRST,
  },
  {
    name: 'another manifest',
    tell: editing(FIRST, ({ _destroyed }) => Object.assign(_destroyed, { manifest: '0'.repeat(64) })),
    found: 'disposal-unauthorised',
    seq: FIRST,
  },
  {
    name: 'another seq',
    tell: editing(FIRST, ({ _destroyed }) => Object.assign(_destroyed, { seq: 9 })),
    found: 'wrong-seq',
    seq: FIRST,
  },
  {
    name: 'another place in its conversation',
    tell: editing(FIRST, (line) => Object.assign(line, { conversation_seq: 7 })),
    found: 'conversation-broken',
    seq: FIRST,
  },
  {
    name: 'a member more',
    tell: editing(FIRST, (line) => Object.assign(line, { action: 'x' })),
    found: 'entry-altered',
    seq: FIRST,
  },
  { name: 'no line for one of them', tell: (lines) => lines.splice(FIRST, 1), found: 'entry-missing', seq: FIRST },
  {
    name: 'the record before one of them is missing',
    tell: (lines) => lines.splice(FIRST - 1, 1),
    found: 'entry-missing',
    seq: FIRST - 1,
  },
  {
    name: 'the decision is missing',
    tell: (lines) => lines.splice(11, 1),
    found: 'disposal-unauthorised',
    seq: SECOND,
  },
]

describe('found though the key of the ledger swears to it:', () => {
  for (const [i, { name, tell, found, seq }] of LIES.entries()) {
    test(name, async () => {
      const out = join(folder, `lie-${i}`)
      cpSync(whole, out, { recursive: true })
      const lines = readFileSync(join(out, 'entries.jsonl'), 'utf8').split('\n').slice(0, -1)
      tell(lines)
      writeFileSync(join(out, 'entries.jsonl'), `${lines.join('\n')}\n`)
      await swear(out, lines)
      const report = await verify(out)
      assert.equal(report.status, 'tampered')
      assert.ok(foundIn(report).includes(`${found} ${seq}`), foundIn(report).join('\n'))
    })
  }

  test('a count of another number of them', async () => {
    const out = join(folder, 'count')
    cpSync(whole, out, { recursive: true })
    await swear(out, undefined)
    assert.deepEqual(foundIn(await verify(out)), ['cover-altered undefined'])
  })
})

// As the ledger would: with its own key.
async function swear(out: string, lines: readonly string[] | undefined): Promise<void> {
  const { files, destroyed: _, ...cover } = coverIn(out)
  const bytes = readFileSync(join(out, 'entries.jsonl'))
  const entries = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  const destroyed = lines?.filter((line) => line.startsWith('{"_destroyed":')).length ?? 1
  const told = formatCover({ ...cover, destroyed, files: { ...files, 'entries.jsonl': entries } })
  writeFileSync(join(out, 'export.json'), told)
  const coverSha256 = createHash('sha256').update(told).digest('hex')
  const note = await ledger.signStatement(statementText({ origin: ledger.origin, coverSha256 }))
  writeFileSync(join(out, 'export.note'), utf8(note))
}
