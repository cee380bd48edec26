// Ledger, keyring and home brought back from different moments (spec/postgres.md §6): what fits goes on, what does not is said, and
// nothing that was erased comes back unnoticed.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { type Backups, makeBackups, missingForBackups } from './postgres-backup.ts'
import { KEYRING_OWNER, KEYRING_SERVER, keyringDatabases } from './postgres-keyring.ts'
import { OWNER, type PostgresServer, startPostgres } from './postgres-server.ts'
import { draft, errorCode, json, type Run, run, runDone } from './run-cli.ts'

const NAME = 'restore.example/clinic'
const REGISTRY = join(import.meta.dirname, '../demo/clinic-registry.yaml')

/** Two patients are on record; a third one came; the first one was erased. */
const MOMENTS = ['two', 'three', 'erased'] as const
type Moment = (typeof MOMENTS)[number]

const missing = missingForBackups()
if (missing !== undefined) test('a ledger and its keyring from different backups', { skip: missing })
else describe('a ledger and its keyring from different backups', () => differing())

function differing(): void {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-restore-'))
  let backups: Backups
  let server: PostgresServer
  let restored = 0

  before(async () => {
    backups = makeBackups()
    server = await startPostgres()
    const [database, keyrings] = [await server.database(), await (await keyringDatabases(server))()]
    const home = join(base, 'home')
    const keyring = server.url(keyrings, KEYRING_SERVER)
    await runDone(['init', '--ledger', `${server.url(database)}?ledger=${NAME}`, '--keyring', keyring, '--keys', home])
    const [key, plan, approval] = ['key', 'plan', 'approval'].map((name) => join(base, name))
    assert.ok(key && plan && approval)
    const approver = await runDone(['approver-key', '--out', key, '--name', 'approver/kim'])
    writeFileSync(join(home, 'access.yaml'), policy(approver.out.trim()))

    const save = (moment: Moment): void => {
      cpSync(home, join(base, `home-${moment}`), { recursive: true })
      backups.run('pg_dump', '-Fc', '-f', `ledger-${moment}`, server.url(database, OWNER))
      backups.run('pg_dump', '-Fc', '-f', `keyring-${moment}`, server.url(keyrings, KEYRING_OWNER))
    }
    const append = ['append', '--ledger', home, '--registry', REGISTRY]
    await runDone(append, saidBy('PT-10001') + saidBy('PT-10002'))
    save('two')
    await runDone(append, saidBy('PT-10003'))
    save('three')
    const words = ['--subject', 'PT-10001', '--basis', 'gdpr_17', '--reason', 'request 7', '--as', 'lee']
    await runDone(['erase', 'plan', '--ledger', home, ...words, '--out', plan])
    await runDone(['approve', plan, '--key', key, '--as', 'kim', '--out', approval])
    const erasing = ['--approval', approval, '--as', 'lee', '--out', join(base, 'certificate')]
    await runDone(['erase', 'run', plan, '--ledger', home, ...erasing])
    save('erased')
  })
  after(async () => {
    await server.stop()
    backups.remove()
    rmSync(base, { recursive: true, force: true })
  })

  /** Brings each back from its moment; answers the home. */
  async function restore(of: Readonly<Record<'ledger' | 'keyring' | 'home', Moment>>): Promise<string> {
    const [audit, keys, home] = [`audit_${++restored}`, `keys_${restored}`, join(base, `restored-${restored}`)]
    for (const [database, owner, dump] of [
      [audit, OWNER, `ledger-${of.ledger}`],
      [keys, KEYRING_OWNER, `keyring-${of.keyring}`],
    ] as const) {
      await server.sql('postgres', `CREATE DATABASE ${database} OWNER ${owner}`)
      const where = ['-d', server.url(database, owner)]
      backups.run('pg_restore', '--exit-on-error', '--single-transaction', ...where, dump)
    }
    cpSync(join(base, `home-${of.home}`), home, { recursive: true })
    const places = { database: `${server.url(audit)}?ledger=${NAME}`, keyring: server.url(keys, KEYRING_SERVER) }
    writeFileSync(join(home, 'affidavit.json'), JSON.stringify(places))
    return home
  }

  const append = (home: string): Promise<Run> => run(['append', '--ledger', home, '--json'], draft(9))
  async function revealed(home: string, person: string): Promise<string> {
    const words = ['conversation', `c-${person}`, '--reveal', '--reason', 'x', '--as', 'lee']
    return (await runDone([...words, '--ledger', home])).out
  }
  interface Verified {
    readonly status: unknown
    readonly findings: readonly unknown[]
    readonly content: string
    readonly unlooked: string
  }
  async function verified(home: string): Promise<Verified> {
    const words = ['verify', '--ledger', home, '--content', '--no-record', '--as', 'lee', '--json']
    const { status, findings, axes, not_checked } = json(await run(words))
    const codes: readonly unknown[] = Object(findings).map((one: object) => Object(one).code)
    return { status, findings: codes, content: Object(axes).content.says, unlooked: Object(not_checked).join('\n') }
  }

  test('of one moment: everything opens, and goes on', async () => {
    const home = await restore({ ledger: 'three', keyring: 'three', home: 'three' })
    assert.equal((await append(home)).code, 0)
    for (const person of ['PT-10001', 'PT-10003']) assert.match(await revealed(home, person), /This is PT/)
    assert.deepEqual((await verified(home)).findings, [])
  })

  test('a keyring that lacks what was sealed since: that opens no more, which verification says', async () => {
    const home = await restore({ ledger: 'three', keyring: 'two', home: 'three' })
    const { status, findings } = await verified(home)
    assert.deepEqual([status, findings], ['incomplete', ['content-unavailable']])
    assert.match(await revealed(home, 'PT-10003'), /unavailable: its key is destroyed, or not in this keyring/)
    assert.match(await revealed(home, 'PT-10001'), /This is PT-10001/)
  })

  test('a keyring of before an erasure, with its own backup of the home: refused, its key is gone', async () => {
    const home = await restore({ ledger: 'erased', keyring: 'three', home: 'erased' })
    const answer = await append(home)
    assert.deepEqual([answer.code, errorCode(answer)], [4, 'key-destroyed'], answer.out)
    assert.match(answer.out, /generation 1, whose key is gone.*"cure":"an older copy came back/s)
    const looked = await run(['doctor', '--ledger', home])
    assert.match(looked.out, /✗ keyring .*generation 1, whose key is gone/)
    assert.match((await verified(home)).unlooked, /whether sealed content opens.*: not opened: key-destroyed/)
  })

  test('a key of before an erasure that is put back beside its tombstone opens nothing', async () => {
    const home = await restore({ ledger: 'erased', keyring: 'three', home: 'erased' })
    cpSync(join(base, 'home-three', 'keys/kek'), join(home, 'keys/kek'), { recursive: true })
    assert.equal(errorCode(await append(home)), 'key-destroyed')
  })

  test('keyring and home of before an erasure: it is erased again before anything is read, on record', async () => {
    const home = await restore({ ledger: 'erased', keyring: 'three', home: 'three' })
    assert.match(
      (await run(['doctor', '--ledger', home])).out,
      /✗ keyring .*generation 1, .*tells of generation 2: an older/,
    )
    const found = await verified(home)
    // The log of the home ends before the records do; opening writes on.
    const content = found.findings.filter((code) => code !== 'anchor-record-missing')
    assert.deepEqual([found.status, content], ['tampered', ['erased-content-opens']])
    assert.match(await revealed(home, 'PT-10001'), /unavailable: its key is destroyed/)
    assert.match(await revealed(home, 'PT-10003'), /This is PT-10003/)
    const again = await verified(home)
    assert.deepEqual(again.findings, [])
    assert.match(again.content, /erased under the record at seq/)
  })

  test('a ledger of before an erasure is refused; in a new incarnation what was erased stays so', async () => {
    const home = await restore({ ledger: 'three', keyring: 'erased', home: 'erased' })
    assert.equal(errorCode(await append(home)), 'rolled-back')
    assert.match((await run(['doctor', '--ledger', home])).out, /knows of \d+ records, the database has \d+/)
    await runDone(['init', '--after-restore', '--ledger', home])
    await runDone(['append', '--ledger', home, '--registry', REGISTRY], saidBy('PT-10003'))
    assert.match(await revealed(home, 'PT-10003'), /This is PT-10003/)
    const { findings, content } = await verified(home)
    assert.deepEqual(findings, ['content-unavailable'])
    assert.match(content, /seq 3: content "message": its key is not in this keyring/)
  })

  test('a keyring of behind an erasure, and a home of before it: the key is missing, and that is said', async () => {
    const home = await restore({ ledger: 'erased', keyring: 'erased', home: 'three' })
    const answer = await append(home)
    assert.equal(errorCode(answer), 'key-unavailable', answer.out)
    assert.match(answer.out, /holds no key-encryption key 0002-.*"cure":"bring the folder back that belongs/s)
  })

  test('all of before an erasure: a checkpoint log that was kept elsewhere knows better', async () => {
    const home = await restore({ ledger: 'three', keyring: 'three', home: 'three' })
    const log = readFileSync(join(base, 'home-erased', 'checkpoints/checkpoints.log'))
    writeFileSync(join(home, 'checkpoints/checkpoints.log'), log)
    assert.equal(errorCode(await append(home)), 'rolled-back')
    const { status, findings } = await verified(home)
    assert.equal(status, 'tampered')
    assert.ok(findings.includes('tail-cut'))
  })
}

function saidBy(person: string): string {
  const content = [{ name: 'message', media_type: 'text/plain', body: `This is ${person}.` }]
  return draft(1, { conversation_id: `c-${person}`, subject_ids: [person], content })
}

const policy = (approver: string): string => `affidavit_access: 1
revision: first
people:
  lee: { roles: [privacy_officer, operator] }
  kim: { roles: [erasure_approver], approval_key: ${JSON.stringify(approver)} }
everybody_else: [reader]
`
