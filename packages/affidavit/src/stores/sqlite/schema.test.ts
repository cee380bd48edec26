// The released schemas stay what they were, and files of each of them are brought up to the newest.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { parseVerifierKey } from '../../formats/verifier-key.ts'
import { LEDGER } from '../../testing/contract-reading.ts'
import { samples } from '../../testing/sample-drafts.ts'
import type { Report } from '../../verify/report.ts'
import { LEDGER_DATABASE, schemaSql } from './connect.ts'
import { sqliteStore } from './store.ts'
import { verifySqlite } from './verify.ts'

const data = new URL('../../../testdata/schema/', import.meta.url)
const { origin, key }: { origin: string; key: string } = JSON.parse(
  readFileSync(new URL('sqlite-0001.json', data), 'utf8'),
)

let folder: string
let file: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-schema-'))
  file = join(folder, 'ledger.db')
})
after(() => rmSync(folder, { recursive: true }))

test('released schemas are what they were', () => {
  const sums = readFileSync(new URL('./schema/SHA256SUMS', import.meta.url), 'utf8')
  const lines = Array.from({ length: LEDGER_DATABASE.schemaVersion }, (_, version) => {
    const sql = schemaSql(LEDGER_DATABASE, version, version + 1)
    return `${createHash('sha256').update(sql).digest('hex')}  ${String(version + 1).padStart(4, '0')}.sql\n`
  })
  assert.equal(sums, lines.join(''))
})

test('a file of schema 1 is verified as it is, brought up by the first who writes to it, and verified again', async () => {
  writeFileSync(file, gunzipSync(readFileSync(new URL('sqlite-0001.db.gz', data))))
  assert.deepEqual((await verify(file)).findings, [])
  assert.equal(versionOf(file), 1)
  const entries = rowsOf(file)
  const store = sqliteStore(file, 'open')
  assert.equal((await store.head(origin))?.size, entries.length)
  assert.equal(versionOf(file), 1)
  assert.equal(await store.sweepPayloads(origin, 0), 0)
  await store.close()
  assert.equal(versionOf(file), 2)
  assert.deepEqual(rowsOf(file), entries)
  assert.deepEqual((await verify(file)).findings, [])
})

test('a file that says an older schema than it has is found', async () => {
  const copy = join(folder, 'older.db')
  copyFileSync(file, copy)
  const db = new DatabaseSync(copy)
  db.exec('PRAGMA user_version = 1')
  db.close()
  const { status, findings } = await verify(copy)
  assert.equal(status, 'tampered')
  assert.ok(findings.every(({ code }) => code === 'schema-altered'))
})

test('two who begin to write to a file of schema 1 bring it up once', async () => {
  const copy = join(folder, 'both.db')
  writeFileSync(copy, gunzipSync(readFileSync(new URL('sqlite-0001.db.gz', data))))
  const [one, two] = [sqliteStore(copy, 'open'), sqliteStore(copy, 'open')]
  assert.deepEqual(await Promise.all([one.sweepPayloads(origin, 0), two.sweepPayloads(origin, 0)]), [0, 0])
  assert.equal(versionOf(copy), 2)
  await one.close()
  await two.close()
})

describe('triggers let stubs into the rows of their entries, and nothing else:', () => {
  const PREFIX = `'{"_stub":{"block":0,"segment":"${'0'.repeat(32)}","state":"archived"},'`
  const stub = `CAST(${PREFIX} || substr(json_remove(CAST(entry AS TEXT), '$.seq'), 2) AS BLOB)`
  const lies: readonly (readonly [name: string, sql: string])[] = [
    ['an entry of other bytes', "UPDATE entries SET entry = CAST(CAST(entry AS TEXT) || ' ' AS BLOB) WHERE seq = 1"],
    ['other nodes', 'UPDATE entries SET nodes = zeroblob(32) WHERE seq = 1'],
    ['a stub with other nodes', `UPDATE entries SET entry = ${stub}, nodes = zeroblob(32) WHERE seq = 1`],
    [
      'the stub of another entry',
      `UPDATE entries SET entry = (SELECT ${stub} FROM entries WHERE seq = 2) WHERE seq = 1`,
    ],
    ['a stub at another place', `UPDATE entries SET entry = ${stub}, seq = 77 WHERE seq = 1`],
    ['a stub for the newest entry', `UPDATE entries SET entry = ${stub} WHERE seq = 3`],
    ['a stub for a record that stays', `UPDATE entries SET entry = ${stub} WHERE seq = 0`],
    [
      'a stub that says another actor',
      `UPDATE entries SET entry = CAST(json_set(CAST(${stub} AS TEXT), '$.actor_id', 'another') AS BLOB) WHERE seq = 1`,
    ],
    ['a stub that says nothing', `UPDATE entries SET entry = CAST('{"_stub":{}}' AS BLOB) WHERE seq = 1`],
    ['what is no JSON', "UPDATE entries SET entry = x'00' WHERE seq = 1"],
    ['an entry gone', 'DELETE FROM entries WHERE seq = 1'],
    ['a subject gone', 'DELETE FROM entry_subjects WHERE seq = 1'],
    ['a use gone', 'DELETE FROM payload_uses'],
    ['a payload without its first chunk', "UPDATE payloads SET sealed = x''"],
    ['a payload with another key', "UPDATE payloads SET sealed = x'', content_key = x''"],
    ['a payload gone', 'DELETE FROM payloads'],
    ['a chunk gone', 'DELETE FROM payload_chunks'],
    ['a chunk changed', "UPDATE payload_chunks SET sealed = x'00'"],
  ]
  let db: DatabaseSync
  before(async () => {
    const path = join(folder, 'triggers.db')
    const store = sqliteStore(path, 'create')
    const { prepare, prepareOwn, batch } = samples(LEDGER)
    await store.create(LEDGER)
    const said = (): ReturnType<typeof prepare> => prepare({ subject_ids: ['p'] })
    await store.commit(batch([prepareOwn({ action: 'logging_started' }), said(), said(), said()]))
    await store.close()
    db = new DatabaseSync(path)
    db.exec(`INSERT INTO payloads VALUES (1, '${'0'.repeat(32)}', '', x'01', x'02'); INSERT INTO payload_chunks VALUES (1, '${'0'.repeat(32)}', 1, x'03');
      INSERT INTO payload_uses VALUES (1, 2, '${'0'.repeat(32)}')`)
  })
  after(() => db.close())
  for (const [name, sql] of lies) {
    test(name, () => {
      assert.throws(() => db.exec(sql), /append-only|in use|malformed JSON/)
    })
  }
  test('and a stub in its row they do', () => {
    db.exec(`BEGIN; UPDATE entries SET entry = ${stub} WHERE seq = 1`)
    assert.throws(() => db.exec("UPDATE entries SET entry = x'7b7d' WHERE seq = 1"), /append-only/)
    db.exec('ROLLBACK')
  })
})

function verify(path: string): Promise<Report> {
  const parsed = parseVerifierKey(key)
  if ('code' in parsed) assert.fail(parsed.code)
  return verifySqlite(path, { trust: { kind: 'pinned', keys: [parsed] }, anchors: [], threads: 0 })
}

function versionOf(path: string): unknown {
  return read(path, 'PRAGMA user_version')[0]?.user_version
}

function rowsOf(path: string): Record<string, unknown>[] {
  return read(path, 'SELECT ledger_no, seq, nodes, entry FROM entries ORDER BY ledger_no, seq')
}

function read(path: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}
