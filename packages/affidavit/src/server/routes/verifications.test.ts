import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { holderOf, recordedBy, serveLedger } from '../../../test/served-ledger.ts'
import type { Draft } from '../../formats/fields.ts'

const said = (conversation_id: string, body: string): Draft => ({
  ...{ action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent', conversation_id },
  content: [{ name: 'message', media_type: 'text/plain', body }],
})

const served = await serveLedger({ drafts: [said('c-1', 'Take one a day.'), said('c-2', 'Come in on Monday.')] })
after(() => served[Symbol.asyncDispose]())
const auditor = served.as('auditor')

test('a ledger is verified whole, by its conversation, and behind a checkpoint, each on record by whom', async () => {
  const { text: since } = await auditor('POST checkpoint')
  await served.as('writer')('POST records', { body: said('c-1', 'Or two.') })
  await auditor('POST checkpoint')
  const found: unknown[] = []
  for (const body of [{}, { content: 'opened' }, { conversation_id: 'c-1' }, { since }]) {
    const answer = await auditor('POST verifications', { body })
    assert.equal(answer.status, 200, answer.text)
    const { status, subject, recorded } = answer.json()
    found.push([status, Object(subject).kind, recorded])
  }
  const kinds = ['ledger', 'ledger', 'conversation', 'range']
  assert.deepEqual(
    found,
    kinds.map((kind) => ['valid', kind, true]),
  )
  assert.deepEqual(
    (await recordedBy(served, holderOf('auditor'))).map(({ action, details }) => [
      action,
      details.what,
      details.status,
    ]),
    kinds.map((kind) => ['integrity_verified', kind, 'valid']),
  )
})

test('what cannot be verified against is refused by name', async () => {
  for (const [body, path] of [
    [{ conversation_id: 'c-1', since: 'a note' }, 'since'],
    [{ vkeys: ['no key'] }, 'vkeys[0]'],
  ] as const) {
    const { status, text } = await auditor('POST verifications', { body })
    assert.deepEqual([status, JSON.parse(text).path], [400, path])
  }
  const { status } = (await auditor('POST verifications', { body: { since: 'no checkpoint' } })).json()
  assert.equal(status, 'incomplete')
})

test('a credential for a part of the ledger does not verify the whole, and that is on record', async () => {
  const key = await served.makeKey({ role: 'auditor', actor: 'a visitor', scope: { agents: ['triage'] } })
  const { status, text } = await served.with(key)('POST verifications', { body: {} })
  assert.deepEqual([status, JSON.parse(text).code], [403, 'not-allowed'])
  await using ledger = await served.open()
  const denied = await ledger.search({ actor_id: 'a visitor', action: 'access_denied' }).next()
  assert.equal(denied.value?.details?.operation, 'verify')
})

test('what was tampered with is told, and not written to', async () => {
  await using other = await serveLedger({ drafts: [said('c-1', 'Take one a day.')] })
  const database = new DatabaseSync(join(other.home, 'ledger.db'))
  for (const { name } of database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all())
    database.exec(`DROP TRIGGER "${name}"`)
  database.exec(
    "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'clinic-agent', 'clinic-agint') AS BLOB) WHERE seq = 1",
  )
  database.close()
  const answer = await other.as('auditor')('POST verifications', { body: {} })
  const { status, recorded, not_recorded_because } = answer.json()
  assert.deepEqual([answer.status, status, recorded], [200, 'tampered', false], answer.text.slice(0, 500))
  assert.equal(not_recorded_because, 'what was tampered with is left as it is')
  assert.deepEqual(await recordedBy(other, holderOf('auditor')), [])
})
