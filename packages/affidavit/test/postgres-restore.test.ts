// Backups of a ledger and its keyring in PostgreSQL, taken while others write, and brought back as spec/postgres.md §6 says: what
// fits goes on, and what is older than what was released is noticed.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { type Backups, baseBackup, makeBackups, missingForBackups, startEmptyServer } from './postgres-backup.ts'
import { KEYRING_OWNER, KEYRING_SERVER, keyringDatabases } from './postgres-keyring.ts'
import { OWNER, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { BIN, draft, errorCode, json, run, runDone } from './run-cli.ts'

const NAME = 'restore.example/clinic'

const missing = missingForBackups()
if (missing !== undefined) test('backup and restore of PostgreSQL', { skip: missing })
else describe('backup and restore of PostgreSQL', () => restoring())

function restoring(): void {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-restore-'))
  /** The home that goes on. */
  const home = join(base, 'home')
  /** Copies of it: made just before the databases were dumped, and when the writer had stopped. */
  const [earlier, spare, later] = [join(base, 'earlier'), join(base, 'spare'), join(base, 'later')]
  let backups: Backups
  let server: PostgresServer
  let elsewhere: PostgresServer
  let copy: PostgresServer
  let vkey = ''
  let [database, keyrings] = ['', '']
  /** Ids that were acknowledged before the dump began. */
  let early: readonly string[] = []

  before(async () => {
    backups = makeBackups()
    server = await startPostgres()
    elsewhere = await startEmptyServer()
    keyrings = await (await keyringDatabases(server))()
    database = await server.database()
    const keyring = server.url(keyrings, KEYRING_SERVER)
    const words = ['--ledger', `${server.url(database)}?ledger=${NAME}`, '--keyring', keyring, '--keys', home]
    vkey = String(json(await runDone(['init', ...words, '--json'])).verifier_key)

    const writer = startWriter(home, join(base, 'acknowledged'))
    await writer.until(10)
    early = writer.acknowledged()
    for (const folder of [earlier, spare]) cpSync(home, folder, { recursive: true })
    backups.run('pg_dump', '-Fc', '-f', 'ledger.dump', server.url(database, OWNER))
    backups.run('pg_dump', '-Fc', '-f', 'keyring.dump', server.url(keyrings, KEYRING_OWNER))
    backups.run('pg_dumpall', '--globals-only', '-f', 'roles.sql', '-d', server.url('postgres', 'super'))
    await writer.until(writer.acknowledged().length + 1)
    copy = await baseBackup(server)
    await writer.until(writer.acknowledged().length + 1)
    await writer.stop()
    // What nobody was told of is published by whoever opens next.
    await runDone(['append', '--ledger', home], draft(1))
    cpSync(home, later, { recursive: true })
  })
  after(async () => {
    await Promise.all([server.stop(), elsewhere.stop(), copy.stop()])
    backups.remove()
    rmSync(base, { recursive: true, force: true })
  })

  /** Lets the settings of a home name where its databases are now. */
  function point(folder: string, now: PostgresServer, audit: string, keys: string): void {
    const file = join(folder, 'affidavit.json')
    const [ledger, keyring] = [`${now.url(audit)}?ledger=${NAME}`, now.url(keys, KEYRING_SERVER)]
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), database: ledger, keyring }))
  }

  const recordsIn = async (place: PostgresServer, name: string): Promise<readonly string[]> =>
    (await place.sql(name, 'SELECT id FROM affidavit.entries ORDER BY ledger_no, seq')).rows.map(({ id }) => String(id))

  test('without the roles that own and use it nothing is brought back', async () => {
    await elsewhere.sql('postgres', 'CREATE DATABASE nobodys')
    const restore = ['--exit-on-error', '--single-transaction', '-d', elsewhere.url('nobodys', 'super'), 'ledger.dump']
    assert.throws(() => backups.run('pg_restore', ...restore), /role "affidavit_owner" does not exist/)
    const { rows } = await elsewhere.sql('nobodys', "SELECT 1 FROM pg_namespace WHERE nspname LIKE 'affidavit%'")
    assert.deepEqual(rows, [])
  })

  describe('a dump that was taken while others wrote', () => {
    before(async () => {
      backups.run('psql', '-X', '-q', '-d', elsewhere.url('postgres', 'super'), '-f', 'roles.sql')
      for (const [name, owner, dump] of [
        ['audit', OWNER, 'ledger.dump'],
        ['keys', KEYRING_OWNER, 'keyring.dump'],
      ] as const) {
        await elsewhere.sql('postgres', `CREATE DATABASE ${name} OWNER ${owner}`)
        const restore = ['--exit-on-error', '--single-transaction', '-d', elsewhere.url(name, owner), dump]
        backups.run('pg_restore', ...restore)
      }
      for (const folder of [home, earlier]) point(folder, elsewhere, 'audit', 'keys')
    })

    test('holds all that was acknowledged before it, and one moment of what came meanwhile', async () => {
      const there = await recordsIn(elsewhere, 'audit')
      assert.ok(early.length >= 10)
      for (const id of early) assert.ok(there.includes(id), id)
      const all = await recordsIn(server, database)
      assert.deepEqual(there, all.slice(0, there.length))
      assert.ok(there.length < all.length, 'it was taken while the writer wrote')
    })

    test('is refused to the home that knows of more, by every command that would build upon it', async () => {
      const before = await recordsIn(elsewhere, 'audit')
      const appended = await run(['append', '--ledger', home, '--json'], draft(2))
      assert.deepEqual([appended.code, errorCode(appended)], [4, 'rolled-back'], appended.out)
      const verified = json(await run(['verify', '--ledger', home, '--vkey', vkey, '--json']))
      assert.equal(verified.status, 'tampered')
      assert.match(JSON.stringify(verified.findings), /tail-cut/)
      const looked = await run(['doctor', '--ledger', home])
      assert.equal(looked.code, 4)
      assert.match(looked.out, /✗ checkpoint log .* knows of \d+ records, the database has \d+\n/)
      assert.deepEqual(await recordsIn(elsewhere, 'audit'), before)
    })

    test('goes on with the home that was copied before it: doctor is content, and it verifies', async () => {
      await runDone([
        'migrate',
        '--ledger',
        elsewhere.url('audit', OWNER),
        '--keyring',
        elsewhere.url('keys', KEYRING_OWNER),
      ])
      const looked = await runDone(['doctor', '--ledger', earlier, '--json'])
      const findings: readonly { state: string; about: string }[] = Object(json(looked)).findings
      assert.deepEqual(
        findings
          .filter(({ state }) => state === 'ok')
          .map(({ about }) => about)
          .filter((about) => GUARDED.includes(about)),
        GUARDED,
      )
      // What was published behind the copy of the home is written on in its log.
      await runDone(['checkpoint', '--ledger', earlier])
      await verifies(earlier)
      await runDone(['append', '--ledger', earlier], draft(3, { conversation_id: 'c-3', content: CONTENT }))
      await verifies(earlier)
      const revealed = await runDone(['conversation', 'c-3', '--reveal', '--reason', 'x', '--ledger', earlier])
      assert.match(revealed.out, /The lift is stuck/)
    })

    test('has its rights and guards: a server changes nothing, its owner neither, and strangers see nothing', async () => {
      await elsewhere.sql('audit', 'CREATE ROLE stranger LOGIN')
      await runDone(['migrate', '--ledger', elsewhere.url('audit', OWNER), '--writer', 'stranger'])
      const [asServer, asOwner, asStranger] = [SERVER, OWNER, 'stranger'].map((role) => elsewhere.pool('audit', role))
      assert.ok(asServer && asOwner && asStranger)
      await assert.rejects(asServer.query('UPDATE affidavit.entries SET seq = seq'), { code: '42501' })
      for (const text of ['DELETE FROM affidavit.entries', 'TRUNCATE affidavit.payload_uses'])
        await assert.rejects(asOwner.query(text), { code: 'AF001' })
      assert.deepEqual((await asStranger.query('SELECT 1 FROM affidavit.entries')).rows, [])
    })

    test('goes on where the newer one is lost for good, in a new incarnation that says so', async () => {
      // As it came: what the other home has recorded since is another history than what this one knows of.
      await elsewhere.sql('postgres', `CREATE DATABASE again OWNER ${OWNER}`)
      const restore = ['--exit-on-error', '--single-transaction', '-d', elsewhere.url('again', OWNER)]
      backups.run('pg_restore', ...restore, 'ledger.dump')
      point(home, elsewhere, 'again', 'keys')
      const before = await recordsIn(elsewhere, 'again')
      const made = json(await runDone(['init', '--after-restore', '--ledger', home, '--json']))
      const { out } = await runDone(['search', '--ledger', home, '--action', 'logging_started', '--json'])
      assert.match(out, /lost_checkpoint/)
      await runDone(['append', '--ledger', home], draft(4))
      await verifies(home, String(made.verifier_key))
      assert.deepEqual((await recordsIn(elsewhere, 'again')).slice(0, before.length), before)
    })
  })

  test('without its grants: migrate gives them anew, and to nobody else', async () => {
    await elsewhere.sql('postgres', `CREATE DATABASE bare OWNER ${OWNER}`)
    const restore = ['--no-acl', '--exit-on-error', '--single-transaction', '-d', elsewhere.url('bare', OWNER)]
    backups.run('pg_restore', ...restore, 'ledger.dump')
    const bare = ['--ledger', `${elsewhere.url('bare')}?ledger=${NAME}`, '--keys', earlier]
    assert.match((await run(['doctor', ...bare])).out, /✗ needs/)
    await elsewhere.sql('bare', 'CREATE ROLE auditor LOGIN')
    const grants = ['--writer', SERVER, '--reader', 'auditor']
    await runDone(['migrate', '--ledger', elsewhere.url('bare', OWNER), ...grants])
    const looked = await run(['doctor', ...bare])
    for (const about of ['role', 'rights', 'needs', 'guards']) assert.match(looked.out, new RegExp(`✓ ${about} `))
    const asAuditor = elsewhere.pool('bare', 'auditor')
    for (const call of ["create_ledger('a/b')", "sweep_payloads(1, 'f')", 'caller()'])
      await assert.rejects(asAuditor.query(`SELECT affidavit.${call}`), { code: '42501' }, call)
  })

  test('a base backup that was taken while others wrote goes on with all that it brings', async () => {
    await copy.start()
    const there = await recordsIn(copy, database)
    for (const id of early) assert.ok(there.includes(id), id)
    assert.ok(there.length < (await recordsIn(server, database)).length, 'it was taken while the writer wrote')
    // Before it grows again, past what the newer home knows of: then it would be told as forked.
    point(later, copy, database, keyrings)
    assert.equal(errorCode(await run(['append', '--ledger', later, '--json'], draft(6))), 'rolled-back')
    point(spare, copy, database, keyrings)
    await runDone(['doctor', '--ledger', spare])
    await runDone(['append', '--ledger', spare], draft(5))
    await verifies(spare)
  })

  async function verifies(folder: string, pinned = vkey): Promise<void> {
    const report = json(await runDone(['verify', '--ledger', folder, '--vkey', pinned, '--content', '--json']))
    assert.deepEqual([report.status, report.findings], ['valid', []])
  }
}

const GUARDED = ['server', 'writes', 'role', 'rights', 'needs', 'guards', 'database', 'keys', 'keyring']
const CONTENT = [{ name: 'message', media_type: 'text/plain', body: 'The lift is stuck.' }]

interface Writer {
  acknowledged(): readonly string[]
  /** Resolves once as many were acknowledged. */
  until(count: number): Promise<void>
  stop(): Promise<void>
}

/** A program that records through the command line, as fast as it can, until it is stopped; this process may do something else. */
function startWriter(home: string, acknowledgements: string): Writer {
  const line = draft(0, { content: CONTENT }).trim()
  const command = 'yes "$1" | head -n 200000 | exec "$2" "$3" append --ledger "$4"'
  const said = openSync(acknowledgements, 'a')
  const words = ['-c', command, 'sh', line, process.execPath, BIN, home]
  const child: ChildProcess = spawn('sh', words, { detached: true, stdio: ['ignore', said, 'pipe'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const acknowledged = (): readonly string[] =>
    readFileSync(acknowledgements, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => String(JSON.parse(text).id))
  return {
    acknowledged,
    async until(count) {
      while (acknowledged().length < count) {
        assert.equal(child.exitCode, null, 'the writer goes on')
        await delay(5)
      }
    },
    async stop() {
      // The whole pipeline.
      process.kill(-(child.pid ?? 0), 'SIGTERM')
      await ended
    },
  }
}
