// What doctor notices of a server: each change of it that matters, and nothing where all is in order.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { grantRole } from '../src/stores/postgres/grants.ts'
import { majorOf, postgresBinaries } from './postgres-binaries.ts'
import {
  changeSetting,
  missingForPostgres,
  OWNER,
  type PostgresServer,
  SERVER,
  startPostgres,
} from './postgres-server.ts'
import { json, run } from './run-cli.ts'

const NAME = 'cli.example/clinic'

const missing = missingForPostgres()
if (missing !== undefined) test('doctor on PostgreSQL', { skip: missing })
else describe('doctor notices on PostgreSQL:', () => doctor())

function doctor(): void {
  const major = majorOf(postgresBinaries() ?? '') ?? 0
  const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-doctor-'))
  const home = join(base, 'home')
  let server: PostgresServer
  let database = ''
  let url = ''

  before(async () => {
    server = await startPostgres()
    database = await server.database()
    url = `${server.url(database)}?ledger=${NAME}`
    assert.equal((await run(['init', '--ledger', url, '--keys', home])).code, 0)
  })
  after(async () => {
    await server.stop()
    rmSync(base, { recursive: true, force: true })
  })

  const at = (place: string): string => `${server.url(place)}?ledger=${NAME}`
  type Found = { state: string; about: string; says: string; cure?: string }
  async function lookAt(ledger: string): Promise<readonly Found[]> {
    const answer = await run(['doctor', '--ledger', ledger, '--keys', home, '--json'])
    assert.equal(answer.code, 4, answer.out)
    const found: readonly Found[] = Object(json(answer)).findings
    return found.filter(({ state }) => state === 'fail')
  }

  const CHANGES: readonly (readonly [what: string, sql: string, about: string, says: RegExp])[] = [
    [
      'a trigger that is gone',
      'DROP TRIGGER no_change ON affidavit.entries',
      'guards',
      /trigger entries\.no_change is missing/,
    ],
    [
      'a trigger that is off',
      'ALTER TABLE affidavit.payloads DISABLE TRIGGER no_delete',
      'guards',
      /trigger payloads\.no_delete is not as it was/,
    ],
    [
      'a trigger that a setting turns off',
      'ALTER TABLE affidavit.heads ENABLE TRIGGER no_truncate',
      'guards',
      /trigger heads\.no_truncate is not as it was/,
    ],
    [
      'a trigger of somebody else',
      'CREATE TRIGGER mine BEFORE INSERT ON affidavit.entries FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_change()',
      'guards',
      /trigger entries\.mine was added/,
    ],
    [
      'a table without row-level security',
      'ALTER TABLE affidavit.entries DISABLE ROW LEVEL SECURITY',
      'guards',
      /table entries is not as it was/,
    ],
    [
      'a policy that opens a table',
      'CREATE POLICY all_of_it ON affidavit.ledgers USING (true)',
      'guards',
      /policy ledgers\.all_of_it was added/,
    ],
    [
      'a function that says nothing',
      'CREATE OR REPLACE FUNCTION affidavit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
      'guards',
      /function refuse_change\(\) is not as it was/,
    ],
    ['a right to update', `GRANT UPDATE (entry) ON affidavit.entries TO ${SERVER}`, 'rights', /UPDATE entries\.entry/],
    ['a right to delete', `GRANT DELETE ON affidavit.checkpoints TO ${SERVER}`, 'rights', /DELETE checkpoints/],
    ['a right to truncate', `GRANT TRUNCATE ON affidavit.entries TO ${SERVER}`, 'rights', /TRUNCATE entries/],
    ...(major < 17
      ? []
      : ([
          [
            'a right to hold up everybody',
            `GRANT MAINTAIN ON affidavit.heads TO ${SERVER}`,
            'rights',
            /MAINTAIN heads/,
          ],
        ] as const)),
    ['a right of everybody', 'GRANT DELETE ON affidavit.entries TO PUBLIC', 'rights', /DELETE entries/],
    [
      'a right to forge what is searched by',
      `GRANT INSERT (id) ON affidavit.entries TO ${SERVER}`,
      'rights',
      /INSERT entries\.id/,
    ],
    [
      'a right to make things in the schema',
      `GRANT CREATE ON SCHEMA affidavit TO ${SERVER}`,
      'rights',
      /CREATE in the schema/,
    ],
    [
      'a function that everybody may call, as in a dump that came back without its rights',
      'GRANT EXECUTE ON FUNCTION affidavit.derive_lists() TO PUBLIC',
      'rights',
      /EXECUTE derive_lists/,
    ],
    [
      'a function that is somebody else’s, as in a dump that somebody else brought back',
      'ALTER FUNCTION affidavit.create_ledger OWNER TO super',
      'owner',
      /belong to affidavit_owner and super/,
    ],
    [
      'a schema of another version',
      "INSERT INTO affidavit.schema_versions (version, sha256) VALUES (3, '')",
      'guards',
      /has schema 3, and this version needs 2/,
    ],
    [
      'a right that is missing',
      `REVOKE INSERT ON affidavit.checkpoints FROM ${SERVER}`,
      'needs',
      /INSERT checkpoints\.note/,
    ],
    [
      'a function that it may not call',
      `REVOKE EXECUTE ON FUNCTION affidavit.append FROM ${SERVER}`,
      'needs',
      /EXECUTE append/,
    ],
    ['a way to the owner', `GRANT ${OWNER} TO ${SERVER}`, 'role', /can become affidavit_owner, which owns the schema/],
    ['a way to write everything', `GRANT pg_write_all_data TO ${SERVER}`, 'role', /can become pg_write_all_data/],
    ['BYPASSRLS', `ALTER ROLE ${SERVER} BYPASSRLS`, 'role', /has BYPASSRLS/],
    ['a role that makes roles', `ALTER ROLE ${SERVER} CREATEROLE`, 'role', /has CREATEROLE/],
    ['a superuser', `ALTER ROLE ${SERVER} SUPERUSER`, 'role', /is a superuser/],
    [
      'a session that takes no writes',
      `ALTER ROLE ${SERVER} SET default_transaction_read_only = on`,
      'writes',
      /read_only is on/,
    ],
  ]
  test('a role of retention, which is no fault of the server', async () => {
    const copy = await server.database()
    const owner = server.pool(copy, OWNER)
    await grantRole(owner, SERVER, 'retention')
    const rights = async (): Promise<readonly string[]> => {
      const answer = await run(['doctor', '--ledger', at(copy), '--keys', home, '--json'])
      const found: readonly Found[] = Object(json(answer)).findings
      return found.filter(({ about }) => about === 'rights').map(({ state, says }) => `${state}: ${says}`)
    }
    assert.match(String(await rights()), /^warn: this is a role of retention/)
    await server.sql(copy, `GRANT DELETE ON affidavit.entries TO ${SERVER}`)
    assert.match(String(await rights()), /^fail: .*DELETE entries/)
    await owner.end()
  })

  for (const [what, sql, about, says] of CHANGES)
    test(what, async () => {
      const copy = await server.database()
      const membership = /^(GRANT \w+ TO|ALTER ROLE)/.test(sql)
      await server.sql(copy, sql)
      try {
        const found = await lookAt(at(copy))
        const told = found.filter((one) => one.about === about)
        assert.match(told.map((one) => one.says).join('\n'), says)
        for (const { cure } of told) assert.ok(cure !== undefined && cure !== '')
      } finally {
        if (membership) await server.sql('postgres', undoing(sql))
      }
    })

  test('a standby that every commit waits for', async () => {
    await changeSetting(server, 'synchronous_standby_names', 'one')
    const found = await lookAt(url)
    await changeSetting(server, 'synchronous_standby_names', '')
    assert.match(found.find(({ about }) => about === 'standbys')?.says ?? '', /every commit waits/)
  })

  test('nothing, and changes nothing, where all is in order', async () => {
    const before = readFileSync(join(home, 'checkpoints/checkpoints.log'), 'utf8')
    const rows = async (): Promise<unknown> =>
      (await server.sql(database, 'SELECT count(*) FROM affidavit.entries')).rows
    const [entries, answer] = [await rows(), await run(['doctor', '--ledger', home])]
    assert.equal(answer.code, 0, answer.out)
    assert.deepEqual(await rows(), entries)
    assert.equal(readFileSync(join(home, 'checkpoints/checkpoints.log'), 'utf8'), before)
  })
}

function undoing(sql: string): string {
  if (sql.startsWith('GRANT')) return sql.replace('GRANT', 'REVOKE').replace(' TO ', ' FROM ')
  return sql.includes(' SET ')
    ? sql.replace(/ SET (\w+) .*/, ' RESET $1')
    : sql.replace(/(BYPASSRLS|CREATEROLE|SUPERUSER)$/, 'NO$1')
}
