import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type pg from 'pg'

import { KEYRING_OWNER, KEYRING_SERVER, keyringDatabases } from '../../../test/postgres-keyring.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import type { KeyringHead, KeyringRow } from '../../vault/keyring-store.ts'
import { sqlState } from './database.ts'
import { grantRole } from './grants.ts'
import { postgresKeyringStore } from './keyring.ts'

const NAME = 'clinic.example/agents'
const OTHER = 'hospital.example/agents'
const FIRST: KeyringHead = { generation: 1, kek_version: 'kek-1', wrapped_key: Uint8Array.of(1), retired: [] }
const ROW: KeyringRow = {
  kind: 'scope',
  key: '1'.repeat(32),
  lookup: 'a'.repeat(64),
  owner: 'b'.repeat(64),
  sealed: Uint8Array.of(7),
}

const INSERT = `INSERT INTO affidavit_keyring.rows (name, stage, row_no, made_in, kind, key, lookup, owner, sealed)
  VALUES ('${NAME}', 0, 9, 1, 'scope', 'k', repeat('c', 64), repeat('d', 64), '')`
const PUT = (name: string, generation: number, stage: number | null): string =>
  `SELECT affidavit_keyring.put_rows('${name}', ${generation}, ${stage}, '{scope}', '{k}', ARRAY[repeat('e', 64)], ARRAY[repeat('f', 64)], '{x}') AS said`
const TURN = (name: string, from: number, stage: number, to: number, version = 'kek-2'): string =>
  `SELECT affidavit_keyring.turn_over('${name}', ${from}, 99, ${stage}, ${to}, '${version}', '', '{}') AS said`

const missing = missingForPostgres()
if (missing !== undefined) test('rights to a keyring in PostgreSQL', { skip: missing })
else
  describe('rights to a keyring in PostgreSQL', () => {
    let server: PostgresServer
    let database: string
    let asServer: pg.Pool
    let asOther: pg.Pool
    let asOwner: pg.Pool
    let asSuper: pg.Pool

    before(async () => {
      server = await startPostgres()
      database = await (await keyringDatabases(server))()
      await server.sql('postgres', 'CREATE ROLE other_server LOGIN; CREATE ROLE nobody_at_all LOGIN')
      asServer = server.pool(database, KEYRING_SERVER)
      asOther = server.pool(database, 'other_server')
      asOwner = server.pool(database, KEYRING_OWNER)
      asSuper = server.pool(database, 'super')
      await grantRole(asOwner, 'other_server', 'keyring', OTHER)
      const store = postgresKeyringStore({ pool: asServer, name: NAME })
      await store.begin(FIRST)
      await store.add(1, [ROW])
      await store.stage(1, -4, [ROW])
      const other = postgresKeyringStore({ pool: asOther, name: OTHER })
      await other.begin(FIRST)
      await other.add(1, [ROW])
    })
    after(() => server.stop())

    /** Everything that lies there. */
    async function everything(): Promise<unknown> {
      const tables = ['keyring_roles', 'keyrings', 'retired', 'rows', 'schema_versions']
      return Promise.all(
        tables.map(
          async (table) => (await asSuper.query(`SELECT * FROM affidavit_keyring.${table} t ORDER BY t`)).rows,
        ),
      )
    }

    /** What is refused changes nothing, whatever else its session tried. */
    async function assertRefused(pool: pg.Pool, text: string, states: readonly string[]): Promise<void> {
      const there = await everything()
      await assert.rejects(pool.query(text), (error) => {
        assert.ok(states.includes(sqlState(error) ?? ''), `${text}: ${sqlState(error)} ${error}`)
        return true
      })
      assert.deepEqual(await everything(), there)
    }

    describe("refused to a server's role", () => {
      const tries: readonly [name: string, text: string][] = [
        ['INSERT beside the functions', INSERT],
        ['COPY FROM', 'COPY affidavit_keyring.rows FROM STDIN'],
        ['COPY FROM a program', "COPY affidavit_keyring.rows FROM PROGRAM 'cat'"],
        ['UPDATE of a row', "UPDATE affidavit_keyring.rows SET sealed = ''"],
        ['UPDATE of the head', 'UPDATE affidavit_keyring.keyrings SET generation = 2'],
        ['locking the head for itself', 'SELECT * FROM affidavit_keyring.keyrings FOR UPDATE'],
        ['DELETE of a row', 'DELETE FROM affidavit_keyring.rows'],
        ['DELETE of what is put aside', 'DELETE FROM affidavit_keyring.rows WHERE stage < 0'],
        ['DELETE of the head', 'DELETE FROM affidavit_keyring.keyrings'],
        ['DELETE of retired versions', 'DELETE FROM affidavit_keyring.retired'],
        [
          'giving itself a keyring',
          `INSERT INTO affidavit_keyring.keyring_roles VALUES ('${OTHER}', '${KEYRING_SERVER}')`,
        ],
        ['TRUNCATE', 'TRUNCATE affidavit_keyring.rows'],
        ['TRUNCATE of everything', 'TRUNCATE affidavit_keyring.keyrings CASCADE'],
        ['DROP of a table', 'DROP TABLE affidavit_keyring.rows'],
        ['DROP of the schema', 'DROP SCHEMA affidavit_keyring CASCADE'],
        ['a trigger that is off', 'ALTER TABLE affidavit_keyring.rows DISABLE TRIGGER ALL'],
        ['row security that is off', 'ALTER TABLE affidavit_keyring.rows DISABLE ROW LEVEL SECURITY'],
        ['a policy of its own', 'CREATE POLICY mine ON affidavit_keyring.rows USING (true)'],
        ['row security passed by', 'SET row_security = off; SELECT * FROM affidavit_keyring.rows'],
        ['session_replication_role', 'SET session_replication_role = replica'],
        ['becoming the owner', `SET ROLE ${KEYRING_OWNER}`],
        [
          'a function in the schema',
          'CREATE FUNCTION affidavit_keyring.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
        ],
        ['another function for theirs', 'DROP FUNCTION affidavit_keyring.clear_rows(text)'],
        ['the lock without its function', `SELECT affidavit_keyring.lock_head('${NAME}')`],
        ['rows in a stage that is in force', PUT(NAME, 1, 0)],
        ['a head of a stage that is in force', TURN(NAME, 1, 0, 2)],
        ['a head of the same generation', TURN(NAME, 1, -4, 1)],
        ['a head of a lower generation', TURN(NAME, 1, -4, 0)],
        ['a head beyond the next generation', TURN(NAME, 1, -4, 3)],
        ['a head under the same key', TURN(NAME, 1, -4, 2, 'kek-1')],
      ]
      for (const [name, text] of tries) test(name, () => assertRefused(asServer, text, ['42501', 'AF001']))
    })

    test('a function that names another generation does nothing', async () => {
      const there = await everything()
      for (const text of [PUT(NAME, 2, null), PUT(NAME, 0, -4), TURN(NAME, 2, -4, 3), TURN(NAME, 0, -4, 1)]) {
        assert.deepEqual((await asServer.query(text)).rows, [{ said: 'superseded' }])
      }
      assert.deepEqual(await everything(), there)
    })

    test('a function of its owner finds what it means, whatever else has the same name', async () => {
      const there = await everything()
      const decoy = `CREATE TEMP TABLE keyrings (name text, generation bigint, stage bigint, kek_version text, wrapped_key bytea);
        CREATE FUNCTION pg_temp.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 1/0 $$;
        SET search_path = pg_temp, pg_catalog`
      const client = await asServer.connect()
      await client.query(decoy)
      assert.deepEqual((await client.query(PUT(NAME, 2, null))).rows, [{ said: 'superseded' }])
      client.release(true)
      assert.deepEqual(await everything(), there)
    })

    describe('what is in force is refused to the owner too, in any replication role', () => {
      const tries: readonly [name: string, text: string][] = [
        ['UPDATE of a row', "UPDATE affidavit_keyring.rows SET sealed = ''"],
        ['DELETE of a row', 'DELETE FROM affidavit_keyring.rows WHERE stage = 0'],
        ['DELETE of what is put aside', 'DELETE FROM affidavit_keyring.rows WHERE stage < 0'],
        ['DELETE of the head', 'DELETE FROM affidavit_keyring.keyrings'],
        ['a head that goes back', 'UPDATE affidavit_keyring.keyrings SET generation = generation'],
        [
          'a head of another keyring',
          `UPDATE affidavit_keyring.keyrings SET name = 'x', generation = 2, stage = -4, kek_version = 'k'`,
        ],
        ['UPDATE of a version', "UPDATE affidavit_keyring.schema_versions SET sha256 = ''"],
        ['TRUNCATE', 'TRUNCATE affidavit_keyring.rows'],
        ['TRUNCATE of heads', 'TRUNCATE affidavit_keyring.keyrings, affidavit_keyring.retired'],
      ]
      for (const [name, text] of tries) {
        test(name, async () => {
          await assertRefused(asOwner, text, ['AF001'])
          await assertRefused(asSuper, `SET LOCAL session_replication_role = replica; ${text}`, ['AF001'])
        })
      }
    })

    describe("of somebody else's keyring a server's role finds nothing, and adds nothing to it", () => {
      test('no table shows it', async () => {
        for (const [pool, mine] of [
          [asServer, NAME],
          [asOther, OTHER],
        ] as const) {
          for (const table of ['keyring_roles', 'keyrings', 'rows']) {
            const { rows } = await pool.query(`SELECT DISTINCT name FROM affidavit_keyring.${table}`)
            assert.deepEqual(rows, [{ name: mine }], table)
          }
        }
      })
      test('no error of a condition tells of it', async () => {
        const loud = "SELECT 1 / (CASE WHEN name LIKE 'hospital%' THEN 0 ELSE 1 END) FROM affidavit_keyring.rows"
        assert.equal((await asServer.query(loud)).rows.length, 2)
      })
      test('a store on it has no head, and makes none', async () => {
        const store = postgresKeyringStore({ pool: asServer, name: OTHER })
        const there = await everything()
        assert.equal(await store.head(), undefined)
        assert.equal(await store.find(1, [ROW.lookup]), 'superseded')
        const refused = { code: 'not-a-ledger', message: /this role may use/ }
        await assert.rejects(store.begin(FIRST), refused)
        await assert.rejects(store.add(1, [ROW]), refused)
        await assert.rejects(store.stage(1, -1, [ROW]), refused)
        await assert.rejects(
          store.turnOver({ from: 1, upTo: 9, stage: -1, head: { ...FIRST, generation: 2 } }),
          refused,
        )
        await assert.rejects(store.settle(), refused)
        await assert.rejects(store.forget('kek-1'), refused)
        assert.deepEqual(await everything(), there)
      })
      test('its rows are not cleared either', () =>
        assertRefused(asServer, `SELECT affidavit_keyring.clear_rows('${OTHER}')`, ['AF002']))
    })

    test('who has no right to the schema is told how it is given', async () => {
      const store = postgresKeyringStore({ pool: server.pool(database, 'nobody_at_all'), name: NAME })
      await assert.rejects(store.head(), { code: 'store-unavailable', message: /may not use the schema/ })
    })

    test('a database that holds no keyrings is no keyring', async () => {
      const store = postgresKeyringStore({ pool: server.pool(await server.database()), name: NAME })
      await assert.rejects(store.head(), { code: 'not-a-ledger', message: /holds no keyrings/ })
    })

    test('a member of a role may use what is that role’s, and a role that was dropped keeps nobody else out', async () => {
      await server.sql(database, `CREATE ROLE leaving; CREATE ROLE joining LOGIN IN ROLE ${KEYRING_SERVER}`)
      await grantRole(asOwner, 'leaving', 'keyring', NAME)
      await server.sql(database, 'DROP OWNED BY leaving; DROP ROLE leaving')
      for (const role of [KEYRING_SERVER, 'joining']) {
        const store = postgresKeyringStore({ pool: server.pool(database, role), name: NAME })
        assert.equal((await store.head())?.generation, 1)
        assert.deepEqual(await store.add(1, [ROW]), [ROW])
      }
    })
  })
