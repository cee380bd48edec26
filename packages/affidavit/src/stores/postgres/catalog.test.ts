import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { majorOf, postgresBinaries } from '../../../test/postgres-binaries.ts'
import { KEYRING_OWNER, keyringDatabases } from '../../../test/postgres-keyring.ts'
import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from '../../../test/postgres-server.ts'
import { readCatalog, releasedCatalog } from './catalog.ts'
import { KEYRINGS } from './schemas.ts'
import { openSnapshot } from './snapshot.ts'
import { checkSchema } from './structure.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('the schema of a database is held against the released one', { skip: missing })
else
  describe('the schema of a database is held against the released one', () => {
    const major = majorOf(postgresBinaries() ?? '') ?? 0
    let server: PostgresServer
    let keyrings: () => Promise<string>
    before(async () => {
      server = await startPostgres()
      keyrings = await keyringDatabases(server)
    })
    after(() => server.stop())

    /** What a verifier finds in the schema of a database that somebody has done this to. */
    async function findingsAfter(sql: string): Promise<string[]> {
      const database = await server.database()
      await server.sql(database, sql)
      const snapshot = await openSnapshot(server.pool(database))
      try {
        return (await checkSchema(snapshot)).findings.map(({ what, problem }) => `${what} ${problem}`)
      } finally {
        await snapshot.close()
      }
    }

    test('a migrated database has the released schema', async () => {
      const snapshot = await openSnapshot(server.pool(await server.database(), OWNER))
      const catalog = Object.fromEntries([...(await readCatalog(snapshot))].sort())
      await snapshot.close()
      // A new schema is released with its catalog: AFFIDAVIT_WRITE_CATALOG=1 writes it.
      const file = join(import.meta.dirname, 'schema/0002.catalog.json')
      if (process.env.AFFIDAVIT_WRITE_CATALOG === '1') writeFileSync(file, `${JSON.stringify(catalog, undefined, 2)}\n`)
      assert.deepEqual(catalog, Object.fromEntries(releasedCatalog()))
      assert.deepEqual(await findingsAfter('SELECT 1'), [])
    })

    test('a database for keyrings has the released schema', async () => {
      const snapshot = await openSnapshot(server.pool(await keyrings(), KEYRING_OWNER))
      const catalog = Object.fromEntries([...(await readCatalog(snapshot, KEYRINGS))].sort())
      await snapshot.close()
      const file = join(import.meta.dirname, 'schema-keyring/0002.catalog.json')
      if (process.env.AFFIDAVIT_WRITE_CATALOG === '1') writeFileSync(file, `${JSON.stringify(catalog, undefined, 2)}\n`)
      assert.deepEqual(catalog, Object.fromEntries(releasedCatalog(KEYRINGS)))
    })

    const CHANGES: readonly (readonly [what: string, sql: string, told: RegExp])[] = [
      ['a trigger that is gone', 'DROP TRIGGER no_change ON affidavit.entries', /trigger entries\.no_change/],
      ['a trigger that is disabled', 'ALTER TABLE affidavit.entries DISABLE TRIGGER derive', /trigger entries\.derive/],
      [
        'a trigger that replication passes by',
        'ALTER TABLE affidavit.entries ENABLE TRIGGER no_change',
        /trigger entries\.no_change/,
      ],
      [
        'a trigger of somebody’s own',
        'CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$; CREATE TRIGGER x BEFORE INSERT ON affidavit.entries FOR EACH ROW EXECUTE FUNCTION public.f()',
        /trigger entries\.x.*was added/,
      ],
      [
        'all triggers disabled, foreign keys too',
        'ALTER TABLE affidavit.payload_uses DISABLE TRIGGER ALL',
        /foreign key triggers payload_uses/,
      ],
      ['row-level security off', 'ALTER TABLE affidavit.entries DISABLE ROW LEVEL SECURITY', /table entries/],
      ['a policy that hides a record', 'ALTER POLICY own ON affidavit.entries USING (seq <> 5)', /policy entries\.own/],
      ['a policy of somebody’s own', 'CREATE POLICY more ON affidavit.entries USING (true)', /policy entries\.more/],
      [
        'a function with another body',
        'CREATE OR REPLACE FUNCTION affidavit.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN OLD; END$$',
        /function refuse_change/,
      ],
      ['a function that runs as somebody else', 'ALTER FUNCTION affidavit.append SECURITY DEFINER', /function append/],
      ['an index that is gone', 'DROP INDEX affidavit.entries_by_actor', /index entries_by_actor/],
      [
        'an index over fewer rows',
        'DROP INDEX affidavit.entries_by_actor; CREATE INDEX entries_by_actor ON affidavit.entries (ledger_no, actor_id, seq, "timestamp") WHERE seq <> 5',
        /index entries_by_actor/,
      ],
      [
        'an index that is not valid',
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'affidavit.entries_by_actor'::regclass",
        /index entries_by_actor/,
      ],
      [
        'a constraint that is gone',
        'ALTER TABLE affidavit.payload_uses DROP CONSTRAINT payload_uses_ledger_no_blob_id_fkey',
        /constraint payload_uses/,
      ],
      [
        'a column of another type',
        'DROP VIEW affidavit.records; ALTER TABLE affidavit.entries ALTER COLUMN recorded_at TYPE varchar',
        /column entries\.recorded_at/,
      ],
      [
        'a column that may be null',
        'ALTER TABLE affidavit.entries ALTER COLUMN recorded_at DROP NOT NULL',
        /column entries\.recorded_at/,
      ],
      ['a column of somebody’s own', 'ALTER TABLE affidavit.entries ADD COLUMN x int', /column entries\.x/],
      ['a table whose rows appear in ours', 'CREATE TABLE public.more () INHERITS (affidavit.entries)', /child table/],
      [
        'a view that leaves out a record',
        "CREATE OR REPLACE VIEW affidavit.records WITH (security_invoker = true) AS SELECT l.origin AS ledger, e.seq, e.id, e.action, e.actor_id, e.conversation_id, e.conversation_seq, e.parent_id, e.resource_type, e.resource_id, e.\"timestamp\" AS claimed_at, e.recorded_at, convert_from(e.entry, 'UTF8')::jsonb->'details' AS details, convert_from(e.entry, 'UTF8')::jsonb AS record FROM affidavit.entries e JOIN affidavit.ledgers l USING (ledger_no) WHERE e.seq <> 5",
        /rule records/,
      ],
      ['a view that sees for its owner', 'ALTER VIEW affidavit.records SET (security_invoker = false)', /rule records/],
      [
        'a rule that does something else',
        'CREATE RULE r AS ON INSERT TO affidavit.checkpoints DO INSTEAD NOTHING',
        /rule checkpoints\.r/,
      ],
      ['a right to change evidence', 'GRANT UPDATE ON affidavit.entries TO PUBLIC', /entries UPDATE PUBLIC/],
      [
        'a right to change a column',
        'GRANT UPDATE (entry) ON affidavit.entries TO affidavit_server',
        /entries\.entry UPDATE affidavit_server/,
      ],
      [
        'a right to empty a table',
        'GRANT TRUNCATE ON affidavit.checkpoints TO affidavit_server',
        /checkpoints TRUNCATE affidavit_server/,
      ],
      ['a table that is not synced', 'ALTER TABLE affidavit.cosignatures SET UNLOGGED', /table cosignatures/],
    ]
    // What PostgreSQL 18 has besides.
    const SINCE_18: typeof CHANGES = [
      [
        'a column that may have been null before',
        'ALTER TABLE affidavit.entries ALTER COLUMN recorded_at DROP NOT NULL, ADD CONSTRAINT late NOT NULL recorded_at NOT VALID',
        /column entries\.recorded_at/,
      ],
      [
        'a constraint that is not enforced',
        'ALTER TABLE affidavit.payload_uses ALTER CONSTRAINT payload_uses_ledger_no_blob_id_fkey NOT ENFORCED',
        /constraint payload_uses/,
      ],
    ]
    for (const [what, sql, told] of [...CHANGES, ...(major >= 18 ? SINCE_18 : [])]) {
      test(`found: ${what}`, async () => {
        const findings = await findingsAfter(`SET allow_system_table_mods = on; ${sql}`)
        assert.ok(
          findings.some((said) => told.test(said)),
          findings.join('\n') || 'nothing was found',
        )
      })
    }

    /** The same, as a role for which the settings of its connections were changed. */
    async function findingsWith(setting: string, sql: string): Promise<string[]> {
      await server.sql('postgres', `ALTER ROLE ${SERVER} SET ${setting}`)
      try {
        return await findingsAfter(sql)
      } finally {
        await server.sql('postgres', `ALTER ROLE ${SERVER} RESET ALL`)
      }
    }

    for (const setting of ['search_path = affidavit, pg_catalog', 'quote_all_identifiers = on']) {
      test(`nothing is found where nothing was changed, and the role has ${setting}`, async () => {
        assert.deepEqual(await findingsWith(setting, 'SELECT 1'), [])
      })
    }

    test('found: a trigger that is disabled, where a function in front of PostgreSQL’s own says that it is not', async () => {
      const told = await findingsWith(
        'search_path = hostile, pg_catalog',
        `CREATE SCHEMA hostile; GRANT USAGE ON SCHEMA hostile TO PUBLIC;
         CREATE FUNCTION hostile.concat_ws(text, text, text) RETURNS text LANGUAGE sql
           AS $$ SELECT pg_catalog.concat_ws($1, $2, replace($3, '=D', '=A')) $$;
         ALTER TABLE affidavit.entries DISABLE TRIGGER derive`,
      )
      assert.deepEqual(told, ['schema object trigger entries.derive is not as it was released'])
    })

    test('without a table nothing can be read, and that is said', async () => {
      const database = await server.database()
      await server.sql(database, 'DROP TABLE affidavit.cosignatures')
      const snapshot = await openSnapshot(server.pool(database))
      assert.deepEqual((await checkSchema(snapshot)).missing, ['table cosignatures'])
      await snapshot.close()
    })
  })
