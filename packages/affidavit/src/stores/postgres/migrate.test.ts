import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { missingForPostgres, OWNER, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { samples } from '../../testing/sample-drafts.ts'
import { inspectDatabase } from './connect.ts'
import { grantRole } from './grants.ts'
import { holdingName } from './hold-name.ts'
import { migrate } from './migrate.ts'
import { KEYRINGS, LEDGERS, type SchemaKind } from './schemas.ts'
import { postgresStore } from './store.ts'

const LEDGER = 'migrate.example/clinic/0123456789abcdef'

describe('released schemas', () => {
  for (const kind of [LEDGERS, KEYRINGS])
    test(`of ${kind.holds} are frozen, numbered without a gap, and leave the transaction to migrate`, () => {
      const names = readdirSync(kind.folder)
        .filter((name) => name.endsWith('.sql'))
        .sort()
      assert.deepEqual(
        names,
        Array.from({ length: kind.version }, (_, i) => `${String(i + 1).padStart(4, '0')}.sql`),
      )
      const texts = names.map((name) => readFileSync(new URL(name, kind.folder), 'utf8'))
      const sums = texts.map((text, i) => `${sha256(text)}  ${names[i]}\n`).join('')
      // A new schema is released with its sum, and none is changed: AFFIDAVIT_WRITE_CATALOG=1 writes them.
      const file = new URL('SHA256SUMS', kind.folder)
      if (process.env.AFFIDAVIT_WRITE_CATALOG === '1') writeFileSync(file, sums)
      assert.equal(sums, readFileSync(file, 'utf8'))
      for (const text of texts) assert.doesNotMatch(text, /^\s*(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END)\s*;/im)
    })
})

const missing = missingForPostgres()
if (missing !== undefined) test('a database is brought up to date', { skip: missing })
else describe('a database is brought up to date', () => migrating())

function migrating(): void {
  let server: PostgresServer
  let made = 0
  const folders: string[] = []
  before(async () => {
    server = await startPostgres()
    await server.sql('postgres', 'CREATE ROLE stranger LOGIN')
  })
  after(async () => {
    await server.stop()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  async function fresh(): Promise<string> {
    const database = `fresh_${++made}`
    await server.sql('postgres', `CREATE DATABASE ${database} OWNER ${OWNER}`)
    return database
  }
  const asOwner = (database: string) => server.pool(database, OWNER)

  /** As it will be when these were released behind the ones of today, up to a version. */
  function later(kind: SchemaKind, ...sql: readonly string[]): SchemaKind & { path: string } {
    const path = mkdtempSync(join(tmpdir(), 'affidavit-schema-'))
    folders.push(path)
    for (let version = 1; version <= kind.version; version++) {
      const name = fileOf(version)
      copyFileSync(fileURLToPath(new URL(name, kind.folder)), join(path, name))
    }
    for (const [i, text] of sql.entries()) writeFileSync(join(path, fileOf(kind.version + 1 + i)), text)
    return { ...kind, folder: pathToFileURL(`${path}/`), version: kind.version + sql.length, path }
  }
  const upTo = (kind: SchemaKind, version: number): SchemaKind => ({ ...kind, version })

  const nextOf = (kind: SchemaKind) =>
    later(
      kind,
      `CREATE TABLE ${kind.schema}.notes (note_no bigint PRIMARY KEY, note text NOT NULL);`,
      `ALTER TABLE ${kind.schema}.notes ADD COLUMN more text NOT NULL DEFAULT 'none';
       CREATE FUNCTION ${kind.schema}.note() RETURNS text LANGUAGE sql AS $$ SELECT 'note' $$;`,
    )

  /** Everything that stands in the schema, and whose it is. */
  async function schemaOf(database: string, { schema }: SchemaKind): Promise<unknown> {
    const { rows } = await server.sql(
      database,
      `SELECT c.relname, c.relkind, c.relowner::regrole::text, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
         FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = '${schema}'::regnamespace
         GROUP BY 1, 2, 3
       UNION ALL SELECT p.oid::regprocedure::text, 'p', p.proowner::regrole::text, md5(p.prosrc) || coalesce(p.proacl::text, 'everybody')
         FROM pg_proc p WHERE p.pronamespace = '${schema}'::regnamespace
       UNION ALL SELECT version::text, 'v', applied_by, sha256 FROM ${schema}.schema_versions ORDER BY 2, 1`,
    )
    return rows
  }
  const versionsOf = async (database: string, { schema }: SchemaKind): Promise<readonly number[]> =>
    (await server.sql(database, `SELECT version FROM ${schema}.schema_versions ORDER BY 1`)).rows.map(
      ({ version }) => version,
    )

  for (const kind of [LEDGERS, KEYRINGS])
    for (let from = 1; from <= kind.version + 1; from++)
      test(`of ${kind.holds}, from schema ${from}: what is newer is run, in its order, and all is as where it was begun anew`, async () => {
        const next = nextOf(kind)
        const [old, anew] = [await fresh(), await fresh()]
        const expected = Array.from({ length: next.version }, (_, i) => i + 1)
        assert.deepEqual(await migrate(asOwner(old), upTo(next, from)), {
          applied: expected.slice(0, from),
          version: from,
        })
        assert.deepEqual((await migrate(asOwner(old), next)).applied, expected.slice(from))
        assert.deepEqual((await migrate(asOwner(old), next)).applied, [])
        assert.deepEqual((await migrate(asOwner(anew), next)).applied, expected)
        assert.deepEqual(await schemaOf(old, kind), await schemaOf(anew, kind))
      })

  test('every record stays, and whoever has it open goes on', async () => {
    const database = await fresh()
    const [next, pool] = [nextOf(LEDGERS), asOwner(database)]
    await migrate(pool, LEDGERS)
    await grantRole(pool, 'affidavit_server', 'writer')
    const store = postgresStore({ pool: server.pool(database) })
    const { prepare, batch } = samples(LEDGER)
    await store.create(LEDGER)
    await store.commit(batch([prepare(), prepare()]))
    const rows = async (): Promise<unknown[]> =>
      (await server.sql(database, 'SELECT * FROM affidavit.entries ORDER BY seq')).rows
    const there = await rows()
    await migrate(pool, next)
    assert.deepEqual(await rows(), there)
    await store.commit(batch([prepare()]))
    assert.equal((await rows()).length, 3)
    await store.close()
  })

  test('a process of before refuses what is newer, and one of after says what is missing', async () => {
    const database = await fresh()
    const [next, pool] = [nextOf(LEDGERS), asOwner(database)]
    await migrate(pool, LEDGERS)
    const missing = { code: 'not-a-ledger', message: /has schema 2, and this version needs 4.*affidavit migrate/s }
    await assert.rejects(inspectDatabase(pool, next), missing)
    await migrate(pool, next)
    const schema = await schemaOf(database, LEDGERS)
    const newer = { code: 'newer-format', message: /has schema 4; this version knows up to 2/ }
    await assert.rejects(inspectDatabase(pool, LEDGERS), newer)
    await assert.rejects(migrate(pool, LEDGERS), newer)
    assert.deepEqual(await schemaOf(database, LEDGERS), schema)
  })

  describe('refused, and nothing is changed:', () => {
    const REFUSED: readonly (readonly [
      what: string,
      change: (database: string, next: SchemaKind & { path: string }) => unknown,
      expected: { code: string; message: RegExp },
    ])[] = [
      [
        'SQL that was altered since it was run',
        (_, { path }) => {
          const file = join(path, fileOf(1))
          writeFileSync(file, `${readFileSync(file, 'utf8')}-- the same\n`)
        },
        { code: 'store-corrupt', message: /schema 1 of the ledgers .* made by other SQL than was released/ },
      ],
      [
        'a version whose record somebody changed',
        (database) =>
          server.sql(
            database,
            `ALTER TABLE affidavit.schema_versions DISABLE TRIGGER no_change; UPDATE affidavit.schema_versions SET sha256 = repeat('0', 64)`,
          ),
        { code: 'store-corrupt', message: /other SQL than was released/ },
      ],
      [
        'a version before the newest that is not on record',
        async (database, next) => {
          await migrate(asOwner(database), upTo(next, 2))
          await server.sql(
            database,
            'ALTER TABLE affidavit.schema_versions DISABLE TRIGGER no_change; DELETE FROM affidavit.schema_versions WHERE version = 1',
          )
        },
        { code: 'store-corrupt', message: /of schema 2, and not every version before it is on record/ },
      ],
      [
        'a schema without any version',
        (database) =>
          server.sql(
            database,
            'ALTER TABLE affidavit.schema_versions DISABLE TRIGGER no_change; DELETE FROM affidavit.schema_versions',
          ),
        { code: 'not-a-ledger', message: /a schema affidavit that is not ours/ },
      ],
      [
        'a schema of somebody else, who is named',
        (database) => server.sql(database, 'ALTER SCHEMA affidavit OWNER TO stranger'),
        { code: 'not-a-ledger', message: /not this role's.*as its owner, stranger/s },
      ],
      [
        'SQL that fails behind what was run',
        (_, { path }) => writeFileSync(join(path, fileOf(3)), 'CREATE TABLE affidavit.more (); SELECT 1 / 0;'),
        { code: 'store-unavailable', message: /cannot migrate: PostgreSQL answered 22012/ },
      ],
      [
        'SQL whose connection is ended',
        (_, { path }) => writeFileSync(join(path, fileOf(3)), 'SELECT pg_terminate_backend(pg_backend_pid());'),
        { code: 'store-unavailable', message: /ended the session/ },
      ],
    ]
    for (const [what, change, expected] of REFUSED)
      test(what, async () => {
        const [database, next] = [await fresh(), nextOf(LEDGERS)]
        await migrate(asOwner(database), LEDGERS)
        await change(database, next)
        const there = await schemaOf(database, LEDGERS)
        await assert.rejects(migrate(asOwner(database), next), expected)
        assert.deepEqual(await schemaOf(database, LEDGERS), there)
      })
  })

  test('what was stopped is done by doing it again', async () => {
    const [database, next] = [await fresh(), nextOf(LEDGERS)]
    const [file, pool] = [join(next.path, fileOf(2)), asOwner(database)]
    const released = readFileSync(file, 'utf8')
    writeFileSync(file, `${released} SELECT pg_terminate_backend(pg_backend_pid());`)
    await assert.rejects(migrate(pool, next), { code: 'store-unavailable' })
    const { rows } = await server.sql(database, "SELECT 1 FROM pg_namespace WHERE nspname = 'affidavit'")
    assert.deepEqual(rows, [])
    writeFileSync(file, released)
    assert.deepEqual((await migrate(pool, next)).applied, [1, 2, 3, 4])
  })

  test('two at once do it once', async () => {
    const [database, next] = [await fresh(), nextOf(LEDGERS)]
    const done = await Promise.all([1, 2, 3].map(() => migrate(asOwner(database), next)))
    assert.deepEqual(done.map(({ applied }) => applied).sort(), [[], [], [1, 2, 3, 4]])
    assert.deepEqual(await versionsOf(database, LEDGERS), [1, 2, 3, 4])
  })

  test('by a superuser: what is new belongs to whom the schema belongs', async () => {
    const [database, next] = [await fresh(), nextOf(LEDGERS)]
    await migrate(asOwner(database), upTo(next, 2))
    await migrate(server.pool(database, 'super'), next)
    const owners = async (name: string): Promise<unknown> =>
      (
        await server.sql(
          name,
          `SELECT DISTINCT pg_get_userbyid(o.owner) AS owner FROM (SELECT relowner AS owner FROM pg_class WHERE relnamespace = 'affidavit'::regnamespace
             UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'affidavit'::regnamespace) o`,
        )
      ).rows
    assert.deepEqual(await owners(database), [{ owner: OWNER }])
  })

  test('whatever the role has set: names in front of ours, a default that takes no writes', async () => {
    const database = await fresh()
    await server.sql(database, `CREATE SCHEMA theirs AUTHORIZATION ${OWNER}; CREATE DOMAIN theirs.text AS varchar(3)`)
    for (const set of ['search_path = theirs, pg_catalog', 'default_transaction_read_only = on'])
      await server.sql(database, `ALTER ROLE ${OWNER} IN DATABASE ${database} SET ${set}`)
    const anew = await fresh()
    await migrate(asOwner(database), LEDGERS)
    await migrate(asOwner(anew), LEDGERS)
    assert.deepEqual(await schemaOf(database, LEDGERS), await schemaOf(anew, LEDGERS))
  })

  describe('somebody holds what it locks', () => {
    async function held(database: string, name: string): Promise<{ pid: number; end(): Promise<void> }> {
      const pool = server.pool(database, 'stranger')
      const client = await pool.connect()
      client.on('error', () => undefined)
      await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name])
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      return { pid: rows[0]?.pid ?? 0, end: async () => client.release(true) }
    }

    test('migrate waits for a while, names who it is and how that is ended, and goes on behind it', async () => {
      const [database, patience] = [await fresh(), 50]
      for (const kind of [LEDGERS, KEYRINGS]) {
        const holder = await held(database, `${kind.schema} migrate`)
        await assert.rejects(migrate(asOwner(database), kind, patience), {
          code: 'store-unavailable',
          problem: new RegExp(
            `^cannot migrate: what it locks was held for 50 ms, by process ${holder.pid} of role stranger; nothing`,
          ),
          cure: new RegExp(`SELECT pg_terminate_backend\\(${holder.pid}\\)$`),
        })
        await server.sql(database, `SELECT pg_terminate_backend(${holder.pid})`)
        assert.equal((await migrate(asOwner(database), kind)).version, kind.version)
        await holder.end()
      }
    })

    test('so it does for a table that somebody uses', async () => {
      const [database, next] = [await fresh(), later(LEDGERS, 'ALTER TABLE affidavit.entries ADD COLUMN more text')]
      await migrate(asOwner(database), LEDGERS)
      await grantRole(asOwner(database), 'affidavit_server', 'writer')
      const client = await server.pool(database).connect()
      await client.query('BEGIN; SELECT 1 FROM affidavit.entries')
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      const there = await schemaOf(database, LEDGERS)
      await assert.rejects(migrate(asOwner(database), next, 50), {
        code: 'store-unavailable',
        problem: new RegExp(`for 50 ms, by process ${rows[0]?.pid} of role affidavit_server; nothing`),
      })
      assert.deepEqual(await schemaOf(database, LEDGERS), there)
      await client.query('COMMIT')
      client.release()
      assert.deepEqual((await migrate(asOwner(database), next)).applied, [3])
    })

    test('so does making a ledger', async () => {
      const database = await fresh()
      const holder = await held(database, 'affidavit begin a.example/b')
      const pool = asOwner(database)
      const never = (): never => assert.fail('nothing is done without the lock')
      await assert.rejects(holdingName(pool, 'a.example/b', never, 50), {
        code: 'store-unavailable',
        problem: new RegExp(
          `^cannot init: what it locks was held for 50 ms, by process ${holder.pid} of role stranger`,
        ),
      })
      await holder.end()
      assert.equal(await holdingName(pool, 'a.example/b', async () => 'done'), 'done')
    })
  })
}

function fileOf(version: number): string {
  return `${String(version).padStart(4, '0')}.sql`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
