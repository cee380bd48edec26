// What the roles of a server and of a reader cannot do to evidence: each way to change or hide a record, tried on a real server.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import pg from 'pg'

import {
  type Attempt,
  DEFINITIONS,
  DENIED,
  EACH_TABLE,
  FALSE_STUBS,
  FORGERIES,
  LETTING_GO,
  NO_VIEW,
  OTHER,
  OTHER_LEDGER,
  OWN_LEDGER,
  READER,
  READER_WRITES,
  REFUSED,
  ROLES,
  TABLES,
} from '../../../test/postgres-attempts.ts'
import { evidenceOf, NAMED, recordEverything } from '../../../test/postgres-evidence.ts'
import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from '../../../test/postgres-server.ts'
import { samples } from '../../testing/sample-drafts.ts'
import { grantRole } from './grants.ts'
import { postgresStore } from './store.ts'

const RETENTION = 'records_keeper'

const missing = missingForPostgres()
if (missing !== undefined) test('privileges in PostgreSQL', { skip: missing })
else
  describe('privileges in PostgreSQL', () => {
    let server: PostgresServer
    let database: string
    before(async () => {
      server = await startPostgres()
      await server.sql(
        'postgres',
        `CREATE ROLE ${OTHER} LOGIN; CREATE ROLE ${READER} LOGIN; CREATE ROLE ${RETENTION} LOGIN; CREATE ROLE own_ledgers;
          GRANT own_ledgers TO ${SERVER}, ${READER}, ${RETENTION}`,
      )
      database = await server.database()
      const owner = server.pool(database, OWNER)
      await grantRole(owner, OTHER, 'writer')
      for (const [role, ledger] of [
        [SERVER, OWN_LEDGER],
        [OTHER, OTHER_LEDGER],
      ] as const) {
        const own = role === SERVER ? { role: 'own_ledgers' } : {}
        const store = postgresStore({ pool: server.pool(database, role), closes: 'pool', ...own })
        await recordEverything(store, ledger)
        await store.close()
      }
      await grantRole(owner, READER, 'reader')
      await grantRole(owner, RETENTION, 'retention')
      await owner.end()
    })
    after(() => server.stop())

    /** Tries each attempt as a role, and compares everything that the database holds before and after. */
    async function tryAll(role: string, attempts: readonly Attempt[]): Promise<void> {
      const evidence = await evidenceOf(server, database)
      const client = new pg.Client({ connectionString: server.url(database, role) })
      await client.connect()
      const answers: string[] = []
      for (const [name, sql] of attempts) {
        answers.push(`${name}: ${await answerOf(client, [sql].flat())}`)
        await client.query('ROLLBACK')
        await client.query('DISCARD ALL')
      }
      await client.end()
      assert.deepEqual(
        answers,
        attempts.map(([name, , answer]) => `${name}: ${answer}`),
      )
      assert.equal(await evidenceOf(server, database), evidence, 'everything is as it was')
    }

    test('the tables of the schema are those that are tried', async () => {
      const { rows } = await server.sql(
        database,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'affidavit' ORDER BY 1",
      )
      assert.deepEqual(
        rows.map(({ tablename }) => tablename),
        [...TABLES].sort(),
      )
    })

    for (const role of [SERVER, READER, RETENTION]) {
      test(`${role} can change no definition`, () => tryAll(role, DEFINITIONS))
      test(`${role} can become nobody else`, () =>
        tryAll(
          role,
          ROLES.filter(([, sql]) => role !== READER || !`${sql}`.includes('UPDATE')),
        ))
      test(`${role} can delete and truncate nothing`, () => tryAll(role, EACH_TABLE))
      test(`${role} can update no column of any table`, async () => {
        const { rows } = await server.sql(database, COLUMNS)
        const columns = rows.map(({ is }) => String(is)).filter((name) => role === READER || name !== 'heads SET size')
        assert.ok(columns.length > 50)
        const answer = (column: string): string => (column.startsWith('records ') ? NO_VIEW : DENIED)
        await tryAll(
          role,
          columns.map((column) => [column, `UPDATE affidavit.${column} = NULL`, answer(column)]),
        )
      })
    }
    for (const role of [SERVER, READER]) test(`${role} can let nothing leave`, () => tryAll(role, LETTING_GO))
    test(`${RETENTION} can put nothing but the stub of an entry in its place`, () => tryAll(RETENTION, FALSE_STUBS))
    test(`${RETENTION} lets an entry leave, says where it lies, and brings back its very bytes alone`, async () => {
      const evidence = await evidenceOf(server, database)
      const store = postgresStore({ pool: server.pool(database, RETENTION), closes: 'pool' })
      const mark = { state: 'archived', block: 0, segment: '0'.repeat(32) } as const
      const judged = { size: 4, unless: [] }
      const [entry] = await store.entries(OWN_LEDGER, {}, { limit: 1, order: 'ascending' })
      assert.ok(entry)
      const entries = [{ seq: 0, leaf: entry.nodes.subarray(0, 32), mark }]
      assert.equal(await store.replaceEntries(OWN_LEDGER, { entries, judged }), 1)
      const left = await evidenceOf(server, database)
      const client = new pg.Client({ connectionString: server.url(database, RETENTION) })
      await client.connect()
      const putBack = 'SELECT affidavit.exchange_entries(1, $1, $2)'
      for (const bytes of [Buffer.concat([entry.entry, Buffer.from(' ')]), Buffer.from('{}')])
        await assert.rejects(client.query(putBack, [[0], [bytes]]), { code: REFUSED })
      await client.end()
      assert.equal(await evidenceOf(server, database), left)
      const elsewhere = { ...mark, segment: '1'.repeat(32) }
      const move = { from: mark.segment, entries: [{ seq: 0, entry: entry.entry, mark: elsewhere }] }
      assert.equal(await store.moveEntries(OWN_LEDGER, move), 1)
      await store.bringBack(OWN_LEDGER, [{ seq: 0, entry: entry.entry, payloads: [] }])
      await store.close()
      assert.equal(await evidenceOf(server, database), evidence)
    })
    test(`a store of ${SERVER} cannot let an entry leave, and says which right is missing`, async () => {
      const store = postgresStore({ pool: server.pool(database), closes: 'pool' })
      const [entry] = await store.entries(OWN_LEDGER, {}, { limit: 1, order: 'ascending' })
      const leaf = entry?.nodes.slice(0, 32) ?? new Uint8Array()
      const entries = [{ seq: 0, leaf, mark: { state: 'disposed', manifest: '0'.repeat(64) } as const }]
      assert.equal(await store.mayRemove(OWN_LEDGER), false)
      const removal = store.replaceEntries(OWN_LEDGER, { entries, judged: { size: 4, unless: [] } })
      await assert.rejects(removal, { code: 'not-committed', message: /has not the right to/ })
      await store.close()
    })
    test(`${SERVER} can forge nothing beside or over what is there`, () => tryAll(SERVER, FORGERIES))
    test(`${READER} can write nothing`, () => tryAll(READER, READER_WRITES))

    test('everybody else has no right at all', async () => {
      await server.sql('postgres', 'CREATE ROLE nobody_special LOGIN')
      await tryAll('nobody_special', [
        ...TABLES.map((table): Attempt => [`read ${table}`, `SELECT FROM affidavit.${table}`, DENIED]),
        ['read the view', 'SELECT FROM affidavit.records', DENIED],
        ['make a ledger', "SELECT affidavit.create_ledger('x/1')", DENIED],
      ])
      const { rows } = await server.sql(database, RIGHTS_OF_PUBLIC)
      assert.deepEqual(rows, [])
    })

    test('triggers refuse what grants would allow: the owner, a superuser, and whoever replicates', async () => {
      const evidence = await evidenceOf(server, database)
      for (const role of [OWNER, 'super']) {
        const attempts = TABLES.flatMap((table) => [
          `UPDATE affidavit.${table} SET ${table === 'schema_versions' ? 'version = version' : table === 'ledgers' ? 'origin = origin' : table === 'heads' ? 'size = size + 1' : 'ledger_no = -1'}`,
          // A payload that no entry names may go.
          `DELETE FROM affidavit.${table} ${table.startsWith('payload') ? `WHERE blob_id = '${NAMED}'` : ''}`,
          `TRUNCATE affidavit.${table} CASCADE`,
        ])
        for (const replication of role === 'super' ? ['origin', 'replica'] : ['origin']) {
          const client = new pg.Client({ connectionString: server.url(database, role) })
          await client.connect()
          if (role === 'super') await client.query(`SET session_replication_role = ${replication}`)
          for (const sql of attempts)
            assert.equal(await answerOf(client, [sql]), REFUSED, `${role} ${replication}: ${sql}`)
          await client.end()
        }
      }
      assert.equal(await evidenceOf(server, database), evidence)
    })

    test('columns and lists follow from the bytes, whatever they are given as, by whoever', async () => {
      const client = new pg.Client({ connectionString: server.url(database, 'super') })
      await client.connect()
      for (const replication of ['origin', 'replica']) {
        await client.query('BEGIN')
        await client.query(`SET LOCAL session_replication_role = ${replication}`)
        const { rows } = await client.query(FORGED)
        assert.deepEqual(rows, [{ id: 'fifth', action: 'tool_invoked', conversation_id: null, is_told: true }])
        const lists = await client.query(
          'SELECT subject_id FROM affidavit.entry_subjects WHERE ledger_no = 1 AND seq = 4',
        )
        assert.deepEqual(lists.rows, [{ subject_id: 'patient-1' }])
        await client.query('ROLLBACK')
      }
      await client.end()
    })

    test('a sweep takes what no entry names, and nothing else', async () => {
      const client = new pg.Client({ connectionString: server.url(database) })
      await client.connect()
      await client.query('BEGIN')
      const { rows } = await client.query("SELECT affidavit.sweep_payloads(1, '~') AS swept")
      assert.deepEqual(rows, [{ swept: '1' }])
      for (const table of ['payloads', 'payload_chunks']) {
        const left = await client.query(`SELECT blob_id FROM affidavit.${table}`)
        assert.deepEqual(left.rows, [{ blob_id: NAMED }])
      }
      await client.query('ROLLBACK')
      await client.end()
    })

    describe('a body whose entry came while somebody looked at an instant before it', () => {
      const NAME = 'own.example/late'
      let ledgers = 0

      /** A body of two chunks is kept, somebody does something, its entry comes, and they go on. */
      async function around(
        before: string,
        after: readonly string[],
        entryComes: string = 'COMMIT null',
      ): Promise<{ answers: string[]; chunks: unknown[] }> {
        const [writer, somebody] = [server.url(database), server.url(database)].map(
          (connectionString) => new pg.Client({ connectionString }),
        )
        assert.ok(writer && somebody)
        await Promise.all([writer.connect(), somebody.connect()])
        const origin = `${NAME}/${++ledgers}`
        await writer.query("SELECT affidavit.create_ledger($1, 'own_ledgers')", [origin])
        const { rows } = await writer.query('SELECT ledger_no AS no FROM affidavit.ledgers WHERE origin = $1', [origin])
        const no = String(rows[0].no)
        const fill = (sql: string): string => sql.replaceAll('LEDGER', no)
        await writer.query(fill("INSERT INTO affidavit.payload_chunks VALUES (LEDGER, 'scan', 1, 'x')"))
        await somebody.query(fill(before))
        const entry = { id: 'i', action: 'a', actor_id: 'a', timestamp: 't', recorded_at: 'r', ledger: origin, seq: 0 }
        const named = JSON.stringify({ ...entry, content: [{ blob_id: 'scan' }] })
        const recorded = await answerOf(writer, [
          'BEGIN',
          "SET LOCAL lock_timeout = '50ms'",
          fill('UPDATE affidavit.heads SET size = 1 WHERE ledger_no = LEDGER'),
          fill("INSERT INTO affidavit.payloads VALUES (LEDGER, 'scan', 'x', 'x', 'x')"),
          fill(`${APPEND} (LEDGER, 0, convert_to('${named}', 'UTF8'), '')`),
          'COMMIT',
        ])
        assert.equal(recorded, entryComes)
        await writer.query('ROLLBACK')
        const answers: string[] = []
        for (const sql of after) answers.push(await answerOf(somebody, [fill(sql)]))
        await somebody.query('ROLLBACK')
        const left = await writer.query('SELECT chunk_no FROM affidavit.payload_chunks WHERE ledger_no = $1', [no])
        await Promise.all([writer.end(), somebody.end()])
        return { answers, chunks: left.rows }
      }

      for (const isolation of ['REPEATABLE READ', 'SERIALIZABLE']) {
        const opened = `BEGIN ISOLATION LEVEL ${isolation}; SELECT FROM affidavit.heads`
        test(`loses no chunk, ${isolation}`, async () => {
          const { answers, chunks } = await around(opened, ["SELECT affidavit.sweep_payloads(LEDGER, '~')", 'COMMIT'])
          assert.deepEqual(answers, [HEAD_HAS_MOVED, 'ROLLBACK null'])
          assert.deepEqual(chunks, [{ chunk_no: 1 }])
        })
        test(`gets no further chunk, ${isolation}`, async () => {
          const more = "INSERT INTO affidavit.payload_chunks VALUES (LEDGER, 'scan', 2, 'x')"
          const { answers, chunks } = await around(opened, [more, 'COMMIT'])
          assert.deepEqual(answers, [REFUSED, 'ROLLBACK null'])
          assert.deepEqual(chunks, [{ chunk_no: 1 }])
        })
      }

      test('waits for a sweep that was begun before it, and is not swept behind its back', async () => {
        const { chunks } = await around("BEGIN; SELECT affidavit.sweep_payloads(LEDGER, '~')", ['COMMIT'], '55P03')
        assert.deepEqual(chunks, [])
      })
    })

    test('names that somebody puts in front of ours are not used, by no writer and by nothing that runs as the owner', async () => {
      await server.sql(database, HOSTILE)
      await server.sql(database, `ALTER ROLE ${SERVER} SET search_path = hostile, pg_catalog`)
      const store = postgresStore({ pool: server.pool(database), closes: 'pool' })
      try {
        const { prepare, batch } = samples(OWN_LEDGER)
        // Asks for the number of the ledger, which is not looked up by a writer alone.
        await store.head(OWN_LEDGER)
        await server.sql(database, 'TRUNCATE hostile.used')
        await store.commit(batch([prepare()]))
        assert.deepEqual((await server.sql(database, 'SELECT * FROM hostile.used')).rows, [])
        await store.sweepPayloads(OWN_LEDGER, 0)
        await store.create('own.example/agents/0000000000000002')
        const client = new pg.Client({ connectionString: server.url(database) })
        await client.connect()
        await client.query("SELECT affidavit.sweep_payloads(1, '0'), affidavit.create_ledger('own.example/agents/3')")
        await client.end()
        const { rows } = await server.sql(database, `SELECT * FROM hostile.used WHERE by_whom <> '${SERVER}'`)
        assert.deepEqual(rows, [])
      } finally {
        await store.close()
        await server.sql(database, `ALTER ROLE ${SERVER} RESET search_path; DROP SCHEMA hostile CASCADE`)
      }
    })

    test('locks that anybody may take hold up nobody', async () => {
      const other = new pg.Client({ connectionString: server.url(database, 'nobody_special') })
      await other.connect()
      for (const name of ['own.example/agents', 'new.example/agents', 'migrate']) {
        await other.query("SELECT pg_advisory_lock(hashtextextended('affidavit ' || $1, 0))", [name])
      }
      const store = postgresStore({ pool: server.pool(database), closes: 'pool' })
      const { prepare, batch } = samples(OWN_LEDGER)
      await store.commit(batch([prepare()]))
      await store.create('new.example/agents/1')
      await store.close()
      await other.end()
    })
  })

/** Nobody locks a head that was moved behind the instant that they look at. */
const HEAD_HAS_MOVED = '40001'

const APPEND = 'INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES'

/** The first entry again, at the end, with columns of its own. */
const FORGED = `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes, id, action, actor_id, conversation_id, "timestamp", recorded_at)
    SELECT 1, 4, convert_to((convert_from(entry, 'UTF8')::jsonb || '{"seq": 4, "id": "fifth"}')::text, 'UTF8'), nodes,
      'forged', 'forged', 'forged', 'forged', 'forged', 'forged' FROM affidavit.entries WHERE ledger_no = 1 AND seq = 0
    RETURNING id, action, conversation_id, "timestamp" LIKE '20%' AS is_told`

/** Rights that nobody in particular has: tables, columns, functions, the schema. */
const RIGHTS_OF_PUBLIC = `SELECT what, privilege_type FROM (
    SELECT relname::text, coalesce(relacl, acldefault('r', relowner)) FROM pg_class WHERE relnamespace = 'affidavit'::regnamespace
    UNION ALL SELECT attname::text, attacl FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'affidavit'::regnamespace
    UNION ALL SELECT proname::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace = 'affidavit'::regnamespace
    UNION ALL SELECT nspname::text, nspacl FROM pg_namespace WHERE nspname = 'affidavit'
  ) AS rights(what, acl), aclexplode(acl) WHERE grantee = 0`

/** What a schema in front of pg_catalog may hold: operators and functions that our statements use, each of which tells who ran it. */
const HOSTILE = `CREATE SCHEMA hostile; GRANT USAGE ON SCHEMA hostile TO PUBLIC;
  CREATE TABLE hostile.used (what text, by_whom text DEFAULT current_user); GRANT INSERT ON hostile.used TO PUBLIC;
  CREATE FUNCTION hostile.tell(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO hostile.used (what) VALUES (what)';
  CREATE FUNCTION hostile.same(bigint, bigint) RETURNS boolean LANGUAGE plpgsql
    AS $$ BEGIN PERFORM hostile.tell('='); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
  CREATE OPERATOR hostile.= (FUNCTION = hostile.same, LEFTARG = bigint, RIGHTARG = bigint);
  CREATE FUNCTION hostile.same(text, text) RETURNS boolean LANGUAGE plpgsql
    AS $$ BEGIN PERFORM hostile.tell('= of texts'); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
  CREATE OPERATOR hostile.= (FUNCTION = hostile.same, LEFTARG = text, RIGHTARG = text);
  CREATE FUNCTION hostile.convert_from(bytea, text) RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN PERFORM hostile.tell('convert_from'); RETURN pg_catalog.convert_from($1, $2::name); END $$;
  CREATE FUNCTION hostile.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE plpgsql
    AS $$ BEGIN PERFORM hostile.tell('pg_has_role'); RETURN true; END $$`

const COLUMNS = `SELECT c.relname || ' SET ' || quote_ident(a.attname) AS is FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'affidavit'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND a.attgenerated = '' AND a.attidentity = ''`

/** What the server said to the last of some statements, or to the first that failed. */
async function answerOf(client: pg.Client, statements: readonly string[]): Promise<string> {
  const warnings: string[] = []
  const hear = ({ code }: { code?: string | undefined }): void => void warnings.push(code ?? '')
  client.on('notice', hear)
  try {
    let answer = ''
    for (const sql of statements) {
      const { command, rowCount } = await client.query(sql)
      answer = warnings[0] ?? `${command} ${rowCount}`
    }
    return answer
  } catch (error) {
    return error instanceof pg.DatabaseError ? String(error.code) : String(error)
  } finally {
    client.off('notice', hear)
  }
}
