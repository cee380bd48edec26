// What is in the way of a ledger in PostgreSQL: each with its code, and with what can be done.

import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import {
  changeSetting,
  missingForPostgres,
  OWNER,
  type PostgresServer,
  SERVER,
  startPostgres,
} from './postgres-server.ts'
import { draft, errorCode, json, type Run, run } from './run-cli.ts'

const NAME = 'cli.example/clinic'

const missing = missingForPostgres()
if (missing !== undefined) test('refusals on PostgreSQL', { skip: missing })
else describe('refused on PostgreSQL:', () => refusals())

function refusals(): void {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-refused-'))
  const home = join(base, 'home')
  const other = join(base, 'other')
  const file = join(base, 'file')
  let server: PostgresServer
  let database = ''
  let url = ''

  before(async () => {
    server = await startPostgres()
    database = await server.database()
    url = `${server.url(database)}?ledger=${NAME}`
    assert.equal((await run(['init', '--ledger', url, '--keys', home])).code, 0)
    assert.equal((await run(['append', '--ledger', home], draft(1))).code, 0)
    const second = `${server.url(database)}?ledger=cli.example/other`
    assert.equal((await run(['init', '--ledger', second, '--keys', other])).code, 0)
    assert.equal((await run(['init', '--ledger', file, '--origin', NAME])).code, 0)
    for (const sql of [
      'CREATE ROLE tenant LOGIN',
      'CREATE ROLE stranger LOGIN',
      `CREATE DATABASE bare OWNER ${OWNER}`,
      'CREATE DATABASE shop',
      'CREATE DATABASE blank',
      'CREATE DATABASE newer TEMPLATE affidavit_template',
      "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0",
    ])
      await server.sql('postgres', sql)
    await server.sql('shop', 'CREATE SCHEMA affidavit; CREATE TABLE affidavit.orders (id int)')
    await server.sql('shop', `GRANT USAGE ON SCHEMA affidavit TO ${SERVER}`)
    await server.sql('blank', 'CREATE SCHEMA affidavit; CREATE TABLE affidavit.schema_versions (version int)')
    await server.sql(
      'blank',
      `GRANT ALL ON SCHEMA affidavit TO ${SERVER}; GRANT ALL ON affidavit.schema_versions TO ${SERVER}`,
    )
    await server.sql('newer', "INSERT INTO affidavit.schema_versions (version, sha256) VALUES (99, 'x')")
    await server.sql(database, `GRANT CONNECT ON DATABASE ${database} TO tenant`)
    const grant = await run(['migrate', '--ledger', server.url(database, OWNER), '--writer', 'tenant'])
    assert.equal(grant.code, 0, grant.err)
  })
  after(async () => {
    await server.stop()
    rmSync(base, { recursive: true, force: true })
  })

  const at = (place: string, role?: string): string => `${server.url(place, role)}?ledger=${NAME}`
  const search = (ledger: string, keys = home): Promise<Run> =>
    run(['search', '--ledger', ledger, '--keys', keys, '--json'])
  const init = (ledger: string, ...more: readonly string[]): Promise<Run> =>
    run(['init', '--ledger', ledger, '--origin', NAME, '--keys', join(base, 'new'), '--json', ...more])

  const LIES: readonly (readonly [lie: string, made: () => Promise<Run>, code: string, says: RegExp, cure: RegExp])[] =
    [
      [
        'a URL that is none',
        () => search('postgres://db.example'),
        'invalid-query',
        /no URL of a database/,
        /postgres:\/\/USER/,
      ],
      [
        'a URL of another scheme',
        () => search('mysql://db/audit'),
        'invalid-query',
        /scheme .* mysql/,
        /postgres:\/\//,
      ],
      [
        'a password on the command line',
        () => search(url.replace('@', ':hunter2@')),
        'invalid-query',
        /--ledger: a password on the command line/,
        /PGPASSFILE/,
      ],
      [
        'a URL without a home',
        () => run(['search', '--ledger', url, '--json']),
        'invalid-query',
        /not where the keys/,
        /--keys DIR/,
      ],
      [
        'a URL that is mistyped, with its password',
        () => search(` ${url.replace('@', ':hunter2@')}`),
        'invalid-query',
        /--ledger: a password on the command line/,
        /PGPASSFILE/,
      ],
      ['a home beside a folder', () => search(home, other), 'invalid-query', /--keys says nothing/, /leave it out/],
      [
        'a host that is not there',
        () => search('postgres://x@nohost.invalid/a?sslmode=disable'),
        'store-unavailable',
        /nohost\.invalid/,
        /./,
      ],
      [
        'a connection that is refused',
        () => search('postgres://x@127.0.0.1:1/a'),
        'store-unavailable',
        /ECONNREFUSED/,
        /server runs/,
      ],
      [
        'a server without TLS, where it is asked for',
        () => search(`${url}&sslmode=verify-full`),
        'store-unavailable',
        /SSL|TLS/,
        /sslmode=disable/,
      ],
      [
        'a database that is not there',
        () => search(at('nowhere')),
        'store-unavailable',
        /no such database/,
        /name behind/,
      ],
      [
        'a role that is not there',
        () => search(at(database, 'nobody')),
        'store-unavailable',
        /refused who asked/,
        /PGPASSWORD/,
      ],
      [
        'a role without rights',
        () => search(at(database, 'stranger')),
        'store-unavailable',
        /may not use/,
        /--writer ROLE/,
      ],
      [
        'a database that was not migrated',
        () => search(at('bare')),
        'not-a-ledger',
        /holds no ledgers/,
        /affidavit migrate/,
      ],
      [
        'a database of something else',
        () => search(at('shop')),
        'not-a-ledger',
        /holds no ledgers/,
        /affidavit migrate/,
      ],
      [
        'a schema of that name, of something else',
        () => search(at('blank')),
        'not-a-ledger',
        /not ours/,
        /another database/,
      ],
      ['a newer schema', () => search(at('newer')), 'newer-format', /schema 99/, /newer affidavit/],
      ['another encoding', () => search(at('ascii')), 'not-a-ledger', /SQL_ASCII/, /UTF8/],
      [
        'a ledger that is not there',
        () => search(`${server.url(database)}?ledger=cli.example/typo`, join(base, 'none')),
        'not-a-ledger',
        /no ledger cli\.example\/typo that this role may use/,
        /affidavit init/,
      ],
      [
        'a ledger of another role',
        () => search(at(database, 'tenant')),
        'not-a-ledger',
        /that this role may use/,
        /belongs to the role/,
      ],
      [
        'several ledgers, and none chosen',
        () => search(server.url(database), join(base, 'none')),
        'invalid-query',
        /cli\.example\/clinic, cli\.example\/other/,
        /\?ledger=NAME/,
      ],
      [
        'the home of another ledger',
        () => search(url, other),
        'invalid-query',
        /home of cli\.example\/other/,
        /init made/,
      ],
      ['the home of a ledger in a file', () => search(url, file), 'invalid-query', /ledger of its own/, /init made/],
      [
        'init of a NAME that has begun',
        () => init(url),
        'ledger-exists',
        /has a ledger cli\.example\/clinic already/,
        /--keys DIR/,
      ],
      [
        'init of a NAME of another role',
        () => init(at(database, 'tenant')),
        'ledger-exists',
        /belongs to another role/,
        /another name/,
      ],
      [
        'init under two names',
        () => init(`${server.url(database)}?ledger=cli.example/x`),
        'invalid-origin',
        /not cli\.example\/clinic/,
        /the same/,
      ],
      [
        'init in a home that is taken',
        () => init(`${server.url(database)}`, '--origin', 'cli.example/third', '--keys', home),
        'ledger-exists',
        /holds a ledger already/,
        /another folder/,
      ],
      [
        'migrate of a file',
        () => run(['migrate', '--ledger', file, '--json']),
        'invalid-query',
        /in a file/,
        /URL of a database/,
      ],
      [
        'migrate without the right to',
        () => run(['migrate', '--ledger', server.url('bare', 'stranger'), '--json']),
        'store-unavailable',
        /has not the right/,
        /owner/,
      ],
      [
        'migrate of a database of something else',
        () => run(['migrate', '--ledger', server.url('shop', 'super'), '--json']),
        'not-a-ledger',
        /not ours/,
        /another database/,
      ],
    ]
  for (const [lie, made, code, says, cure] of LIES)
    test(lie, async () => {
      const answer = await made()
      const error: Record<string, unknown> = Object(json(answer).error)
      assert.equal(error.code, code, answer.out)
      assert.match(String(error.problem), says)
      assert.match(String(error.cure), cure)
      assert.ok(answer.code === 3 || answer.code === 4, String(answer.code))
      assert.doesNotMatch(answer.out + answer.err, /hunter2/)
      assert.ok(!existsSync(join(base, 'new')), 'nothing is made')
    })

  test('settings with a password, or with a URL that is none', async () => {
    const folder = join(base, 'settings')
    cpSync(home, folder, { recursive: true })
    for (const [database_url, says] of [
      [url.replace('@', ':hunter2@'), /holds a password/],
      ['postgres://db.example', /no URL of a database/],
    ] as const) {
      writeFileSync(join(folder, 'affidavit.json'), JSON.stringify({ database: database_url }))
      const answer = await run(['search', '--ledger', folder, '--json'])
      assert.equal(Object(json(answer).error).code, 'not-a-ledger')
      assert.match(String(Object(json(answer).error).problem), says)
      assert.doesNotMatch(answer.out, /hunter2/)
    }
  })

  const ANOTHER = (size: number): string =>
    `stranger.example/log\n${size}\n${'A'.repeat(43)}=\n\n— stranger.example/log AAAAAAAA\n`
  for (const [what, note, says] of [
    ['is none', 'junk', /the checkpoint of size 2 that is kept is none/],
    ['is that of another ledger', ANOTHER(2), /kept for size 2 is of another size, or of another ledger/],
  ] as const)
    test(`a checkpoint, put there with the rights of a server, that ${what}: it is not released`, async () => {
      const folder = join(base, what)
      const name = `damaged.example/${what.replaceAll(' ', '-')}`
      const there = `${server.url(database)}?ledger=${name}`
      assert.equal((await run(['init', '--ledger', there, '--keys', folder])).code, 0)
      const log = join(folder, 'checkpoints', 'checkpoints.log')
      const released = readFileSync(log, 'utf8')
      const pool = server.pool(database)
      await pool.query(
        "INSERT INTO affidavit.checkpoints SELECT ledger_no, 2, convert_to($1, 'UTF8') FROM affidavit.ledgers WHERE name = $2",
        [note, name],
      )
      await pool.end()
      const answer = await run(['append', '--ledger', folder, '--json'], draft(1))
      assert.deepEqual([answer.code, errorCode(answer)], [4, 'store-corrupt'], answer.out)
      assert.match(String(Object(json(answer).error).problem), says)
      assert.equal(readFileSync(log, 'utf8'), released)
    })

  test('verify by a role that the ledger is hidden from: no verdict, for it may be whole; by its owner, that it was removed', async () => {
    await server.sql('postgres', 'CREATE ROLE auditor LOGIN')
    const grant = await run(['migrate', '--ledger', server.url(database, OWNER), '--reader', 'auditor'])
    assert.equal(grant.code, 0, grant.err)
    const verify = (role: string): Promise<Run> =>
      run(['verify', '--ledger', at(database, role), '--keys', home, '--no-record', '--json'])
    for (const role of ['auditor', 'tenant']) {
      const answer = await verify(role)
      assert.deepEqual([answer.code, errorCode(answer)], [3, 'not-found'], answer.out)
      assert.match(answer.out, /no ledger cli\.example\/clinic\/\w+ that this role may see/)
      assert.match(answer.out, /or as the owner/)
    }
    assert.equal((await verify(OWNER)).code, 0)
    await server.sql('postgres', `CREATE DATABASE removed TEMPLATE ${database}`)
    await server.sql(
      'removed',
      `ALTER TABLE affidavit.ledgers DISABLE TRIGGER no_change; DELETE FROM affidavit.ledgers;
       ALTER TABLE affidavit.ledgers ENABLE ALWAYS TRIGGER no_change`,
    )
    const removed = ['verify', '--ledger', at('removed', OWNER), '--keys', home, '--no-record', '--json']
    assert.equal((await run(removed)).code, 1)
  })

  const SET: readonly (readonly [setting: string, says: RegExp, cure: RegExp])[] = [
    ['row_security = off', /row_security is off/, /RESET row_security/],
    ["statement_timeout = '1ms'", /statement_timeout/, /raise statement_timeout/],
  ]
  for (const [setting, says, cure] of SET)
    test(`a role that has ${setting}`, async () => {
      await server.sql('postgres', `ALTER ROLE ${SERVER} SET ${setting}`)
      const answer = await search(url)
      await server.sql('postgres', `ALTER ROLE ${SERVER} RESET ALL`)
      assert.deepEqual([answer.code, errorCode(answer)], [4, 'store-unavailable'], answer.out)
      assert.match(String(Object(json(answer).error).problem), says)
      assert.match(String(Object(json(answer).error).cure), cure)
    })

  test('a database that runs without fsync', async () => {
    await changeSetting(server, 'fsync', 'off')
    const answer = await search(url)
    const looked = await run(['doctor', '--ledger', home, '--json'])
    await changeSetting(server, 'fsync', 'on')
    assert.equal(Object(json(answer).error).code, 'unsupported-file-system', answer.out)
    assert.match(looked.out, /"fail",\s+"about": "durability"/)
    assert.equal(looked.code, 4)
  })
}
