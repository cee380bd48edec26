// Every command on a ledger in PostgreSQL: named by its home folder, and by the URL of its database.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { done, draft, errorCode, json, type Run, run, runBin } from './run-cli.ts'

const packageFolder = join(import.meta.dirname, '..')
const REGISTRY = join(packageFolder, 'demo/clinic-registry.yaml')
const CHATS = join(packageFolder, 'demo/clinic-conversations.jsonl')
const NAME = 'cli.example/clinic'
const RECORD = '0193f5a2-7c00-7abc-8def-000000000001'

const missing = missingForPostgres()
if (missing !== undefined) test('the command line on PostgreSQL', { skip: missing })
else describe('the command line on PostgreSQL', () => commandLine())

function commandLine(): void {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-postgres-'))
  const home = join(base, 'home')
  let server: PostgresServer
  let url = ''
  let vkey = ''
  let files = 0
  const newPath = (): string => join(base, `file-${files++}`)

  before(async () => {
    server = await startPostgres()
    url = `${server.url(await server.database())}?ledger=${NAME}`
    const made = await run(['init', '--ledger', url, '--origin', NAME, '--keys', home, '--json'])
    assert.equal(made.code, 0, made.out + made.err)
    assert.equal(json(made).database, url)
    vkey = String(json(made).verifier_key)
  })
  after(async () => {
    await server.stop()
    rmSync(base, { recursive: true, force: true })
  })

  const byFolder = (...words: readonly string[]): Promise<Run> => run([...words, '--ledger', home])
  const byUrl = (...words: readonly string[]): Promise<Run> => run([...words, '--ledger', url, '--keys', home])

  test('init keeps in the home what must not lie beside the records, and no password', () => {
    assert.deepEqual(readdirSync(home).sort(), ['access.yaml', 'affidavit.json', 'checkpoints', 'keyring.db', 'keys'])
    assert.deepEqual(JSON.parse(readFileSync(join(home, 'affidavit.json'), 'utf8')), { database: url })
    assert.match(vkey, /^cli\.example\/clinic\/[0-9a-f]{16}\+/)
  })

  test('what is appended by URL is found by the folder', async () => {
    const appended = await run(['append', '--ledger', url, '--keys', home], draft(1, { id: RECORD }) + draft(2))
    assert.equal(appended.code, 0, appended.err)
    const again = await run(['append', '--ledger', home], draft(1, { id: RECORD }))
    assert.match(again.out, /"duplicate"/)
    for (const find of [byFolder, byUrl]) {
      const { records } = json(await done(find('search', '--action', 'tool_invoked', '--json')))
      assert.equal(Array.isArray(records) ? records.length : 0, 2)
      assert.match((await done(find('show', RECORD))).err, /tool_invoked/)
      assert.match((await done(find('tail', '-n', '3'))).out, /tool_invoked/)
    }
  })

  test('chats are imported, read, and their readers told', async () => {
    await done(byUrl('import', '--format', 'openai-chat', '--registry', REGISTRY, CHATS))
    const revealed = await done(byFolder('conversation', 'larkspur-1001', '--reveal', '--reason', 'complaint 17'))
    assert.match(revealed.out, /I am seeing PT-20417 at half past nine/)
    assert.match((await done(byUrl('readers', '--conversation', 'larkspur-1001'))).out, /complaint 17/)
    const found = json(await done(byFolder('search', '--json', '--limit', '300')))
    const [token] = /tok_[0-9a-f]{32}/.exec(JSON.stringify(found)) ?? []
    assert.ok(token !== undefined)
    assert.notEqual((await done(byUrl('resolve', token, '--reason', 'complaint 17'))).out.trim(), '')
    for (const check of [byFolder, byUrl]) assert.equal((await check('registry', 'check', REGISTRY)).code, 0)
  })

  test('the questions of an auditor are answered', async () => {
    const { records } = json(await done(byUrl('search', '--action', 'agent_response_generated', '--json')))
    const answer = String(Object(Array.isArray(records) ? records[0] : undefined).id)
    assert.match(
      (await done(byUrl('lineage', answer))).out,
      /data_accessed get_chart +success +NO GRANT +patient_record/,
    )
    assert.match((await done(byFolder('grants', '--findings'))).out, / disclose +NO GRANT; LACKS recipient/)
    const why = ['--reveal', '--reason', 'complaint 17']
    const versions = await done(byUrl('versions', '--agent', 'larkspur-assistant', ...why))
    assert.match(versions.out, /-You may answer questions about doses.*\n +\+Do not advise on doses/)
    assert.match((await done(byUrl('gaps'))).out, /Steps without an outcome\n\n.* tool_invoked/)
  })

  test('a checkpoint, a proof and an export verify far from the database', async () => {
    await done(byUrl('checkpoint'))
    assert.match(readFileSync(join(home, 'checkpoints/checkpoints.log'), 'utf8'), /^cli\.example\/clinic\//)
    const [proof, entry, folder] = [newPath(), newPath(), newPath()]
    await done(byFolder('prove', RECORD, '--out', proof, '--entry', entry))
    await done(run(['verify', '--proof', proof, '--entry', entry, '--vkey', vkey]))
    await done(byUrl('export', '--out', folder))
    await done(run(['verify', '--export', folder, '--vkey', vkey]))
  })

  test('the ledger verifies whole, in parts and with its content, and what its owner changes is found', async () => {
    const [checkpoint] = [newPath()]
    await done(byUrl('checkpoint', '--out', checkpoint))
    for (const verify of [byFolder, byUrl]) {
      const whole = json(await done(verify('verify', '--vkey', vkey, '--content', '--json')))
      assert.deepEqual([whole.status, whole.recorded, whole.findings], ['valid', true, []])
      await done(verify('verify', '--vkey', vkey, '--conversation', 'larkspur-1001'))
      await done(verify('verify', '--vkey', vkey, '--since', checkpoint))
    }
    const database = new URL(url).pathname.slice(1)
    const entry = `affidavit.entries WHERE id = '${RECORD}'`
    await server.sql(
      database,
      `ALTER TABLE affidavit.entries DISABLE TRIGGER no_change; CREATE TABLE public.was AS SELECT * FROM ${entry};
       UPDATE affidavit.entries SET entry = set_byte(entry, 20, 65), actor_id = 'nobody' WHERE id = '${RECORD}'`,
    )
    const changed = await byUrl('verify', '--vkey', vkey, '--json')
    assert.equal(changed.code, 1)
    const found = JSON.stringify(json(changed).findings)
    for (const code of ['entry-altered', 'columns-altered', 'schema-altered']) assert.match(found, new RegExp(code))
    assert.match(changed.err, /not recorded: what was tampered with is left as it is/)
    await server.sql(
      database,
      `UPDATE affidavit.entries e SET entry = w.entry, actor_id = w.actor_id FROM public.was w WHERE e.id = w.id;
       DROP TABLE public.was; ALTER TABLE affidavit.entries ENABLE ALWAYS TRIGGER no_change`,
    )
    await done(byFolder('verify', '--vkey', vkey))
  })

  test('no command writes into the home', async () => {
    const inside = await byUrl('checkpoint', '--out', join(home, 'x'), '--json')
    assert.deepEqual([inside.code, errorCode(inside), existsSync(join(home, 'x'))], [3, 'invalid-query', false])
  })

  test('an erasure is planned, approved and carried out', async () => {
    const [plan, approval, certificate, key] = [newPath(), newPath(), newPath(), newPath()]
    const approver = await done(run(['approver-key', '--out', key, '--name', 'approver/kim']))
    const policy = readFileSync(join(home, 'access.yaml'), 'utf8')
    writeFileSync(
      join(home, 'access.yaml'),
      `affidavit_access: 1
revision: second
people:
  lee: { roles: [privacy_officer, operator] }
  kim: { roles: [erasure_approver], approval_key: ${JSON.stringify(approver.out.trim())} }
everybody_else: [reader]
`,
    )
    const content = [{ name: 'message', media_type: 'text/plain', body: 'The lift is stuck.' }]
    await done(run(['append', '--ledger', url, '--keys', home], draft(9, { conversation_id: 'c-9', content })))
    const revealed = ['conversation', 'c-9', '--reveal', '--reason', 'x', '--as', 'lee']
    assert.match((await done(byUrl(...revealed))).out, /The lift is stuck/)
    const words = ['--conversation', 'c-9', '--basis', 'gdpr_17', '--reason', 'request 7', '--as', 'lee']
    await done(byFolder('erase', 'plan', ...words, '--out', plan))
    await done(run(['approve', plan, '--key', key, '--as', 'kim', '--out', approval]))
    await done(byUrl('erase', 'run', plan, '--approval', approval, '--as', 'lee', '--out', certificate))
    await done(byFolder('erase', 'finish'))
    assert.match((await done(byUrl('erase', 'status'))).out, /erased/)
    assert.match(readFileSync(certificate, 'utf8'), /"payloads":1/)
    assert.doesNotMatch((await done(byUrl(...revealed))).out, /The lift is stuck/)
    writeFileSync(join(home, 'access.yaml'), policy)
  })

  test('keys are replaced', async () => {
    const rotated = await done(byUrl('rotate-key'))
    assert.notEqual(rotated.out.trim(), vkey)
    await done(byFolder('rotate-key', '--of', 'keyring'))
    await done(byFolder('append'))
  })

  test('doctor finds all in order, and what is without a checkpoint', async () => {
    for (const look of [byFolder, byUrl]) {
      const answer = await look('doctor', '--json')
      const findings: { state: string; about: string; says: string }[] = Object(json(answer)).findings
      const told = findings.filter(({ state }) => state !== 'ok').map(({ about, says }) => `${about}: ${says}`)
      assert.deepEqual(
        told.filter((text) => !/^(standbys|checkpoint|disk|server disk):/.test(text)),
        [],
        answer.out,
      )
      assert.equal(answer.code, 0, answer.out)
      const abouts = findings.map(({ about }) => about)
      for (const about of ['server', 'durability', 'writes', 'standbys', 'clocks', 'server disk', 'role', 'rights'])
        assert.ok(abouts.includes(about), about)
      for (const about of ['needs', 'guards', 'database', 'records', 'keys', 'keyring', 'checkpoint log'])
        assert.ok(abouts.includes(about), about)
    }
  })

  test('a ledger goes on in a new incarnation after a restore', async () => {
    const made = json(await done(byFolder('init', '--after-restore', '--json')))
    assert.match(String(made.origin), /^cli\.example\/clinic\/[0-9a-f]{16}$/)
    assert.equal(made.database, url)
    const { records } = json(await done(byUrl('search', '--json')))
    assert.match(JSON.stringify(records), /previous_ledger/)
  })

  test('the environment may name the ledger with its password, and its home', () => {
    const secret = url.replace(`${SERVER}@`, `${SERVER}:hunter2@`)
    const env = { ...process.env, AFFIDAVIT_LEDGER: secret, AFFIDAVIT_KEYS: home, AFFIDAVIT_ACTOR: 'lee' }
    const found = runBin(['search', '--json'], 'pipe', undefined, env)
    assert.equal(found.status, 0, found.stdout + found.stderr)
    const elsewhere = runBin(['search', '--ledger', join(base, 'nowhere'), '--json'], 'pipe', undefined, env)
    assert.match(elsewhere.stdout, /not-a-ledger/)
    assert.doesNotMatch(found.stdout + found.stderr + elsewhere.stdout, /hunter2/)
  })

  test('an empty home is not needed twice: init by the URL alone knows the NAME', async () => {
    const other = `${server.url(await server.database())}?ledger=cli.example/other`
    const folder = newPath()
    await done(run(['init', '--ledger', other, '--keys', folder]))
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'affidavit.json'), 'utf8')), { database: other })
    renameSync(join(folder, 'affidavit.json'), newPath())
    await done(run(['append', '--ledger', other, '--keys', folder], draft(1)))
  })

  test('init that was interrupted is done again, and leaves a policy that was written meanwhile', async () => {
    const database = await server.database()
    const [place, folder] = [`${server.url(database)}?ledger=${NAME}`, newPath()]
    await server.sql(database, `REVOKE INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries FROM ${SERVER}`)
    assert.equal((await run(['init', '--ledger', place, '--keys', folder])).code, 4)
    const policy = 'affidavit_access: 1\nrevision: mine\npeople: {}\neverybody_else: [reader]\n'
    writeFileSync(join(folder, 'access.yaml'), policy)
    await server.sql(database, `GRANT INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries TO ${SERVER}`)
    await done(run(['init', '--ledger', place, '--keys', folder]))
    assert.equal(readFileSync(join(folder, 'access.yaml'), 'utf8'), policy)
  })

  describe('migrate', () => {
    test('prepares a database, says what it did, and changes nothing the second time', async () => {
      await server.sql('postgres', `CREATE DATABASE fresh OWNER ${OWNER}`)
      await server.sql('postgres', 'CREATE ROLE auditor LOGIN')
      const words = ['migrate', '--ledger', server.url('fresh', OWNER), '--writer', SERVER, '--reader', 'auditor']
      const first = await done(run(words))
      assert.match(
        first.out,
        /brought to schema 2\naffidavit_server may now append and read \(writer\)\nauditor may now read/,
      )
      const second = json(await done(run([...words, '--json'])))
      assert.deepEqual(second.applied, [])
      assert.deepEqual(second.granted, [
        { role: SERVER, as: 'writer' },
        { role: 'auditor', as: 'reader' },
      ])
      await done(run(['init', '--ledger', server.url('fresh'), '--origin', 'fresh.example', '--keys', newPath()]))
    })

    test('refuses a role that no right could hold back, and a role that is not there', async () => {
      for (const role of ['super', OWNER, 'nobody']) {
        const answer = await run(['migrate', '--ledger', server.url('fresh', OWNER), '--writer', role, '--json'])
        assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], answer.out)
      }
    })
  })
}
