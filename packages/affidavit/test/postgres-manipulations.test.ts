// The manipulation table in PostgreSQL: whatever whoever owns the database changes in any column of any row is found. The columns
// are those that the database has, so that none is forgotten.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type pg from 'pg'
import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { verifyPostgres, verifyPostgresConversation, verifyPostgresRange } from '../src/stores/postgres/verify.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import { verifySqliteConversation } from '../src/stores/sqlite/verify-conversation.ts'
import { verifySqliteRange } from '../src/stores/sqlite/verify-range.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Report } from '../src/verify/report.ts'
import type { Trust } from '../src/verify/trust.ts'

import { copyIntoPostgres } from './postgres-copy.ts'
import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { makeRichLedger, pinned, type RichLedger } from './rich-ledger.ts'
import { makeSealedLedger } from './sealed-entries.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('what is changed in PostgreSQL is found', { skip: missing })
else
  describe('what is changed in PostgreSQL is found', () => {
    let server: PostgresServer
    let folder: string
    let rich: RichLedger
    let anchors: Record<'rich' | 'sealed', readonly Anchor[]>
    let sealedTrust: Trust
    let databases: Record<'rich' | 'sealed', string>
    let cases = 0

    before(async () => {
      server = await startPostgres()
      folder = mkdtempSync(join(tmpdir(), 'affidavit-pg-manipulations-'))
      rich = await makeRichLedger(join(folder, 'rich'))
      const sealed = await makeSealedLedger(join(folder, 'sealed'))
      const key = parseVerifierKey(sealed.verifierKey)
      assert.ok(!('code' in key))
      sealedTrust = { kind: 'pinned', keys: [key] }
      databases = { rich: await server.database(), sealed: await server.database() }
      for (const name of ['rich', 'sealed'] as const) {
        const pool = server.pool(databases[name], OWNER)
        await copyIntoPostgres(databaseFile(join(folder, name)), pool, SERVER)
        await pool.end()
      }
      anchors = { rich: [await localAnchor(join(folder, 'rich'))], sealed: [await localAnchor(join(folder, 'sealed'))] }
    })
    after(async () => {
      console.log(`manipulations in PostgreSQL: ${cases} cases, every one found`)
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    const pools = new Map<string, pg.Pool>()
    function poolOf(database: string, role: string): pg.Pool {
      const name = `${role} ${database}`
      const pool = pools.get(name) ?? server.pool(database, role)
      pools.set(name, pool)
      return pool
    }

    /** As somebody who may do everything. */
    function sql(database: string, text: string): Promise<pg.QueryResult> {
      return poolOf(database, 'super').query(text)
    }

    async function verify(which: 'rich' | 'sealed', database: string, origin?: string): Promise<Report> {
      const trust = which === 'sealed' ? sealedTrust : pinned(rich, origin === rich.origins[0] ? 0 : 1)
      const pool = poolOf(database, SERVER)
      return verifyPostgres(
        { pool, where: database },
        { trust, anchors: anchors[which], payloadBytes: 'read', ...(origin === undefined ? {} : { origin }) },
      )
    }

    /** Verifies the database after somebody who may do everything has done something; then it is as it was. */
    async function reportsAfter(which: 'rich' | 'sealed', table: string, change: string): Promise<readonly Report[]> {
      cases++
      const database = databases[which]
      const off = `ALTER TABLE affidavit.${table} DISABLE TRIGGER ALL`
      await sql(
        database,
        `CREATE TABLE public.saved AS SELECT * FROM affidavit.${table}; ${off}; ${change}; ${await on(table)}`,
      )
      try {
        const origins = which === 'rich' ? rich.origins : [undefined]
        return await Promise.all(origins.map((origin) => verify(which, database, origin)))
      } finally {
        const back = `DELETE FROM affidavit.${table}; INSERT INTO affidavit.${table} SELECT * FROM public.saved`
        await sql(database, `${off}; ${back}; ${await on(table)}; DROP TABLE public.saved`)
      }
    }

    /** Every trigger as it was: that somebody turned them off shows nothing. */
    async function on(table: string): Promise<string> {
      const own = `tgrelid = 'affidavit.${table}'::regclass AND NOT tgisinternal`
      const { rows } = await sql(databases.rich, `SELECT tgname FROM pg_trigger WHERE ${own}`)
      const each = rows.map(({ tgname }) => `ALTER TABLE affidavit.${table} ENABLE ALWAYS TRIGGER ${tgname}`)
      return [`ALTER TABLE affidavit.${table} ENABLE TRIGGER ALL`, ...each].join('; ')
    }

    const withoutIndexes = (lines: readonly string[]): string[] => lines.filter((line) => !/search indexes/.test(line))

    test('both stores are verified to the same report: each incarnation, a range, each conversation, sealed content', async () => {
      for (const origin of rich.origins) {
        const trust = pinned(rich, origin === rich.origins[0] ? 0 : 1)
        const options = { trust, anchors: anchors.rich, origin }
        const file = databaseFile(rich.folder)
        const pool = server.pool(databases.rich)
        const database = { pool, where: file }
        const ours = await verifyPostgres(database, options)
        const theirs = await verifySqlite(file, { ...options, indexes: 'skipped', threads: 0 })
        assert.deepEqual(
          { ...ours, not_checked: withoutIndexes(ours.not_checked) },
          { ...theirs, not_checked: withoutIndexes(theirs.not_checked) },
        )
        assert.equal(ours.status, 'valid')
        for (const conversation_id of ['visit-0', 'visit-1', 'nowhere']) {
          assert.deepEqual(
            await verifyPostgresConversation(database, { ...options, conversation_id }),
            await verifySqliteConversation(file, { ...options, conversation_id }),
          )
        }
        const [note = ''] = anchors.rich[0]?.notes.filter((one) => one.startsWith(`${origin}\n`)) ?? []
        assert.deepEqual(
          await verifyPostgresRange(database, { ...options, since: note }),
          await verifySqliteRange(file, { ...options, since: note }),
        )
        await pool.end()
      }
      const file = databaseFile(join(folder, 'sealed'))
      const sealed = await verify('sealed', databases.sealed)
      const theirs = await verifySqlite(file, {
        trust: sealedTrust,
        anchors: anchors.sealed,
        payloadBytes: 'read',
        indexes: 'skipped',
        threads: 0,
      })
      assert.deepEqual(withoutIndexes(sealed.not_checked), withoutIndexes(theirs.not_checked))
      assert.deepEqual([sealed.axes, sealed.findings, sealed.subject], [theirs.axes, theirs.findings, theirs.subject])
    })

    /** What a column is changed to, so that it differs and its constraints hold. */
    function another(column: string, type: string): string {
      if (type === 'bytea') return `set_byte("${column}", 0, get_byte("${column}", 0) # 1)`
      if (type === 'bigint' || type === 'integer') return `coalesce("${column}", 0) + 1000`
      return `coalesce("${column}", '') || 'x'`
    }

    const KEPT: ReadonlySet<string> = new Set(['schema_versions', 'ledgers'])

    for (const which of ['rich', 'sealed'] as const) {
      test(`every column of every table, in the first and the last row: ${which}`, async () => {
        const { rows: columns } = await sql(
          databases[which],
          `SELECT table_name, column_name, data_type FROM information_schema.columns
           WHERE table_schema = 'affidavit' AND table_name <> 'records' AND is_generated = 'NEVER' ORDER BY 1, ordinal_position`,
        )
        assert.ok(columns.length > 40)
        for (const { table_name: table, column_name: column, data_type: type } of columns) {
          if (KEPT.has(table)) continue
          for (const order of ['ASC', 'DESC']) {
            const row = `ctid = (SELECT ctid FROM affidavit.${table} ORDER BY ctid ${order} LIMIT 1)`
            const { rowCount } = await sql(databases[which], `SELECT 1 FROM affidavit.${table} WHERE ${row}`)
            if (rowCount === 0) continue
            const change = `UPDATE affidavit.${table} SET "${column}" = ${another(column, type)} WHERE ${row}`
            const reports = await reportsAfter(which, table, change)
            assert.ok(
              reports.some(({ status }) => status === 'tampered' || status === 'incomplete'),
              `${table}.${column} ${order} was changed, and nothing was found`,
            )
          }
        }
      })

      test(`every row, gone: ${which}`, async () => {
        const { rows: tables } = await sql(
          databases[which],
          "SELECT table_name FROM information_schema.tables WHERE table_schema = 'affidavit' AND table_type = 'BASE TABLE'",
        )
        for (const { table_name: table } of tables) {
          if (KEPT.has(table) || table === 'heads') continue
          const { rows } = await sql(databases[which], `SELECT count(*)::int AS n FROM affidavit.${table}`)
          const count: number = rows[0].n
          for (let at = 0; at < count; at += Math.ceil(count / 3)) {
            const row = `ctid = (SELECT ctid FROM affidavit.${table} ORDER BY ctid OFFSET ${at} LIMIT 1)`
            const reports = await reportsAfter(which, table, `DELETE FROM affidavit.${table} WHERE ${row}`)
            assert.ok(
              reports.some(({ status }) => status !== 'valid'),
              `a row of ${table} is gone, and nothing was found`,
            )
          }
        }
      })
    }

    test('a record that a search no longer finds by its actor, though its bytes are whole, is named', async () => {
      const [{ findings } = { findings: [] }] = await reportsAfter(
        'rich',
        'entries',
        "UPDATE affidavit.entries SET actor_id = 'nobody' WHERE ledger_no = 1 AND seq = 5",
      )
      assert.deepEqual(
        findings.map(({ code, seq, problem }) => [code, seq, problem]),
        [['columns-altered', 5, 'the query column actor_id does not hold what the entry says']],
      )
    })

    test('an index that lost a record is found where the database can compare it, and said not to be looked at where it cannot', async () => {
      const available = await sql('postgres', "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'")
      const database = databases.rich
      const notCompared = (report: Report): boolean => report.not_checked.some((line) => /search indexes/.test(line))
      assert.ok(notCompared(await verify('rich', database)))
      if (available.rowCount === 0) return
      await sql(
        database,
        `CREATE SCHEMA checks; GRANT USAGE ON SCHEMA checks TO ${SERVER}; CREATE EXTENSION amcheck SCHEMA checks;
         GRANT EXECUTE ON FUNCTION checks.bt_index_check(regclass, boolean) TO ${SERVER}`,
      )
      const compared = await verify('rich', database)
      assert.equal(notCompared(compared), false)
      assert.deepEqual(compared.findings, [])
    })

    test('damaged pages are findings, and the rest is still verified', async () => {
      const [, report] = await reportsAfter(
        'rich',
        'entries',
        "UPDATE affidavit.entries SET entry = '\\xff00'::bytea WHERE ledger_no = 2 AND seq = 3",
      )
      assert.equal(report?.status, 'tampered')
      assert.ok((report?.records_checked ?? 0) > 5)
    })
  })
