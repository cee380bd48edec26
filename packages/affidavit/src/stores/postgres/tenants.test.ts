// Two tenants in one database: neither learns anything of the other by any query, nor writes into what is the other's.
// Not hidden are sums over all tenants: estimates of EXPLAIN, reltuples, sizes of files, counters of pg_stat_user_tables. The server
// keeps them for each table, and a table for all; and who counts the numbers of ledgers sees how many were made before.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import pg from 'pg'

import { NAMED, recordEverything, UNNAMED } from '../../../test/postgres-evidence.ts'
import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from '../../../test/postgres-server.ts'
import { samples } from '../../testing/sample-drafts.ts'
import { grantRole } from './grants.ts'
import { postgresStore } from './store.ts'

const OTHER = 'other_server'
/** Neither name is part of anything that the other one has. */
const OWN_LEDGER = 'own.example/agents/0123456789abcdef'
const OTHER_LEDGER = 'hidden.example/agents/fedcba9876543210'
const RELATIONS = [
  'entries',
  'entry_subjects',
  'payloads',
  'payload_chunks',
  'payload_uses',
  'checkpoints',
  'cosignatures',
  'heads',
  'ledgers',
  'records',
]

const missing = missingForPostgres()
if (missing !== undefined) test('tenants in PostgreSQL', { skip: missing })
else
  describe('two tenants in one database of PostgreSQL', () => {
    let server: PostgresServer
    let database: string
    const clients: pg.Client[] = []
    before(async () => {
      server = await startPostgres()
      await server.sql(
        'postgres',
        `CREATE ROLE ${OTHER} LOGIN; CREATE ROLE inheriting LOGIN IN ROLE ${SERVER};
        CREATE ROLE switching LOGIN NOINHERIT IN ROLE ${SERVER}; CREATE ROLE "of both" LOGIN IN ROLE ${SERVER}, ${OTHER}`,
      )
      database = await server.database()
      const owner = server.pool(database, OWNER)
      await grantRole(owner, OTHER, 'writer')
      await owner.end()
      for (const [role, ledger] of [
        [SERVER, OWN_LEDGER],
        [OTHER, OTHER_LEDGER],
      ] as const) {
        const store = postgresStore({ pool: server.pool(database, role), closes: 'pool' })
        await recordEverything(store, ledger)
        await store.close()
      }
      await server.sql(database, 'ANALYZE')
    })
    after(async () => {
      await Promise.all(clients.map((client) => client.end()))
      await server.stop()
    })

    async function connected(role: string): Promise<pg.Client> {
      const client = new pg.Client({ connectionString: server.url(database, role) })
      await client.connect()
      clients.push(client)
      return client
    }

    async function ask(client: pg.Client, sql: string): Promise<unknown[]> {
      return (await client.query(sql)).rows
    }

    /** The server's whole answer, as a tenant that looks for differences would see it. */
    async function answerOf(client: pg.Client, sql: string): Promise<string> {
      try {
        const { command, rowCount, rows } = await client.query(sql)
        return `${command} ${rowCount} ${JSON.stringify(rows)}`
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        return [error.code, error.message, error.detail, error.hint, error.where, error.constraint].join(' | ')
      }
    }

    test('no relation shows a row of another tenant, nor counts it', async () => {
      const own = await connected(SERVER)
      for (const relation of RELATIONS) {
        const rows = await ask(own, `SELECT t::text AS is FROM affidavit.${relation} t`)
        assert.ok(rows.length > 0, relation)
        assert.ok(!JSON.stringify(rows).includes('hidden'), relation)
        const ledgers = relation === 'records' ? 'ledger' : 'ledger_no'
        const counted = await ask(own, `SELECT count(DISTINCT ${ledgers}) AS n FROM affidavit.${relation}`)
        assert.deepEqual(counted, [{ n: '1' }], relation)
        if (relation !== 'records')
          assert.equal((await own.query(`COPY affidavit.${relation} TO STDOUT`)).rowCount, rows.length)
      }
      const [xml] = await ask(own, "SELECT schema_to_xml('affidavit', true, true, '')::text AS is")
      assert.ok(JSON.stringify(xml).includes('own.example') && !JSON.stringify(xml).includes('hidden'))
    })

    test('no function, statistic or sequence tells of another tenant', async () => {
      const own = await connected(SERVER)
      assert.deepEqual(
        await ask(own, "SELECT * FROM pg_stats WHERE schemaname = 'affidavit' AND tablename <> 'schema_versions'"),
        [],
      )
      assert.deepEqual(await ask(own, "SELECT last_value FROM pg_sequences WHERE schemaname = 'affidavit'"), [
        { last_value: null },
      ])
      const other = await connected(OTHER)
      await ask(other, "SELECT 'hidden query'")
      assert.deepEqual(await ask(own, "SELECT query FROM pg_stat_activity WHERE query LIKE '%hid' || 'den%'"), [])
    })

    test('a function that tells what it is asked about is asked about no row of another tenant', async () => {
      const own = await connected(SERVER)
      const told: string[] = []
      own.on('notice', ({ message }) => void told.push(String(message)))
      await own.query(`CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.000001
        AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$`)
      for (const relation of RELATIONS)
        await own.query(`SELECT FROM affidavit.${relation} t WHERE pg_temp.tell(t::text)`)
      await own.query('SELECT FROM affidavit.ledgers l WHERE 1 / (length(l.origin) - length($1)) IS NOT NULL OR true', [
        'hidden',
      ])
      assert.ok(told.length > 10)
      assert.deepEqual(
        told.filter((text) => text.includes('hidden') || text.startsWith('(2,')),
        [],
      )
    })

    test('what is refused is refused in the same words, whatever the other tenant has', async () => {
      const own = await connected(SERVER)
      const entry = (seq: number, members: object): string =>
        `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES (LEDGER, ${seq}, convert_to('${JSON.stringify(
          {
            id: 'i',
            action: 'a',
            actor_id: 'a',
            timestamp: 't',
            recorded_at: 'r',
            ledger: OTHER_LEDGER,
            seq,
            ...members,
          },
        )}', 'UTF8'), '')`
      // In each pair the first is about what the other tenant has, the second about what nobody has.
      const pairs: readonly (readonly [string, string])[] = [
        [entry(0, { subject_ids: ['patient-1'] }), entry(0, { subject_ids: ['patient-2'] })],
        [entry(1, { content: [{ blob_id: NAMED }] }), entry(1, { content: [{ blob_id: 'none' }] })],
        [entry(2, { content: [{ blob_id: UNNAMED }] }), entry(2, { content: [{ blob_id: 'none' }] })],
        [entry(4, {}), entry(5, {})],
        [entry(4, {}), entry(4, { ledger: 'another' })],
        [entry(3, {}), `${entry(3, {})} ON CONFLICT DO NOTHING`],
        [entry(3, {}), entry(3, {}).replace('LEDGER', '99')],
        [
          `INSERT INTO affidavit.payloads VALUES (LEDGER, '${NAMED}', '', '', '')`,
          "INSERT INTO affidavit.payloads VALUES (LEDGER, 'none', '', '', '')",
        ],
        [
          `INSERT INTO affidavit.payload_chunks VALUES (LEDGER, '${NAMED}', 1, '')`,
          "INSERT INTO affidavit.payload_chunks VALUES (LEDGER, 'none', 1, '')",
        ],
        [
          `INSERT INTO affidavit.payload_chunks VALUES (LEDGER, '${NAMED}', 1, '') ON CONFLICT DO NOTHING`,
          "INSERT INTO affidavit.payload_chunks VALUES (LEDGER, 'none', 1, '') ON CONFLICT DO NOTHING",
        ],
        [
          "INSERT INTO affidavit.checkpoints VALUES (LEDGER, 4, '')",
          "INSERT INTO affidavit.checkpoints VALUES (LEDGER, 5, '')",
        ],
        [
          "INSERT INTO affidavit.cosignatures VALUES (LEDGER, 4, 0, '')",
          "INSERT INTO affidavit.cosignatures VALUES (LEDGER, 4, 1, '')",
        ],
        [
          'UPDATE affidavit.heads SET size = 4 WHERE ledger_no = LEDGER',
          'UPDATE affidavit.heads SET size = 4 WHERE ledger_no = 99',
        ],
        [
          'SELECT FROM affidavit.heads WHERE ledger_no = LEDGER FOR UPDATE',
          'SELECT FROM affidavit.heads WHERE ledger_no = 99 FOR UPDATE',
        ],
        ["SELECT affidavit.sweep_payloads(LEDGER, '~')", "SELECT affidavit.sweep_payloads(99, '~')"],
        [
          `SELECT affidavit.create_ledger('${OTHER_LEDGER}')`,
          "SELECT affidavit.create_ledger('hidden.example/agents/0')",
        ],
      ]
      for (const [there, nowhere] of pairs) {
        const answer = await answerOf(own, there.replaceAll('LEDGER', '2'))
        assert.equal(answer, await answerOf(own, nowhere.replaceAll('LEDGER', '2')), there)
        assert.match(answer, /^(42501|AF002) |^(UPDATE|SELECT) 0 |"of others"/, there)
      }
    })

    test('a store names, reads and writes the ledgers of its role alone', async () => {
      const store = postgresStore({ pool: server.pool(database), closes: 'pool' })
      const { prepare, batch } = samples(OTHER_LEDGER)
      assert.deepEqual(await store.ledgers(), [OWN_LEDGER])
      await assert.rejects(store.commit(batch([prepare()])), { code: 'not-a-ledger' })
      await assert.rejects(store.head(OTHER_LEDGER), { code: 'not-a-ledger' })
      await assert.rejects(store.create(OTHER_LEDGER), { code: 'ledger-exists' })
      await assert.rejects(store.create('hidden.example/agents/0'), { code: 'ledger-exists' })
      await store.close()
    })

    test('members of a role have its ledgers: those who inherit at once, the others once they switch', async () => {
      const origins = 'SELECT origin FROM affidavit.ledgers ORDER BY ledger_no'
      const [own, other] = [{ origin: OWN_LEDGER }, { origin: OTHER_LEDGER }]
      assert.deepEqual(await ask(await connected('inheriting'), origins), [own])
      const switching = await connected('switching')
      assert.match(await answerOf(switching, origins), /^42501 /)
      await switching.query(`SET ROLE ${SERVER}`)
      assert.deepEqual(await ask(switching, origins), [own])
      const both = await connected('of both')
      assert.deepEqual(await ask(both, origins), [own, other])
      await both.query(`SET ROLE ${OTHER}`)
      assert.deepEqual(await ask(both, origins), [other])
      assert.match(await answerOf(both, `SELECT affidavit.create_ledger('${OWN_LEDGER}')`), /of others/)
      assert.match(await answerOf(both, "SELECT affidavit.sweep_payloads(1, '0')"), /^AF002 /)
    })

    test('a head is held against the last entry whoever its writer has become before COMMIT', async () => {
      const both = await connected('of both')
      await both.query('BEGIN')
      await both.query('UPDATE affidavit.heads SET size = 0 WHERE ledger_no = 1')
      await both.query(`SET LOCAL ROLE ${OTHER}`)
      assert.match(await answerOf(both, 'COMMIT'), /^AF001 /)
    })

    test('a ledger belongs to the role that somebody acts as when making it', async () => {
      const both = await connected('of both')
      await both.query(`SELECT affidavit.create_ledger('made.example/as-member/1')`)
      await both.query(`SET ROLE ${SERVER}`)
      await both.query(`SELECT affidavit.create_ledger('made.example/as-server/1')`)
      const { rows } = await server.sql(
        database,
        "SELECT name, trim(both '\"' from role::text) AS role_name FROM affidavit.ledgers WHERE name LIKE 'made%' ORDER BY 1",
      )
      assert.deepEqual(rows, [
        { name: 'made.example/as-member', role_name: 'of both' },
        { name: 'made.example/as-server', role_name: SERVER },
      ])
    })

    test('a role that was dropped leaves the others their ledgers, and nobody its own', async () => {
      await server.sql(database, 'CREATE ROLE gone LOGIN')
      const owner = server.pool(database, OWNER)
      await grantRole(owner, 'gone', 'writer')
      await owner.end()
      const gone = await connected('gone')
      await gone.query("SELECT affidavit.create_ledger('gone.example/agents/0')")
      await server.sql(database, 'DROP OWNED BY gone; DROP ROLE gone')
      const own = await connected(SERVER)
      assert.deepEqual(await ask(own, 'SELECT origin FROM affidavit.ledgers WHERE ledger_no <= 2'), [
        { origin: OWN_LEDGER },
      ])
      assert.deepEqual(await ask(own, "SELECT affidavit.create_ledger('gone.example/agents/1') AS made"), [
        { made: 'of others' },
      ])
      assert.deepEqual(await ask(own, "SELECT affidavit.sweep_payloads(1, '0') AS swept"), [{ swept: '0' }])
    })

    test('what the planner expects tells of no value of another tenant', async () => {
      const other = await connected(OTHER)
      const value = 'hidden-7'
      const members = {
        id: 'ID',
        action: value,
        actor_id: value,
        timestamp: value,
        recorded_at: value,
        ledger: OTHER_LEDGER,
      }
      const more = { parent_id: value, resource_type: value, resource_id: value, subject_ids: [value] }
      const entry = JSON.stringify({ ...members, ...more, seq: 'SEQ' })
        .replace('"SEQ"', "' || seq || '")
        .replace('ID', "' || seq || '")
      await other.query(`INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes)
        SELECT 2, seq, convert_to('${entry}', 'UTF8'), '' FROM generate_series(4, 300) seq`)
      await other.query(
        `INSERT INTO affidavit.payloads SELECT 2, '${value}' || n, '${value}', '', '' FROM generate_series(1, 300) n`,
      )
      await server.sql(database, 'ANALYZE')
      const own = await connected(SERVER)
      const columns = await ask(
        own,
        `SELECT relname AS table, quote_ident(attname) AS column FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
         WHERE relnamespace = 'affidavit'::regnamespace AND relkind = 'r' AND attnum > 0 AND atttypid = 'text'::regtype AND relname <> 'schema_versions'`,
      )
      assert.ok(columns.length > 15)
      for (const [table, column] of columns.map((row) => Object.values(Object(row)))) {
        const expected = async (condition: string): Promise<string> => {
          const plan = await ask(own, `EXPLAIN (COSTS) SELECT FROM affidavit.${table} WHERE ${column} ${condition}`)
          return JSON.stringify(plan).replaceAll(/hidden-\w+/g, '…')
        }
        for (const operator of ['=', '<'])
          assert.equal(
            await expected(`${operator} '${value}'`),
            await expected(`${operator} 'hidden-0'`),
            `${table}.${column}`,
          )
        assert.equal(await expected(`< '${value}'`), await expected("< 'hidden-9'"), `${table}.${column}`)
      }
    })
  })
