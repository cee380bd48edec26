// Every byte of a small ledger's files changed, one at a time: each is found, or stores nothing.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'

import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { parseCheckpointLog } from '../src/formats/checkpoint-log.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Report } from '../src/verify/report.ts'
import { bytesOf, tampered, withFlippedByte } from './manipulate.ts'
import { logOf, makeSmallLedger, pinned, type RichLedger } from './rich-ledger.ts'

const SOAK = process.env.AFFIDAVIT_SOAK === '1'

let folder: string
let ledger: RichLedger
let database: string
let copy: string
let anchors: Anchor[]

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-flips-'))
  ledger = await makeSmallLedger(join(folder, 'ledger'))
  database = databaseFile(ledger.folder)
  copy = join(folder, 'copy.db')
  anchors = [await localAnchor(ledger.folder)]
})
after(() => rmSync(folder, { recursive: true, force: true }))

function verify(
  path: string,
  outside: readonly Anchor[],
  indexes: 'compared' | 'skipped' = 'compared',
): Promise<Report> {
  const origin = ledger.origins[1]
  return verifySqlite(path, { trust: pinned(ledger, 1), anchors: outside, origin, threads: 0, indexes })
}

test('the untouched files are valid', async () => {
  assert.deepEqual((await verify(database, anchors)).findings, [])
})

test('a checkpoint in the database: every byte flipped', async () => {
  const { note, size } = newestNote()
  for (let at = 0; at < note.length; at++) {
    const flipped = Uint8Array.from(note)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    tampered(database, copy, (t) => t.run('UPDATE checkpoints SET note = ? WHERE size = ?', flipped, size))
    const { findings, axes } = await verify(copy, [], 'skipped')
    const found = findings.find(({ axis, what }) => axis === 'signer' && what === `checkpoint of size ${size}`)
    assert.ok(found !== undefined, `byte ${at} of the note: ${JSON.stringify(findings)}`)
    assert.equal(axes.signer.verdict, 'contradicted')
  }
  console.log(`flips: ${note.length} bytes of a checkpoint, every one found`)
})

function newestNote(): { note: Uint8Array; size: number } {
  const db = new DatabaseSync(database, { readOnly: true })
  const row = db.prepare('SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1').get()
  db.close()
  return { note: bytesOf(row?.note), size: Number(row?.size) }
}

test('the checkpoint log: every byte flipped', async () => {
  const log = readFileSync(logOf(ledger.folder))
  const lastTwo = log.length - 1_100
  let flips = 0
  for (let at = 0; at < log.length; at += SOAK || at >= lastTwo ? 1 : 3, flips++) {
    const anchor = await anchorOf(flippedAt(log, at, 1 << (at % 8)))
    const { findings, axes } = await verify(database, [anchor], 'skipped')
    assert.ok(findings.length > 0, `byte ${at} of the checkpoint log`)
    assert.ok(axes.anchor.verdict === 'contradicted', `byte ${at}: ${JSON.stringify(findings)}`)
  }
  console.log(`flips: ${flips} bytes of the checkpoint log, every one found`)
})

function flippedAt(bytes: Uint8Array, at: number, bits: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[at] = (flipped[at] ?? 0) ^ bits
  return flipped
}

async function anchorOf(bytes: Uint8Array): Promise<Anchor> {
  const path = join(folder, 'anchor.log')
  writeFileSync(path, bytes)
  const { notes, faults, torn } = await externalAnchor(path)
  return { kind: 'local', where: 'log', notes, faults, ...(torn === undefined ? {} : { torn }) }
}

test('the checkpoint log: cut anywhere in its last record it is torn, not tampered with; what is left still counts', async () => {
  const log = readFileSync(logOf(ledger.folder))
  const lastRecord = log.lastIndexOf('\n\n', log.lastIndexOf('\n\n', log.length - 3) - 1) + 2
  for (let end = lastRecord; end < log.length; end += SOAK ? 1 : 7) {
    const report = await verify(database, [await anchorOf(log.subarray(0, end))], 'skipped')
    assert.deepEqual(report.findings, [], `cut at ${end}`)
    assert.equal(
      report.not_checked.some((line) => /cut off/.test(line)),
      end > lastRecord,
    )
  }
})

test('the checkpoint log: each record but the last one removed, and two exchanged', async () => {
  const parsed = parseCheckpointLog(readFileSync(logOf(ledger.folder)))
  if ('code' in parsed) throw new Error(parsed.code)
  const records = parsed.records.map(({ note }) => `${note}\n`)
  const sizes = records.map((record) => record.split('\n')[1])
  for (const [i, size] of sizes.entries()) {
    const left = records.filter((_, at) => at !== i)
    const { findings } = await verify(database, [await anchorOf(Buffer.from(left.join('')))], 'skipped')
    const still = sizes.filter((other, at) => at !== i && other === size).length > 0
    const cut = Number(size) === Math.max(...sizes.map(Number)) && !still
    assert.equal(findings.map(({ code }) => code).join(), still || cut ? '' : 'anchor-record-missing', `record ${i}`)
  }
  const { findings } = await verify(database, [await anchorOf(Buffer.from(records.reverse().join('')))], 'skipped')
  assert.deepEqual(findings, [], 'several processes release: the order of records says nothing')
})

test('the database file: flipped bytes are found, or store nothing', async () => {
  const bytes = withoutWal(copy)
  const dumped = dump(copy)
  const outcomes = { found: 0, refused: 0, 'no stored byte': 0 }
  for (const at of SOAK ? bytes.keys() : sampled(bytes, 1_300)) {
    for (const bits of SOAK ? [1, 0x80, 0xff] : [1 << (at % 8)]) {
      const outcome = await withFlippedByte(copy, at, bits, () => outcomeOf(copy))
      outcomes[outcome]++
      if (outcome === 'no stored byte')
        assert.equal(
          await withFlippedByte(copy, at, bits, () => dump(copy)),
          dumped,
          `byte ${at} of the file, bits ${bits}`,
        )
    }
  }
  const { found, refused } = outcomes
  console.log(
    `flips: ${found + refused + outcomes['no stored byte']} of the database file: ${found} found, ${refused} refused with a code, ${outcomes['no stored byte']} where nothing is stored`,
  )
  assert.ok(found > 0)
})

async function outcomeOf(path: string): Promise<'found' | 'refused' | 'no stored byte'> {
  try {
    const { status, findings } = await verify(path, anchors)
    if (findings.length === 0) return 'no stored byte'
    assert.equal(status, 'tampered')
    return 'found'
  } catch (error) {
    // A later schema, or a page size that no database has: this may be any file.
    if (error instanceof LedgerError && ['newer-format', 'not-a-ledger'].includes(error.code)) return 'refused'
    throw error
  }
}

/** Copies the database into a file that is read without a WAL beside it; answers its bytes. */
function withoutWal(path: string): Buffer {
  writeFileSync(path, readFileSync(database))
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = DELETE')
  db.close()
  return readFileSync(path)
}

// The headers of the file and of each page; a spread over the file, and one over what is not zero: each run another one.
function* sampled(bytes: Uint8Array, count: number): Generator<number> {
  for (let at = 0; at < 100; at++) yield at
  for (let page = 0; page < bytes.length; page += 8192) for (let at = 0; at < 12; at++) yield page + at
  const filled = [...bytes.keys()].filter((at) => bytes[at] !== 0)
  for (const places of [[...bytes.keys()], filled]) {
    const step = places.length / count
    for (let i = Math.random() * step; i < places.length; i += step) yield places[Math.floor(i)] ?? 0
  }
}

/** Everything a database file stores, as SQL gives it back: each table and each index, row by row. */
function dump(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const hash = createHash('sha256')
    const add = (sql: string): void => {
      for (const row of db.prepare(sql).iterate()) hash.update(JSON.stringify(Object.values(row), asText))
    }
    add('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema')
    for (const table of ['ledgers', 'entries', 'entry_subjects', 'checkpoints', 'cosignatures'])
      add(`SELECT * FROM ${table}`)
    add('PRAGMA integrity_check')
    add('PRAGMA user_version')
    add('PRAGMA application_id')
    return hash.digest('hex')
  } finally {
    db.close()
  }
}

function asText(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}
