// As left-manipulations, in PostgreSQL: by whoever may do everything there.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import type pg from 'pg'

import { toHex } from '../src/bytes/hex.ts'
import { storedArchive } from '../src/embedded/stored-archive.ts'
import { openSnapshot } from '../src/stores/postgres/snapshot.ts'
import { postgresStore } from '../src/stores/postgres/store.ts'
import { storedLedgers } from '../src/stores/postgres/stored-log.ts'
import { verifyPostgres, verifyPostgresConversation } from '../src/stores/postgres/verify.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { ArchiveOf } from '../src/verify/stored/archive.ts'
import { APPROVER, expectFoundByIds, type LeftLedger, letGo, makeLeftLedger } from './left-ledger.ts'
import { LIES, type Rows } from './left-lies.ts'
import { copyIntoPostgres } from './postgres-copy.ts'
import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'

const TABLES = ['entries', 'entry_subjects', 'payload_uses', 'payloads']

const missing = missingForPostgres()
if (missing !== undefined) test('records that left PostgreSQL', { skip: missing })
else
  describe('records that left PostgreSQL', () => {
    let server: PostgresServer
    let folder: string
    let database: string
    let ledger: LeftLedger
    let everything: pg.Pool
    let reading: pg.Pool
    let guards: string

    before(async () => {
      server = await startPostgres()
      folder = mkdtempSync(join(tmpdir(), 'affidavit-left-pg-'))
      ledger = await makeLeftLedger(folder)
      database = await server.database()
      const owner = server.pool(database, OWNER)
      await copyIntoPostgres(ledger.file, owner, SERVER)
      await owner.end()
      everything = server.pool(database, 'super')
      reading = server.pool(database)
      await letGo(postgresStore({ pool: everything }), ledger)
      const { rows } = await everything.query(
        `SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname) AS on FROM pg_trigger
        JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'affidavit'::regnamespace AND NOT tgisinternal AND relname = ANY ($1)`,
        [TABLES],
      )
      guards = [
        ...TABLES.map((table) => `ALTER TABLE affidavit.${table} ENABLE TRIGGER ALL`),
        ...rows.map(({ on }) => on),
      ].join('; ')
      await everything.query(
        TABLES.map((table) => `CREATE TABLE public.${table} AS SELECT * FROM affidavit.${table}`).join('; '),
      )
    })
    after(async () => {
      await Promise.all([everything.end(), reading.end()])
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    const archiveOf: ArchiveOf = (origin) => (origin === ledger.origin ? storedArchive(ledger.archive) : undefined)
    const options = () =>
      ({
        trust: ledger.trust,
        anchors: [],
        approvers: [APPROVER.verifierKey],
        archiveOf,
        payloadBytes: 'read',
      }) as const
    const verify = () => verifyPostgres({ pool: reading, where: database }, options())
    const off = TABLES.map((table) => `ALTER TABLE affidavit.${table} DISABLE TRIGGER ALL`).join('; ')

    test('what left is verified to the same report as in a file', async () => {
      const store = sqliteStore(ledger.file, 'open')
      await letGo(store, ledger)
      await store.close()
      const ours = await verify()
      const theirs = await verifySqlite(ledger.file, { ...options(), threads: 0 })
      assert.deepEqual([ours.status, ours.findings, ours.records_checked], ['valid', [], theirs.records_checked])
      assert.deepEqual(ours.axes, theirs.axes)
      const { archiveOf: _, ...without } = options()
      const unread = await verifyPostgres({ pool: reading, where: database }, without)
      assert.deepEqual(
        [unread.status, ...new Set(unread.findings.map(({ code }) => code))],
        ['incomplete', 'archived-not-read'],
      )
    })

    test('what left is found by its id through the archive', async () => {
      const snapshot = await openSnapshot(reading)
      const store = { where: '', ledgers: storedLedgers(snapshot), runTasks: async () => undefined, findings: [] }
      await expectFoundByIds(store, ledger)
      await snapshot.close()
    })

    // Each takes half a second, and what judges them is the same for both stores.
    const told = process.env.AFFIDAVIT_SOAK === '1' ? LIES : LIES.filter((_, i) => i % 5 === 0)
    for (const { name, tell, found, seq, conversation } of told) {
      test(`found: ${name}`, async () => {
        const bytesAt = async (at: number, column: string): Promise<Uint8Array> =>
          (await everything.query(`SELECT ${column} AS bytes FROM affidavit.entries WHERE seq = $1`, [at])).rows[0]
            .bytes
        const changes: string[] = []
        const rows: Rows = {
          entry: (at) => bytesAt(at, 'entry'),
          nodes: (at) => bytesAt(at, 'nodes'),
          async put(at, column, bytes) {
            changes.push(`UPDATE affidavit.entries SET ${column} = '\\x${toHex(bytes)}' WHERE seq = ${at}`)
          },
          async run(sql) {
            changes.push(sql.replaceAll(/\b(entry_subjects|payload_uses|payloads)\b/g, 'affidavit.$1'))
          },
        }
        await tell(rows, ledger)
        await everything.query(`${off}; ${changes.join('; ')}; ${guards}`)
        try {
          const { status, findings } = await verify()
          const seen = findings.map((one) => `${one.code} ${one.seq ?? ''}: ${one.problem}`).join('\n')
          assert.ok(
            findings.some((one) => one.code === found && (seq === undefined || one.seq === seq)),
            seen,
          )
          assert.equal(status, 'tampered', seen)
          if (conversation === undefined) return
          const alone = { ...options(), conversation_id: conversation }
          const one = await verifyPostgresConversation({ pool: reading, where: database }, alone)
          assert.equal(one.status, 'tampered')
        } finally {
          const back = TABLES.map(
            (table) => `DELETE FROM affidavit.${table}; INSERT INTO affidavit.${table} SELECT * FROM public.${table}`,
          )
          await everything.query(`${off}; ${back.join('; ')}; ${guards}`)
        }
      })
    }
  })
