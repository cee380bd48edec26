// affidavit keys, as scripts rely on it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { createSignIn } from '../src/embedded/sign-in.ts'
import { errorCode, json, run, runDone } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-keys-'))
after(() => rmSync(base, { recursive: true, force: true }))
const home = join(base, 'clinic')
await runDone(['init', '--ledger', home, '--origin', 'keys.example/agents'])
const { signIn } = createSignIn({ ledger: 'keys.example/agents', home })
const at = ['--ledger', home] as const

test('keys create shows a key once, which signs in with what it was made for', async () => {
  const terms = [
    '--role',
    'auditor',
    '--actor',
    'kim',
    '--agent',
    'triage',
    '--agent',
    'billing',
    '--from',
    '2026-01-01',
  ]
  const made = json(await runDone(['keys', 'create', ...at, ...terms, '--expires', '2999-12-31', '--json']))
  const { key, id, created, ...rest } = made
  const scope = { agents: ['triage', 'billing'], from: '2026-01-01T00:00:00.000Z' }
  assert.deepEqual(rest, { role: 'auditor', actor: 'kim', scope, expires: '2999-12-31T00:00:00.000Z' })
  assert.match(String(created), /^\d{4}-/)
  const principal = await signIn(String(key))
  assert.deepEqual([principal?.credential_id, principal?.actor_id, principal?.scope], [id, 'kim', scope])
})

test('without --json the key is all that stands on standard output', async () => {
  const { out, err } = await runDone(['keys', 'create', ...at, '--role', 'writer'])
  assert.ok(await signIn(out.trimEnd()))
  assert.equal(err.includes(out.trimEnd()), false)
})

test('the ledger may be named by the environment', async () => {
  const answer = await run(['keys', 'create', '--role', 'reader', '--json'], '', { AFFIDAVIT_ACTOR: 'ops' })
  assert.equal(answer.code, 3)
  process.env.AFFIDAVIT_LEDGER = home
  try {
    assert.ok(await signIn(String(json(await runDone(['keys', 'create', '--role', 'reader', '--json'])).key)))
  } finally {
    delete process.env.AFFIDAVIT_LEDGER
  }
})

test('keys revoke ends a key, by whom is on record, and keys list tells what each is', async () => {
  const { id, key } = json(await runDone(['keys', 'create', ...at, '--role', 'privacy', '--as', 'ops', '--json']))
  const revoked = json(await runDone(['keys', 'revoke', String(id), ...at, '--as', 'security', '--json']))
  assert.deepEqual([revoked.id, revoked.state], [id, 'revoked'])
  assert.equal(await signIn(String(key)), undefined)
  const list = await runDone(['keys', 'list', ...at, '--json'])
  assert.ok(!list.out.includes(String(key)) && !list.out.includes('sha256'))
  const keys = json(list).keys as { id: string; state: string }[]
  assert.equal(keys.find((one) => one.id === id)?.state, 'revoked')
  assert.match((await runDone(['keys', 'list', ...at])).out, new RegExp(`^${id} +revoked +privacy +key:${id}$`, 'm'))
  const records = async (actor: string): Promise<number> => {
    const { out } = await runDone(['search', ...at, '--actor', actor, '--action', 'policy_changed', '--json'])
    return out.split(`"policy":"api_key/${id}"`).length - 1
  }
  assert.deepEqual([await records('ops'), await records('security')], [1, 1])
})

test('what a key cannot have is refused by the name of its option', async () => {
  const refused = async (...terms: readonly string[]): Promise<readonly unknown[]> => {
    const answer = await run(['keys', 'create', ...at, '--json', ...terms])
    return [answer.code, errorCode(answer), Object(json(answer).error).path]
  }
  assert.deepEqual(await refused('--role', 'root'), [3, 'usage', undefined])
  assert.deepEqual(await refused('--role', 'reader', '--expires', '2020-01-01'), [3, 'invalid-query', '--expires'])
  assert.deepEqual(await refused('--role', 'reader', '--expires', 'soon'), [3, 'invalid-query', '--expires'])
  assert.deepEqual(await refused('--role', 'reader', '--actor', 'affidavit'), [3, 'invalid-query', '--actor'])
  assert.deepEqual(await refused('--role', 'writer', '--from', '2026-01-01'), [3, 'invalid-query', '--from'])
  assert.deepEqual(await refused('--role', 'admin', '--agent', 'triage'), [3, 'invalid-query', '--agent'])
})

test('a key that there is not cannot be revoked, and a folder without a ledger has no keys', async () => {
  assert.equal(errorCode(await run(['keys', 'revoke', 'x', ...at, '--json'])), 'not-found')
  assert.equal(errorCode(await run(['keys', 'list', '--ledger', join(base, 'none'), '--json'])), 'not-a-ledger')
})
