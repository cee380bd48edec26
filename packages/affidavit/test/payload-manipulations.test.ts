// The manipulation table of sealed payloads: whatever is changed in their tables is found, without any key.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'

import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { connectSqliteForReading } from '../src/stores/sqlite/connect.ts'
import { storedLedgers } from '../src/stores/sqlite/stored-log.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Report } from '../src/verify/report.ts'
import { createContentCheck, firstNaming } from '../src/verify/stored/payloads.ts'
import type { StoredLog } from '../src/verify/stored/stored-log.ts'
import { type Tampering, tampered } from './manipulate.ts'
import { makeSealedLedger, type Sealed } from './sealed-entries.ts'

let folder: string
let database: string
let copy: string
let anchors: readonly Anchor[]
let made: Awaited<ReturnType<typeof makeSealedLedger>>

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-payloads-'))
  made = await makeSealedLedger(join(folder, 'ledger'))
  database = databaseFile(join(folder, 'ledger'))
  copy = join(folder, 'copy.db')
  anchors = [await localAnchor(join(folder, 'ledger'))]
})
after(() => rmSync(folder, { recursive: true, force: true }))

function verify(path: string, payloadBytes: 'read' | 'not read' = 'read'): Promise<Report> {
  const key = parseVerifierKey(made.verifierKey)
  assert.ok(!('code' in key))
  return verifySqlite(path, { trust: { kind: 'pinned', keys: [key] }, anchors, threads: 0, payloadBytes })
}

function codes({ findings }: Report): string[] {
  return findings.map(({ code, seq, what }) => `${code} ${seq ?? what}`)
}

function content(name: string): Sealed {
  const found = made.contents.find(({ reference }) => reference.name === name)
  assert.ok(found !== undefined)
  return found
}

const id = (name: string): string => content(name).payload.blob_id

test('the untouched ledger is sound, and the report says what was not read', async () => {
  const read = await verify(database)
  assert.deepEqual(codes(read), [])
  assert.ok(read.not_checked.some((line) => /whether sealed content opens/.test(line)))
  const listed = await verify(database, 'not read')
  assert.deepEqual(codes(listed), [])
  assert.ok(listed.not_checked.some((line) => /^sealed content: 3 payloads; --content reads them$/.test(line)))
})

test('every byte of a short payload and of its content key, flipped', async () => {
  for (const [column, bytes, code] of [
    ['sealed', content('answer').payload.sealed, 'payload-altered'],
    ['content_key', content('answer').payload.content_key, 'content-key-altered'],
  ] as const) {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))
      tampered(database, copy, (t) =>
        t.run(`UPDATE payloads SET ${column} = ? WHERE blob_id = ?`, flipped, id('answer')),
      )
      assert.deepEqual(codes(await verify(copy)), [`${code} 1`], `${column} ${at}`)
    }
  }
})

const LIES: readonly (readonly [name: string, lie: (t: Tampering) => void, found: readonly string[]])[] = [
  [
    'a payload is gone',
    (t) => t.run('DELETE FROM payloads WHERE blob_id = ?', id('answer')),
    ['payload-missing 1', 'stray-row table payload_uses'],
  ],
  [
    'a payload that two entries share is gone',
    (t) => t.run('DELETE FROM payloads WHERE blob_id = ?', id('question')),
    ['payload-missing 1', 'payload-missing 3', 'stray-row table payload_uses'],
  ],
  [
    'two payloads are exchanged',
    exchange,
    [
      'content-key-altered 1',
      'content-key-altered 1',
      'content-key-altered 3',
      'payload-altered 1',
      'payload-altered 1',
      'payload-altered 3',
    ],
  ],
  [
    'its digest is another',
    (t) => t.run('UPDATE payloads SET body_digest = ? WHERE blob_id = ?', 'ab'.repeat(32), id('answer')),
    ['content-key-altered 1'],
  ],
  [
    'a chunk is gone',
    (t) => t.run('DELETE FROM payload_chunks WHERE chunk_no = 2'),
    ['payload-altered 2', 'stray-row table payload_chunks'],
  ],
  ['the last chunk is gone', (t) => t.run('DELETE FROM payload_chunks WHERE chunk_no = 3'), ['payload-altered 2']],
  [
    'a chunk stands twice',
    (t) =>
      t.run('INSERT INTO payload_chunks SELECT ledger_no, blob_id, 4, sealed FROM payload_chunks WHERE chunk_no = 3'),
    ['payload-altered 2'],
  ],
  [
    'two chunks are exchanged',
    (t) => {
      for (const [from, to] of [
        [1, 9],
        [2, 1],
        [9, 2],
      ] as const) {
        t.run('UPDATE payload_chunks SET chunk_no = ? WHERE chunk_no = ?', to, from)
      }
    },
    ['payload-altered 2'],
  ],
  [
    'a byte of a chunk',
    (t) => t.run("UPDATE payload_chunks SET sealed = CAST(x'00' || substr(sealed, 2) AS BLOB) WHERE chunk_no = 1"),
    ['payload-altered 2'],
  ],
  [
    'chunks of a payload that has one',
    (t) => t.run("INSERT INTO payload_chunks VALUES (1, ?, 1, x'00')", id('answer')),
    ['payload-altered 1'],
  ],
  [
    'an empty chunk more',
    (t) => t.run("INSERT INTO payload_chunks VALUES (1, ?, 4, x'')", id('scan')),
    ['payload-altered 2'],
  ],
  [
    'a chunk with a number beyond 2^53',
    (t) => t.run("INSERT INTO payload_chunks VALUES (1, ?, 9007199254740993, x'00')", id('scan')),
    ['payload-altered 2', 'stray-row table payload_chunks'],
  ],
  [
    'bytes moved over the border of two chunks',
    (t) => {
      // End to end they are the bytes that were recorded.
      const [first, second] = content('scan').more
      assert.ok(first !== undefined && second !== undefined)
      const moved = Buffer.concat([first.subarray(-1), second])
      t.run('UPDATE payload_chunks SET sealed = ? WHERE chunk_no = 1', first.subarray(0, -1))
      t.run('UPDATE payload_chunks SET sealed = ? WHERE chunk_no = 2', moved)
    },
    ['payload-altered 2'],
  ],
  [
    'an id that no payload gets',
    (t) =>
      t.run(
        "INSERT INTO payloads SELECT 1, 'another', body_digest, content_key, sealed FROM payloads WHERE blob_id = ?",
        id('answer'),
      ),
    ['stray-row table payloads'],
  ],
  [
    'chunks of no payload',
    (t) => t.run("INSERT INTO payload_chunks VALUES (1, 'none', 1, x'00')"),
    ['stray-row table payload_chunks'],
  ],
  ['an entry is not listed', (t) => t.run('DELETE FROM payload_uses WHERE seq = 3'), ['payload-uses-altered 3']],
  [
    'an entry is listed under another payload',
    (t) => t.run('UPDATE payload_uses SET blob_id = ? WHERE seq = 3', id('answer')),
    ['payload-uses-altered 3'],
  ],
  [
    'an entry without content is listed',
    (t) => t.run('INSERT INTO payload_uses VALUES (1, 4, ?)', id('answer')),
    ['payload-uses-altered 4'],
  ],
  [
    'a seq that is not there is listed',
    (t) => t.run('INSERT INTO payload_uses VALUES (1, 99, ?)', id('answer')),
    ['stray-row table payload_uses'],
  ],
  [
    'another ledger is listed',
    (t) => t.run('INSERT INTO payload_uses VALUES (7, 1, ?)', id('answer')),
    ['stray-row table payload_uses'],
  ],
  [
    'a payload of no ledger',
    (t) =>
      t.run(
        'INSERT INTO payloads SELECT 7, blob_id, body_digest, content_key, sealed FROM payloads WHERE blob_id = ?',
        id('answer'),
      ),
    ['stray-row table payloads'],
  ],
]

function exchange(t: Tampering): void {
  const [one, other] = [id('question'), id('answer')]
  t.run("UPDATE payloads SET blob_id = 'aside' WHERE blob_id = ?", one)
  t.run('UPDATE payloads SET blob_id = ? WHERE blob_id = ?', one, other)
  t.run("UPDATE payloads SET blob_id = ? WHERE blob_id = 'aside'", other)
}

for (const [name, lie, expected] of LIES) {
  test(`found without any key: ${name}`, async () => {
    tampered(database, copy, lie)
    assert.deepEqual(codes(await verify(copy)).sort(), [...expected].sort())
  })
}

test('names of another type, more than a page of them, are found, and verification ends', async () => {
  for (const [table, code] of [
    ['payload_uses', 'payload-uses-altered 4'],
    ['entry_subjects', 'subjects-altered 4'],
  ] as const) {
    copyFileSync(database, copy)
    const db = new DatabaseSync(copy, { defensive: false })
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA writable_schema = ON')
    const strict = `UPDATE sqlite_schema SET sql = replace(sql, ') STRICT, W', ') W') WHERE name = '${table}'`
    db.exec(`${strict}; PRAGMA writable_schema = RESET`)
    db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
      INSERT INTO ${table} SELECT 1, 4, CAST(printf('%032x', i) AS BLOB) FROM n`)
    db.exec('PRAGMA writable_schema = ON')
    db.exec(`UPDATE sqlite_schema SET sql = replace(sql, ') W', ') STRICT, W') WHERE name = '${table}'`)
    db.close()
    const found = codes(await verify(copy))
    assert.ok(found.length > 0, table)
    assert.ok(
      found.some((one) => one === code || one.startsWith('index-altered') || one.startsWith('database-unreadable')),
      `${table}: ${found.join()}`,
    )
  }
})

test('what is listed, that payloads are there, and their content keys are checked without reading them', async () => {
  tampered(database, copy, (t) => t.run('DELETE FROM payload_uses WHERE seq = 3'))
  assert.deepEqual(codes(await verify(copy, 'not read')), ['payload-uses-altered 3'])
  tampered(database, copy, (t) => t.run('DELETE FROM payloads WHERE blob_id = ?', id('answer')))
  assert.deepEqual(codes(await verify(copy, 'not read')), ['payload-missing 1', 'stray-row table payload_uses'])
  tampered(database, copy, (t) => t.run('DELETE FROM payload_chunks WHERE chunk_no = 3'))
  assert.deepEqual(codes(await verify(copy, 'not read')), ['payload-altered 2'])
  const other = content('question').payload.content_key
  tampered(database, copy, (t) => t.run('UPDATE payloads SET content_key = ? WHERE blob_id = ?', other, id('answer')))
  assert.deepEqual(codes(await verify(copy, 'not read')), ['content-key-altered 1'])
  tampered(database, copy, (t) => t.run('UPDATE payload_chunks SET sealed = zeroblob(65552) WHERE chunk_no = 1'))
  assert.deepEqual(codes(await verify(copy, 'not read')), [])
})

test('a payload that no entry names yet is no finding: its record may be about to come', async () => {
  tampered(database, copy, (t) => {
    t.run(
      `INSERT INTO payloads SELECT 1, '${'ab'.repeat(16)}', body_digest, content_key, sealed FROM payloads WHERE blob_id = ?`,
      id('answer'),
    )
  })
  assert.deepEqual(codes(await verify(copy)), [])
})

test('stretches count a payload that they share once, and each reads it once, also where it is damaged', async () => {
  const { reference } = content('question')
  const flipped = content('question').payload.sealed.map((byte) => byte ^ 1)
  tampered(database, copy, (t) => t.run('UPDATE payloads SET sealed = ? WHERE blob_id = ?', flipped, id('question')))
  for (const [path, found] of [
    [database, []],
    [copy, ['payload-altered 1', 'payload-altered 3']],
  ] as const) {
    const db = connectSqliteForReading(path)
    const log = storedLedgers(db).log(1)
    let reads = 0
    const watched: StoredLog = {
      ...log,
      payloadHeads(blob_ids) {
        reads += blob_ids.length
        return log.payloadHeads(blob_ids)
      },
    }
    const [whole, later] = [0, 1].map(() => createContentCheck(watched, firstNaming(log, 0), 'read'))
    assert.ok(whole !== undefined && later !== undefined)
    const findings: string[] = []
    for (const seq of [1, 3]) {
      await whole.look([{ seq, references: [reference] }])
      findings.push(...whole.check({ seq }, [reference]).map((one) => `${one.code} ${one.seq}`))
    }
    assert.deepEqual(findings, found)
    await later.look([{ seq: 3, references: [reference] }])
    assert.equal(reads, 2, 'once for each stretch')
    assert.deepEqual(whole.tally(), { payloads: 1, bytes: found.length > 0 ? 0 : reference.sealed_size })
    assert.deepEqual(later.tally(), { payloads: 0, bytes: 0 })
    db.close()
  }
})
