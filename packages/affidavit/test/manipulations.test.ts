// The manipulation table: whatever is changed in the files of a ledger is found, on the right axis and in the right place.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { after, before, test } from 'node:test'

import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { ENTRY_FIELDS } from '../src/formats/fields.ts'
import { leafHash } from '../src/merkle/hash.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Finding, FindingCode } from '../src/verify/finding.ts'
import type { Report } from '../src/verify/report.ts'
import { bytesOf, edited, exchanged, type Row, rehash, reschemed, type Tampering, tampered } from './manipulate.ts'
import { makeRichLedger, pinned, type RichLedger } from './rich-ledger.ts'
import { membersOf, rewritten } from './sample-log.ts'

/** A place where it must be found: one of these. */
type Expected = { readonly code: FindingCode; readonly seq?: number; readonly what?: RegExp }

let folder: string
let ledger: RichLedger
let database: string
let copy: string
let anchors: Anchor[]
let cases = 0

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-manipulations-'))
  ledger = await makeRichLedger(join(folder, 'ledger'))
  database = databaseFile(ledger.folder)
  copy = join(folder, 'copy.db')
  anchors = [await localAnchor(ledger.folder)]
})
after(() => {
  console.log(`manipulations: ${cases} cases, every one found in its place`)
  rmSync(folder, { recursive: true, force: true })
})

const LEDGERS = [0, 1] as const
/** Entries that stand for the others: entry 0, one with subjects, one in the tree's middle, the last. */
const SAMPLED = [0, 5, 9, 13]

function verify(path: string, incarnation: 0 | 1, more: readonly Anchor[] = anchors): Promise<Report> {
  const origin = ledger.origins[incarnation]
  return verifySqlite(path, { trust: pinned(ledger, incarnation), anchors: more, origin, threads: 0 })
}

/** Verifies the copy, and asserts that it is found there. */
async function found(name: string, incarnation: 0 | 1, ...expected: readonly Expected[]): Promise<Report> {
  const report = await verify(copy, incarnation)
  assertFound(name, report, expected)
  return report
}

function assertFound(name: string, report: Report, expected: readonly Expected[]): void {
  cases++
  const { findings, status, axes, broken_at } = report
  const match = findings.find((one) => expected.some((wanted) => isAt(one, wanted)))
  const seen = findings.map(({ code, seq, what, problem }) => `${code} ${seq ?? ''} ${what ?? ''}: ${problem}`)
  assert.ok(match !== undefined, `${name}: expected ${JSON.stringify(expected, asText)}, found ${seen.join('\n')}`)
  assert.equal(status, findings.some(({ weight }) => weight === 'tampered') ? 'tampered' : 'incomplete', name)
  assert.ok(broken_at !== null, name)
  assert.ok(
    !['intact', 'complete', 'pinned key'].includes(axes[match.axis].verdict),
    `${name}: ${axes[match.axis].says}`,
  )
}

function isAt({ code, seq, what }: Finding, wanted: Expected): boolean {
  if (code !== wanted.code) return false
  return (wanted.seq === undefined || wanted.seq === seq) && (wanted.what === undefined || wanted.what.test(what ?? ''))
}

function asText(_: string, value: unknown): unknown {
  return value instanceof RegExp ? String(value) : value
}

function numberOf(incarnation: 0 | 1): number {
  return incarnation + 1
}

/** Rows of a table as they are in the untouched ledger. */
function rowsOf(sql: string, ...values: SQLInputValue[]): Row[] {
  let rows: Row[] = []
  tampered(database, copy, (tampering) => {
    rows = tampering.rows(sql, ...values)
  })
  return rows
}

function entriesOf(incarnation: 0 | 1): { seq: number; entry: Uint8Array; nodes: Uint8Array }[] {
  const rows = rowsOf('SELECT seq, entry, nodes FROM entries WHERE ledger_no = ? ORDER BY seq', numberOf(incarnation))
  return rows.map(({ seq, entry, nodes }) => ({ seq: Number(seq), entry: bytesOf(entry), nodes: bytesOf(nodes) }))
}

test('an untouched copy is valid, both incarnations, and says what it left out', async () => {
  tampered(database, copy, () => undefined)
  for (const incarnation of LEDGERS) {
    const report = await verify(copy, incarnation)
    assert.deepEqual(report.findings, [])
    assert.equal(report.status, 'valid')
    // The second one follows the first, which is verified with it.
    const left = report.not_checked.some((line) =>
      line.startsWith(`${ledger.origins[1 - incarnation]}: another ledger`),
    )
    assert.equal(left, incarnation === 0)
  }
})

test('an entry row: every column', async () => {
  for (const incarnation of LEDGERS) {
    const entries = entriesOf(incarnation)
    const last = entries.length - 1
    for (const { seq, entry, nodes } of entries) {
      if (incarnation === 0 && !SAMPLED.includes(seq)) continue
      const hole: Expected = seq === last ? { code: 'tail-cut', seq } : { code: 'entry-missing', seq }
      const where = `WHERE ledger_no = ${numberOf(incarnation)} AND seq = ${seq}`
      const set = (column: string, value: SQLInputValue) => (t: Tampering) =>
        t.run(`UPDATE entries SET ${column} = ? ${where}`, value)
      const attack = async (name: string, change: (t: Tampering) => void, ...expected: Expected[]): Promise<void> => {
        tampered(database, copy, change)
        await found(`entry ${seq} of ${incarnation}: ${name}`, incarnation, ...expected)
      }
      await attack('ledger_no of nobody', set('ledger_no', 99), hole)
      await attack('ledger_no negative', set('ledger_no', -1), hole)
      await attack('seq below 0', set('seq', -1), { code: 'stray-row', what: /entries/ })
      await attack('seq beyond integers', set('seq', 2n ** 62n), { code: 'stray-row', what: /entries/ })
      await attack('seq far away', set('seq', 2_000_000_000), { code: 'entry-surplus', seq: 2_000_000_000 })
      await attack('nodes empty', set('nodes', Buffer.alloc(0)), { code: 'entry-altered', seq })
      await attack('nodes shorter', set('nodes', nodes.subarray(0, -1)), {
        code: nodes.length === 32 ? 'entry-altered' : 'node-altered',
        seq,
      })
      await attack('nodes longer', set('nodes', Buffer.concat([nodes, Buffer.alloc(32)])), {
        code: 'node-altered',
        seq,
      })
      for (let at = 0; at < nodes.length; at += 32) {
        const other = Buffer.from(nodes)
        other[at + (seq % 32)] = (other[at + (seq % 32)] ?? 0) ^ 1
        await attack(`node ${at / 32}`, set('nodes', other), { code: at === 0 ? 'entry-altered' : 'node-altered', seq })
      }
      const neighbour = entries[seq === last ? seq - 1 : seq + 1]
      if (neighbour === undefined) continue
      await attack('nodes of the neighbour', set('nodes', neighbour.nodes), { code: 'entry-altered', seq })
      await attack('entry of the neighbour', set('entry', neighbour.entry), { code: 'wrong-seq', seq })
      await attack('entry {}', set('entry', Buffer.from('{}')), { code: 'entry-altered', seq })
      await attack('entry with a space', set('entry', Buffer.concat([entry, Buffer.from(' ')])), {
        code: 'entry-not-canonical',
        seq,
      })
      await attack('entry of a later format', set('entry', rewrittenVersion(entry)), { code: 'entry-altered', seq })
    }
  }
})

function rewrittenVersion(entry: Uint8Array): Uint8Array {
  return Buffer.from(
    Buffer.from(entry)
      .toString('utf8')
      .replace(/"v":1}$/, '"v":2}'),
  )
}

/** Another value of the kind that a field has. */
const OTHER_VALUES: { readonly [kind: string]: unknown } = {
  action: 'data_disclosed',
  outcome: 'error',
  actor_type: 'admin',
  classification: 'public',
  assurance: 'imported',
  uuid: '01900000-0000-7000-8000-00000000000f',
  timestamp: '2026-11-21T09:31:59.999Z',
  hash: 'f'.repeat(64),
  link: 'f'.repeat(64),
  salt: 'f'.repeat(32),
  integer: 4_000,
  ids: ['forged'],
  words: ['forged'],
  object: { forged: 1 },
  source: { host: 'forged' },
  contents: [{ name: 'forged' }],
}

/** Changes of one field each that keep the entry canonical JSON: another value, and none. */
function fieldChanges(entry: Uint8Array): { field: string; change: { [field: string]: unknown } }[] {
  const members = membersOf(entry)
  return Object.entries(ENTRY_FIELDS).flatMap(([field, { kind }]) => {
    const other = { field, change: { [field]: OTHER_VALUES[kind] ?? 'forged' } }
    return members[field] === undefined ? [other] : [other, { field: `no ${field}`, change: { [field]: undefined } }]
  })
}

test('an entry: every field, alone', async () => {
  for (const { seq, entry } of entriesOf(1).filter(({ seq }) => SAMPLED.includes(seq))) {
    for (const { field, change } of fieldChanges(entry)) {
      tampered(database, copy, (t) =>
        t.run('UPDATE entries SET entry = ? WHERE ledger_no = 2 AND seq = ?', rewritten(entry, change), seq),
      )
      const { broken_at } = await found(`${field} of ${seq}`, 1, { code: 'entry-altered', seq })
      assert.equal(broken_at?.seq, seq, field)
    }
  }
})

test('an entry: every field, with its own hash made anew', async () => {
  for (const { seq, entry, nodes } of entriesOf(1).filter(({ seq }) => SAMPLED.includes(seq))) {
    for (const { field, change } of fieldChanges(entry)) {
      const bytes = rewritten(entry, change)
      const growth = Buffer.concat([leafOf(bytes), nodes.subarray(32)])
      tampered(database, copy, (t) =>
        t.run('UPDATE entries SET entry = ?, nodes = ? WHERE ledger_no = 2 AND seq = ?', bytes, growth, seq),
      )
      // The next entry names the old hash, and so does the node above; the last one is held by its signature alone.
      const expected: Expected[] =
        seq === 13 ? [{ code: 'node-altered', seq }] : [{ code: 'chain-broken', seq: seq + 1 }]
      await found(`${field} of ${seq}, rehashed`, 1, ...expected)
    }
  }
})

test('an entry: every field, with everything behind it made anew, but not signed', async () => {
  const sizes = [0, 1, 4, 9, 10, 12, 13, 14]
  for (const { seq, entry } of entriesOf(1).filter(({ seq }) => SAMPLED.includes(seq))) {
    for (const { field, change } of fieldChanges(entry)) {
      tampered(database, copy, (t) => rehash(t, 2, seq, (bytes) => rewritten(bytes, change)))
      // The signed tree differs behind the last checkpoint that does not cover it; with the keys forged, none is signed.
      const signedBefore = sizes.filter((size) => size <= seq).at(-1) ?? 0
      await found(`${field} of ${seq}, all rehashed`, 1, { code: 'root-mismatch', seq: signedBefore })
    }
  }
})

function leafOf(bytes: Uint8Array): Uint8Array {
  return leafHash(bytes)
}

test('entries that SQL would not let through: no JSON, no UTF-8, not whole', async () => {
  for (const { seq, entry } of entriesOf(1)) {
    const changes: readonly (readonly [name: string, at: number, byte: number, code: FindingCode])[] = [
      ['no JSON', 0, 0x78, 'entry-not-json'],
      ['no UTF-8', entry.length - 3, 0xff, 'entry-not-json'],
      ['not canonical', entry.length - 1, 0x20, 'entry-not-json'],
    ]
    for (const [name, at, byte, code] of changes) {
      const bytes = Uint8Array.from(entry)
      bytes[at] = byte
      // A long one stands on several pages: what is sought is short enough to lie on one.
      const [begin, end] = at === 0 ? [0, 400] : [entry.length - 60, entry.length]
      exchanged(database, copy, entry.subarray(begin, end), bytes.subarray(begin, end))
      await found(`entry ${seq}: ${name}`, 1, { code, seq })
      await found(`entry ${seq}: ${name}`, 1, { code: 'entry-altered', seq })
    }
  }
})

test('rows of entries: removed, exchanged, doubled, put there', async () => {
  for (const incarnation of LEDGERS) {
    const no = numberOf(incarnation)
    const entries = entriesOf(incarnation)
    const last = entries.length - 1
    for (const { seq, entry, nodes } of entries) {
      tampered(database, copy, (t) => t.run('DELETE FROM entries WHERE ledger_no = ? AND seq = ?', no, seq))
      await found(
        `remove ${seq}`,
        incarnation,
        seq === last ? { code: 'tail-cut', seq } : { code: 'entry-missing', seq },
      )
      const next = entries[seq + 1]
      if (next !== undefined) {
        tampered(database, copy, (t) => {
          const put = 'UPDATE entries SET entry = ?, nodes = ? WHERE ledger_no = ? AND seq = ?'
          t.run(put, next.entry, next.nodes, no, seq)
          t.run(put, entry, nodes, no, next.seq)
        })
        await found(`exchange ${seq} and ${next.seq}`, incarnation, { code: 'wrong-seq', seq })
        await found(`exchange ${seq} and ${next.seq}`, incarnation, { code: 'wrong-seq', seq: next.seq })
      }
      tampered(database, copy, (t) =>
        t.run('INSERT INTO entries (ledger_no, seq, nodes, entry) VALUES (?, ?, ?, ?)', no, last + 1, nodes, entry),
      )
      await found(`double ${seq} at the end`, incarnation, { code: 'wrong-seq', seq: last + 1 })
    }
    const forged = rewritten(entries[last]?.entry ?? Buffer.alloc(0), {
      seq: last + 1,
      id: '01900000-0000-7000-8000-000000000000',
    })
    tampered(database, copy, (t) =>
      t.run(
        'INSERT INTO entries (ledger_no, seq, nodes, entry) VALUES (?, ?, ?, ?)',
        no,
        last + 1,
        leafOf(forged),
        forged,
      ),
    )
    await found('an entry at the end', incarnation, { code: 'chain-broken', seq: last + 1 })
  }
})

test('subjects: changed, removed, moved, doubled, put there', async () => {
  for (const { ledger_no, seq, subject_id } of rowsOf('SELECT * FROM entry_subjects')) {
    const incarnation = ledger_no === 1 ? 0 : 1
    const at = { code: 'subjects-altered', seq: Number(seq) } as const
    const where = `WHERE ledger_no = ${ledger_no} AND seq = ${seq} AND subject_id = '${subject_id}'`
    const attack = async (sql: string, ...expected: Expected[]): Promise<void> => {
      tampered(database, copy, (t) => t.run(sql))
      await found(sql, incarnation, ...expected)
    }
    await attack(`UPDATE entry_subjects SET subject_id = 'subject-9' ${where}`, at)
    await attack(`UPDATE entry_subjects SET subject_id = '' ${where}`, at)
    await attack(`UPDATE entry_subjects SET subject_id = CAST(x'ff' AS TEXT) ${where}`, at)
    await attack(`UPDATE entry_subjects SET seq = 13 ${where}`, at)
    await attack(`UPDATE entry_subjects SET seq = 13 ${where}`, { ...at, seq: 13 })
    await attack(`UPDATE entry_subjects SET seq = 99 ${where}`, { code: 'stray-row', what: /entry_subjects/ })
    await attack(`UPDATE entry_subjects SET seq = 9223372036854775807 ${where}`, {
      code: 'stray-row',
      what: /entry_subjects/,
    })
    await attack(`UPDATE entry_subjects SET seq = -5 ${where}`, { code: 'stray-row', what: /entry_subjects/ })
    await attack(`UPDATE entry_subjects SET ledger_no = 7 ${where}`, { code: 'stray-row', what: /entry_subjects/ })
    await attack(`DELETE FROM entry_subjects ${where}`, at)
    await attack(`INSERT INTO entry_subjects VALUES (${ledger_no}, ${seq}, 'subject-0')`, at)
    await attack(`INSERT INTO entry_subjects VALUES (${ledger_no}, 0, '')`, { ...at, seq: 0 })
    await attack(`INSERT INTO entry_subjects VALUES (${ledger_no}, 14, 'subject-0')`, {
      code: 'stray-row',
      what: /entry_subjects/,
    })
  }
})

test('ledgers: renamed, renumbered, removed, put there', async () => {
  const attack = async (sql: string, incarnation: 0 | 1, ...expected: Expected[]): Promise<void> => {
    tampered(database, copy, (t) => t.run(sql))
    await found(sql, incarnation, ...expected)
  }
  for (const incarnation of LEDGERS) {
    const no = numberOf(incarnation)
    const gone: Expected = { code: 'tail-cut', seq: 0 }
    await attack(`DELETE FROM ledgers WHERE ledger_no = ${no}`, incarnation, { code: 'stray-row', what: /entries/ })
    await attack(`DELETE FROM ledgers WHERE ledger_no = ${no}`, incarnation, gone)
    await attack('DELETE FROM ledgers', incarnation, gone)
    await attack(`UPDATE ledgers SET ledger_no = 5 WHERE ledger_no = ${no}`, incarnation, { code: 'tail-cut', seq: 0 })
    await attack(`UPDATE ledgers SET ledger_no = -5 WHERE ledger_no = ${no}`, incarnation, {
      code: 'stray-row',
      what: /ledgers/,
    })
    await attack(`UPDATE ledgers SET ledger_no = 9223372036854775807 WHERE ledger_no = ${no}`, incarnation, {
      code: 'stray-row',
      what: /ledgers/,
    })
    await attack(`UPDATE ledgers SET origin = 'evil/0' WHERE ledger_no = ${no}`, incarnation, gone)
    await attack(`UPDATE ledgers SET origin = '' WHERE ledger_no = ${no}`, incarnation, gone)
    await attack("INSERT INTO ledgers VALUES (9, 'evil/0')", incarnation, { code: 'ledger-without-entries' })
  }
  const [older, newer] = ledger.origins
  const exchange = `UPDATE ledgers SET origin = CASE origin WHEN '${older}' THEN '${newer}' ELSE '${older}' END`
  tampered(database, copy, (t) => {
    t.run("UPDATE ledgers SET origin = 'x' WHERE ledger_no = 1")
    t.run('UPDATE ledgers SET origin = ? WHERE ledger_no = 2', older)
    t.run("UPDATE ledgers SET origin = ? WHERE origin = 'x'", newer)
  })
  for (const incarnation of LEDGERS) await found(exchange, incarnation, { code: 'wrong-ledger', seq: 0 })
})

test('checkpoints: every column, removed, exchanged, doubled, put there', async () => {
  const all = rowsOf('SELECT * FROM checkpoints')
  for (const { ledger_no, size, note } of all) {
    const incarnation = ledger_no === 1 ? 0 : 1
    const what = new RegExp(`^checkpoint of size ${size}$`)
    const where = `WHERE ledger_no = ${ledger_no} AND size = ${size}`
    const attack = async (name: string, change: (t: Tampering) => void, ...expected: Expected[]): Promise<void> => {
      tampered(database, copy, change)
      await found(`checkpoint ${ledger_no}/${size}: ${name}`, incarnation, ...expected)
    }
    const set = (column: string, value: SQLInputValue) => (t: Tampering) =>
      t.run(`UPDATE checkpoints SET ${column} = ? ${where}`, value)
    await attack('removed', (t) => t.run(`DELETE FROM checkpoints ${where}`), { code: 'checkpoint-removed', what })
    await attack('another size', set('size', 11), { code: 'checkpoint-misplaced', what: /size 11$/ })
    await attack('size below 0', set('size', -1), { code: 'stray-row', what: /checkpoints/ })
    await attack('size beyond integers', set('size', 2n ** 62n), { code: 'stray-row', what: /checkpoints/ })
    await attack('of no ledger', set('ledger_no', 77), { code: 'stray-row', what: /checkpoints/ })
    await attack('of no ledger', set('ledger_no', 77), { code: 'checkpoint-removed', what })
    await attack('empty', set('note', Buffer.alloc(0)), { code: 'checkpoint-unreadable', what })
    await attack('no UTF-8', set('note', Buffer.concat([bytesOf(note), Buffer.from([0xff])])), {
      code: 'checkpoint-unreadable',
      what,
    })
    await attack(
      'another text',
      set('note', replaced(note, '\n\n', 'x\n\n')),
      { code: 'signature-invalid', what },
      { code: 'checkpoint-unreadable', what },
    )
    await attack('its first line removed', set('note', withoutLine(note, 0)), { code: 'signature-invalid', what })
    await attack('its last line removed', set('note', withoutLine(note, -2)), { code: 'cosignature-removed', what })
    await attack(
      'doubled under another size',
      (t) => t.run(`INSERT INTO checkpoints SELECT ledger_no, 11, note FROM checkpoints ${where}`),
      { code: 'checkpoint-misplaced', what: /size 11$/ },
    )
    const other = all.find((row) => row.ledger_no === ledger_no && row.size !== size)
    await attack('note of another one', set('note', bytesOf(other?.note)), { code: 'checkpoint-misplaced', what })
    const sibling = all.find((row) => row.ledger_no !== ledger_no && row.size === size)
    await attack('note of the other incarnation', set('note', bytesOf(sibling?.note)), {
      code: 'foreign-checkpoint',
      what,
    })
  }
})

function replaced(note: SQLInputValue | undefined, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(bytesOf(note)).toString('utf8').replace(from, to))
}

function withoutLine(note: SQLInputValue | undefined, at: number): Uint8Array {
  const lines = Buffer.from(bytesOf(note)).toString('utf8').split('\n')
  lines.splice(at, 1)
  return Buffer.from(lines.join('\n'))
}

test('cosignatures: every column, removed, exchanged, doubled, put there', async () => {
  const all = rowsOf('SELECT * FROM cosignatures')
  for (const { ledger_no, size, line_no, line } of all) {
    const incarnation = ledger_no === 1 ? 0 : 1
    const what = new RegExp(`^checkpoint of size ${size}$`)
    const where = `WHERE ledger_no = ${ledger_no} AND size = ${size} AND line_no = ${line_no}`
    const set = (column: string, value: SQLInputValue) => (t: Tampering) =>
      t.run(`UPDATE cosignatures SET ${column} = ? ${where}`, value)
    const attack = async (name: string, change: (t: Tampering) => void, ...expected: Expected[]): Promise<void> => {
      tampered(database, copy, change)
      await found(`cosignature ${ledger_no}/${size}/${line_no}: ${name}`, incarnation, ...expected)
    }
    const stray: Expected = { code: 'stray-row', what: /cosignatures/ }
    await attack('removed', (t) => t.run(`DELETE FROM cosignatures ${where}`), { code: 'cosignature-removed', what })
    await attack('moved to another checkpoint', set('size', 10), { code: 'signature-invalid', what: /size 10$/ })
    await attack('moved to another checkpoint', set('size', 10), { code: 'cosignature-removed', what })
    await attack('moved to no checkpoint', set('size', 11), stray)
    await attack('of no ledger', set('ledger_no', 77), stray)
    await attack('renumbered', set('line_no', 7), stray)
    await attack('renumbered below 0', set('line_no', -1), stray)
    await attack('empty', set('line', Buffer.alloc(0)), { code: 'checkpoint-unreadable', what })
    await attack('with a newline', set('line', Buffer.concat([bytesOf(line), Buffer.from('\n')])), {
      code: 'checkpoint-unreadable',
      what,
    })
    await attack('no UTF-8', set('line', Buffer.concat([bytesOf(line), Buffer.from([0xff])])), {
      code: 'checkpoint-unreadable',
      what,
    })
    await attack('of another key', set('line', replaced(line, '/heartbeat', '/heartbeet')), {
      code: 'foreign-checkpoint',
      what,
    })
    await attack(
      'of the other incarnation',
      set('line', bytesOf(all.find((row) => row.ledger_no !== ledger_no)?.line)),
      { code: 'foreign-checkpoint', what },
    )
    await attack(
      'doubled',
      (t) => t.run(`INSERT INTO cosignatures SELECT ledger_no, size, 2, line FROM cosignatures ${where}`),
      stray,
    )
    await attack('two lines in one', set('line', Buffer.concat([bytesOf(line), Buffer.from('\n'), bytesOf(line)])), {
      code: 'foreign-signature',
      what,
    })
  }
})

test('the order of cosignature rows says nothing: each line carries its time under its signature', async () => {
  tampered(database, copy, (t) => {
    const [one, other] = t.rows('SELECT line FROM cosignatures WHERE ledger_no = 2 AND size = 14 ORDER BY line_no')
    t.run('UPDATE cosignatures SET line = ? WHERE ledger_no = 2 AND size = 14 AND line_no = 0', other?.line ?? null)
    t.run('UPDATE cosignatures SET line = ? WHERE ledger_no = 2 AND size = 14 AND line_no = 1', one?.line ?? null)
  })
  assert.deepEqual((await verify(copy, 1)).findings, [])
})

test('the schema: every object dropped', async () => {
  for (const { type, name } of rowsOf("SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL OR type = 'table'")) {
    reschemed(database, copy, `DROP ${type} ${name}`)
    await found(`drop ${name}`, 1, { code: 'schema-altered', what: new RegExp(`schema object ${name}`) })
  }
  for (const { type, name } of guards()) {
    reschemed(database, copy, `DROP ${type} ${name}`)
    await found(`drop ${name}`, 1, { code: 'schema-altered', what: new RegExp(`schema object ${name}`) })
  }
})

/** Triggers and indexes of the untouched ledger, with their SQL. */
function guards(): { type: string; name: string; sql: string }[] {
  const rows: { type: string; name: string; sql: string }[] = []
  reschemed(database, copy, '')
  const db = new DatabaseSync(copy, { readOnly: true })
  for (const { type, name, sql } of db.prepare('SELECT type, name, sql FROM sqlite_schema').all())
    if (type !== 'table' && sql !== null) rows.push({ type: String(type), name: String(name), sql: String(sql) })
  db.close()
  return rows
}

test('the schema: triggers that look away, indexes that hide rows', async () => {
  for (const { type, name, sql } of guards()) {
    const weaker =
      type === 'trigger'
        ? sql.replace(/( WHEN [\s\S]*?)?\s+BEGIN /, ' WHEN 0 BEGIN ')
        : `${sql} ${/WHERE/.test(sql) ? 'AND' : 'WHERE'} ledger_no > 1`
    reschemed(database, copy, `DROP ${type} ${name}; ${weaker}`)
    await found(`weaker ${name}`, 1, { code: 'schema-altered', what: new RegExp(`schema object ${name}`) })
  }
})

const SCHEMAS: readonly (readonly [sql: string, what: RegExp])[] = [
  ['CREATE TABLE extra (x)', /extra/],
  ['CREATE TABLE extra (x INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE extra', /sqlite_sequence/],
  ['CREATE VIEW seen AS SELECT * FROM entries', /seen/],
  ['CREATE INDEX more ON entries (seq)', /more/],
  ['CREATE TRIGGER more AFTER INSERT ON entries BEGIN SELECT 1; END', /more/],
  ['CREATE TRIGGER entries AFTER INSERT ON entries BEGIN SELECT 1; END', /entries \(trigger\)/],
  ['ALTER TABLE entries ADD COLUMN note TEXT', /entries/],
  ['ALTER TABLE entries RENAME COLUMN actor_id TO who', /entries/],
  ['ALTER TABLE entries RENAME TO real; CREATE VIEW entries AS SELECT * FROM real', /entries/],
  ['ALTER TABLE checkpoints RENAME TO real; CREATE VIEW checkpoints AS SELECT * FROM real', /checkpoints/],
  ["UPDATE sqlite_schema SET sql = replace(sql, '$.actor_id', '$.on_behalf_of') WHERE name = 'entries'", /entries/],
  ["UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'ledgers'", /ledgers/],
  ["UPDATE sqlite_schema SET tbl_name = 'ledgers' WHERE name = 'entries_no_delete'", /entries_no_delete/],
  ["DELETE FROM sqlite_schema WHERE name = 'entries_no_delete'", /entries_no_delete/],
]

for (const [sql, what] of SCHEMAS) {
  test(`the schema: ${sql}`, async () => {
    reschemed(database, copy, sql)
    await found(sql, 1, { code: 'schema-altered', what }, { code: 'database-unreadable' })
  })
}

test('a schema of no known version is no ledger that can be read; one of a later version is refused with its cure', async () => {
  reschemed(database, copy, 'PRAGMA user_version = 0')
  await found('user_version 0', 1, { code: 'database-unreadable' })
  reschemed(database, copy, 'PRAGMA user_version = 3')
  await assert.rejects(verify(copy, 1), { code: 'newer-format' })
})

test('statistics for the query planner are SQLite’s own affair, and lies in them change nothing', async () => {
  reschemed(database, copy, "ANALYZE; UPDATE sqlite_stat1 SET stat = '1 1 1'")
  assert.deepEqual((await verify(copy, 1)).findings, [])
})

test('an index: what stands in it changed, and rows hidden from it, by editing its pages', async () => {
  const ofUser = entriesOf(1)
    .map(({ entry }) => membersOf(entry))
    .find(({ actor_type }) => actor_type === 'user')
  const texts: readonly (readonly [index: string, text: string])[] = [
    ['sqlite_autoindex_ledgers_1', ledger.origins[1]],
    ['entries_by_id', String(membersOf(entriesOf(1)[3]?.entry ?? Buffer.alloc(0)).id)],
    ['entries_by_action', 'agent_response_generated'],
    ['entries_by_actor', String(ofUser?.actor_id)],
    ['entries_by_conversation', 'new-visit'],
    ['entries_by_parent', parentOf('append_conflicted')],
    ['entries_by_resource', 'patient_record'],
    ['entries_by_timestamp', '2026-11-22T'],
    ['entries_by_recorded_at', '2026-11-22T'],
    ['entry_subjects_by_subject', String(ofUser?.subject_ids).slice(0, 36)],
  ]
  for (const [index, text] of texts) {
    const page = pageOf(index)
    edited(database, copy, (bytes) => {
      const at = bytes.indexOf(text, page)
      assert.ok(at > 0 && at < page + 8192, `${index} has ${text}`)
      bytes[at + text.length - 1] = (bytes[at + text.length - 1] ?? 0) ^ 1
    })
    await found(`${index}: ${text}`, 1, { code: 'index-altered' })
    edited(database, copy, (bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(page + 3) - 1, page + 3))
    await found(`${index}: a row hidden`, 1, { code: 'index-altered' })
  }
})

function parentOf(action: string): string {
  const all = entriesOf(1).map(({ entry }) => membersOf(entry))
  return String(all.find((members) => members.action === action)?.parent_id)
}

/** Where the only page of an index begins in the file. */
function pageOf(index: string): number {
  const db = new DatabaseSync(database, { readOnly: true })
  const pages = db.prepare('SELECT pageno FROM dbstat WHERE name = ?').all(index)
  db.close()
  assert.equal(pages.length, 1, `${index} has one page`)
  return (Number(pages[0]?.pageno) - 1) * 8192
}

test('skipping the indexes skips nothing else, and is said', async () => {
  const origin = ledger.origins[1]
  const skipped = { trust: pinned(ledger, 1), anchors, origin, threads: 0, indexes: 'skipped' } as const
  reschemed(database, copy, 'DROP TRIGGER entries_no_delete; DROP INDEX entries_by_actor')
  const report = await verifySqlite(copy, skipped)
  assertFound('a dropped trigger', report, [{ code: 'schema-altered', what: /entries_no_delete/ }])
  assert.ok(report.not_checked.some((line) => line.startsWith('the search indexes: skipped')))
  tampered(database, copy, (t) => t.run("INSERT INTO entry_subjects VALUES (2, 14, 'subject-0')"))
  assertFound('a stray row', await verifySqlite(copy, skipped), [{ code: 'stray-row', what: /entry_subjects/ }])
})

test('threads say what one thread says', async () => {
  const origin = ledger.origins[1]
  tampered(database, copy, (t) => t.run('DELETE FROM entries WHERE ledger_no = 2 AND seq = 5'))
  const inThreads = await verifySqlite(copy, { trust: pinned(ledger, 1), anchors, origin, threads: 2 })
  assert.deepEqual(inThreads, await verify(copy, 1))
})
