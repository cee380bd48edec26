// The command line on a ledger that is on a server: what it does with a folder it does with https://HOST, by the right of the token.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { openSpool } from '../src/capture/spool.ts'
import { readTls } from '../src/cli/read-tls.ts'
import { openRemote } from '../src/client/open.ts'
import { draft, errorCode, json, type Run, run } from './run-cli.ts'
import { aDraft, type ServedClinic, serveClinic } from './served.ts'

const SPOOLED = { action: 'conversation_started', actor_id: 'u-1', actor_type: 'user' } as const

describe('on a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-cli-server-'))
  let clinic: ServedClinic
  let tokens: Record<'writer' | 'auditor' | 'reader', string>
  before(async () => {
    clinic = await serveClinic({ bodyLimit: 1_000_000 })
    const key = (role: keyof typeof tokens): Promise<string> => clinic.key(role, { actor: `${role}-1` })
    tokens = { writer: await key('writer'), auditor: await key('auditor'), reader: await key('reader') }
  })
  after(async () => {
    await clinic[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  function on(role: keyof typeof tokens, words: readonly string[], stdin = ''): Promise<Run> {
    const [command = '', ...rest] = words
    return run([command, '--ledger', clinic.at, ...rest], stdin, { AFFIDAVIT_TOKEN: tokens[role] })
  }

  test('append records lines once, and search, show and conversation find them in the name of the token', async () => {
    const lines = [1, 2].map((n) => draft(n, { id: aDraft(n).id })).join('')
    const first = await on('writer', ['append', '--json'], lines)
    const again = await on('writer', ['append', '--json'], lines)
    assert.deepEqual([first.code, again.code], [0, 0], first.err + again.err)
    const states = (text: string): unknown[] =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).state)
    assert.deepEqual(
      [states(first.out), states(again.out)],
      [
        ['recorded', 'recorded'],
        ['duplicate', 'duplicate'],
      ],
    )
    const found = json(await on('reader', ['search', '--conversation', 'c-1', '--json']))
    const records = Object(found).records
    assert.deepEqual(
      records.map(({ id }: { id: string }) => id),
      [1, 2].map((n) => aDraft(n).id),
    )
    const shown = json(await on('reader', ['show', String(records[0].seq), '--json']))
    assert.equal(shown.id, aDraft(1).id)
    const conversation = json(await on('auditor', ['conversation', 'c-1', '--json']))
    assert.equal(Object(conversation).records.length, 2)
    const reads = (await clinic.records()).filter(({ action }) => action === 'records_viewed')
    assert.ok(reads.length >= 3)
  })

  test('import brings in conversations, and again adds nothing', async () => {
    const file = join(folder, 'chats.jsonl')
    const messages = [
      { role: 'user', content: 'May I?' },
      { role: 'assistant', content: 'You may.' },
    ]
    writeFileSync(file, `${JSON.stringify({ id: 'chat-1', messages })}\n`)
    const words = ['import', '--format', 'openai-chat', file, '--json']
    const [first, again] = [json(await on('writer', words)), json(await on('writer', words))]
    assert.ok(Object(first.records).recorded > 0)
    assert.deepEqual(
      [Object(again.records).recorded, Object(again.records).duplicate],
      [0, Object(first.records).recorded],
    )
  })

  test('prove, export and verify end in what is verified here, against a key of ours', async () => {
    const vkey = Object(json(await on('auditor', ['checkpoint', '--json']))).checkpoint
    assert.match(String(vkey), /^clinic\.example\/agents\//)
    const [proof, entry, out] = ['proof', 'entry', 'export'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const proven = json(await on('auditor', ['prove', '1', '--out', proof, '--entry', entry, '--json']))
    const key = String(proven.verifier_key)
    const offline = await run(['verify', '--proof', proof, '--entry', entry, '--vkey', key, '--json'])
    assert.deepEqual([offline.code, json(offline).status], [0, 'valid'], offline.out)
    const exported = await on('auditor', ['export', '--out', out, '--json'])
    assert.equal(exported.code, 0, exported.err + exported.out)
    const verified = await run(['verify', '--export', out, '--vkey', key, '--json'])
    assert.deepEqual([verified.code, json(verified).status], [0, 'valid'], verified.out)
    const whole = await on('auditor', ['verify', '--vkey', key, '--json'])
    assert.deepEqual([whole.code, json(whole).status], [0, 'valid'], whole.out + whole.err)
    const one = await on('auditor', ['verify', '--conversation', 'c-1', '--vkey', key, '--json'])
    assert.equal(json(one).status, 'valid', one.out)
    const other = key.replace(/.{8}$/, 'AAAAAAA=')
    const refused = await on('auditor', ['verify', '--vkey', other, '--json'])
    assert.notEqual(refused.code, 0)
    assert.equal(readFileSync(join(out, 'entries.jsonl'), 'utf8').includes('May I?'), false)
  })

  test('tail shows the newest, doctor that the server can commit and is of one history', async () => {
    const tail = await on('reader', ['tail', '-n', '2', '--json'])
    assert.equal(tail.out.trim().split('\n').length, 2, tail.out + tail.err)
    const doctor = await on('reader', ['doctor', '--json'])
    assert.deepEqual([doctor.code, json(doctor).ok], [0, true], doctor.out)
  })

  test('nobody does more than the token may, reads as somebody else, or goes without one', async () => {
    assert.equal(errorCode(await on('writer', ['search', '--json'])), 'not-allowed')
    const appended = await on('reader', ['append', '--json'], draft(9))
    assert.notEqual(appended.code, 0)
    assert.match(appended.out, /"code":\s*"not-allowed"/)
    assert.equal(errorCode(await on('reader', ['search', '--as', 'somebody-else', '--json'])), 'not-allowed')
    const without = await run(['search', '--ledger', clinic.at, '--json'], '', {})
    assert.deepEqual([without.code, errorCode(without)], [3, 'invalid-query'])
    const strange = await run(['search', '--ledger', clinic.at, '--json'], '', { AFFIDAVIT_TOKEN: 'nonsense' })
    assert.equal(errorCode(strange), 'not-signed-in')
    const elsewhere = await on('auditor', ['rotate-key', '--json'])
    assert.deepEqual([elsewhere.code, errorCode(elsewhere)], [3, 'invalid-query'])
  })

  test('what waits in the spool of a dead agent is forwarded once', async () => {
    const spool = join(folder, 'spool')
    const left = { ...SPOOLED, conversation_id: 'c-spool' }
    {
      await using ledger = await openRemote(clinic.at, { token: tokens.writer })
      await using waiting = await openSpool({ folder: spool, ledger })
      await waiting.put(left)
    }
    const words = ['spool', 'forward', '--spool', spool, '--ledger', clinic.at, '--json']
    const forward = () => run(words, '', { AFFIDAVIT_TOKEN: tokens.writer })
    const [first, again] = [await forward(), await forward()]
    assert.equal(first.code, 0, first.out + first.err)
    assert.deepEqual([Object(json(first)).recorded, Object(json(again)).recorded], [1, 0])
    const found = (await clinic.records()).filter(({ conversation_id }) => conversation_id === 'c-spool')
    assert.equal(found.length, 1)
  })

  test('a registry, or actions, of the command are refused: the server has its own', async () => {
    const file = join(folder, 'actions.json')
    writeFileSync(file, '{}')
    const answer = await on('writer', ['append', '--actions', file, '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], answer.out)
    assert.match(answer.out, /--actions says nothing of a ledger on a server/)
  })
})

test('a server is not started with what is no certificate, or a key of another one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-cli-tls-'))
  try {
    const pem = join(folder, 'pem')
    writeFileSync(pem, 'this is no PEM')
    const answer = await run(['serve', '--ledger', folder, '--tls-cert', pem, '--tls-key', pem, '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], answer.out + answer.err)
    assert.match(answer.out, /--tls-cert: .* is no certificate/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('doctor names the cure where the certificate of a server is trusted by nobody', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-cli-tls-'))
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')]
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1']
  try {
    execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return t.skip('openssl is not installed')
  }
  const clinic = await serveClinic({ tls: readTls(cert, key) })
  try {
    const env = { AFFIDAVIT_TOKEN: await clinic.key('reader') }
    const answer = await run(['doctor', '--ledger', clinic.at, '--json'], '', env)
    assert.notEqual(answer.code, 0)
    assert.match(answer.out, /NODE_EXTRA_CA_CERTS/)
  } finally {
    await clinic[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the help of a command names no server where it takes none', async () => {
  for (const command of [['keys', 'list'], ['watch'], ['erase', 'plan']])
    assert.doesNotMatch((await run([...command, '--help'])).out, /AFFIDAVIT_TOKEN/, command.join(' '))
  for (const command of [['search'], ['verify'], ['spool', 'forward']])
    assert.match((await run([...command, '--help'])).out, /AFFIDAVIT_TOKEN/, command.join(' '))
})
