// affidavit conversation, readers and resolve: what was said, who has read it, and who a token is.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { json, run } from './run-cli.ts'

const home = join(import.meta.dirname, '..')
const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-conversation-'))
const ledger = join(base, 'ledger')
after(() => rmSync(base, { recursive: true, force: true }))
const AT = ['--ledger', ledger]
const SAID = 'I am seeing PT-20417 at half past nine.'

before(async () => {
  assert.equal((await run(['init', ...AT, '--origin', 'cli.example/clinic'])).code, 0)
  const registry = join(home, 'demo/clinic-registry.yaml')
  const chats = join(home, 'demo/clinic-conversations.jsonl')
  const made = await run(['import', ...AT, '--format', 'openai-chat', '--registry', registry, chats])
  assert.equal(made.code, 0, made.err)
})

test('a conversation is listed without a word of it, and revealed word for word', async () => {
  const listed = await run(['conversation', 'larkspur-1001', ...AT])
  assert.deepEqual(
    [listed.code, listed.out.includes('sealed, 156 bytes'), listed.out.includes('PT-')],
    [0, true, false],
  )
  assert.match(listed.err, /13 records, 9 sealed contents: --reveal/)
  const revealed = await run(['conversation', 'larkspur-1001', ...AT, '--reveal', '--reason', 'complaint 17'])
  assert.equal(revealed.code, 0, revealed.err)
  assert.ok(revealed.out.includes(SAID))
  const { records } = json(await run(['conversation', 'larkspur-1001', ...AT, '--reveal', '--reason', 'x', '--json']))
  assert.ok(Array.isArray(records) && JSON.stringify(records).includes(SAID))
})

test('revealing without a reason, or without the role, opens nothing', async () => {
  const unreasoned = await run(['conversation', 'larkspur-1001', ...AT, '--reveal'])
  assert.deepEqual([unreasoned.code, unreasoned.out], [3, ''])
  assert.match(unreasoned.err, /a reason is missing/)
  const reveal = ['conversation', 'larkspur-1001', ...AT, '--reveal', '--reason', 'curious', '--as', 'mallory']
  const refused = await run(reveal)
  assert.deepEqual([refused.code, refused.out], [4, ''])
  assert.match(refused.err, /code: not-allowed/)
  assert.equal((await run(['conversation', 'no-such', ...AT])).code, 0)
  assert.equal((await run(['conversation', 'no-such', ...AT, '--reveal', '--reason', 'x'])).code, 3)
})

test('readers lists who read what was asked about, and a token is resolved to its person, once each on record', async () => {
  await run([
    'conversation',
    'larkspur-1001',
    ...AT,
    '--reveal',
    '--reason',
    'complaint 18',
    '--as',
    userInfo().username,
  ])
  const readers = await run(['readers', ...AT, '--subject', 'PT-20417'])
  assert.match(readers.out, /complaint 18/)
  assert.ok(readers.out.includes(userInfo().username))
  const found = json(await run(['readers', ...AT, '--subject', 'PT-20417', '--json'])).readers
  assert.ok(Array.isArray(found) && found.length > 0)
  const { records } = json(await run(['conversation', 'larkspur-1001', ...AT, '--json']))
  const token = Array.isArray(records) ? records.flatMap((record) => Object(record).subject_ids ?? [])[0] : undefined
  const resolved = await run(['resolve', String(token), ...AT, '--reason', 'call back'])
  assert.deepEqual([resolved.code, resolved.out], [0, 'PT-20417\n'])
  assert.equal((await run(['resolve', 'PT-20417', ...AT, '--reason', 'x'])).code, 3)
  assert.equal((await run(['readers', ...AT])).code, 3)
  const nobody = await run(['resolve', `tok_${'0'.repeat(32)}`, ...AT, '--reason', 'x'])
  assert.deepEqual([nobody.code, nobody.out], [3, ''])
  const acts = json(await run(['search', ...AT, '--action', 'pseudonym_resolved', '--json'])).records
  assert.deepEqual(Array.isArray(acts) ? acts.map((record) => Object(record).outcome) : [], ['success', 'failure'])
})
