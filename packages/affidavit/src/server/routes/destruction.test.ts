// Erasures, dispositions and their certificates over HTTP: planned by one credential, approved by somebody else's own key.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { holderOf, recordedBy, type ServedLedger, serveLedger } from '../../../test/served-ledger.ts'
import { startTimeServer } from '../../../test/time-server.ts'
import type { Draft } from '../../formats/fields.ts'

const time = await startTimeServer()
const RETENTION = `version: 1
revision: 2026-11
time_source: ${time.url}
policies:
  - id: clinic.accounts
    title: Accounts
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`

const noted = (conversation_id: string, subject: string, more: Partial<Draft> = {}): Draft => ({
  ...{ action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' },
  ...{ conversation_id, subject_ids: [subject], ...more },
  content: [{ name: 'message', media_type: 'text/plain', body: `For ${subject}.` }],
})

const served: ServedLedger = await serveLedger({
  prepare: (home) => writeFileSync(join(home, 'retention.yaml'), RETENTION),
  drafts: [
    noted('closed', 'PT-20417', { retention_class: 'accounts' }),
    noted('open', 'PT-20418', { retention_class: 'accounts' }),
    noted('free', 'PT-20419'),
    {
      ...{ action: 'retention_anchor_recorded', actor_id: 'lee', actor_type: 'user', conversation_id: 'closed' },
      details: { anchor: 'account_closed', day: '2020-02-29', reason: 'closed by the patient' },
    },
  ],
})
after(async () => {
  await served[Symbol.asyncDispose]()
  await time[Symbol.asyncDispose]()
})
const [privacy, records] = [served.as('privacy'), served.as('records')]

const bytes = (paper: unknown): Uint8Array => Buffer.from(String(paper), 'base64')

async function seqOf(conversation_id: string): Promise<number> {
  await using ledger = await served.open()
  const { value } = await ledger.search({ conversation_id }).next()
  return value?.seq ?? assert.fail()
}

test('an erasure is planned, approved by somebody else, carried out, and certified', async () => {
  const asked = { subjects: ['PT-20419'], basis: 'gdpr_17', reason: 'request 26-117' }
  const planned = await privacy('POST erasures/plans', { body: asked })
  assert.equal(planned.status, 200, planned.text)
  const { plan, plan_sha256, says } = planned.json()
  assert.equal(Object(says).made_by, holderOf('privacy'))
  const refused = await privacy('POST erasures', { body: { plan, approval: 'as I say' } })
  assert.equal(refused.status, 400)
  const done = await privacy('POST erasures', { body: { plan, approval: served.approved(bytes(plan)) } })
  assert.equal(done.status, 200, done.text)
  assert.equal(Object(done.json().standing).state, 'erased')
  assert.deepEqual(
    [await privacy('GET erasures'), await privacy('POST erasures/finish')].map(
      (one) => Object(one.json().erasures).length,
    ),
    [1, 1],
  )
  const papers = await served.as('reader')(`GET certificates/${plan_sha256}`)
  assert.equal(papers.json().kind, 'erasure')
  for (const certificate of [papers.json().certificate, done.json().certificate])
    assert.ok(String(certificate).includes(`"plan_sha256":"${plan_sha256}"`))
  assert.equal(papers.json().plan, Buffer.from(bytes(plan)).toString('utf8'))
})

test('what is due is planned, approved by somebody else, destroyed, and certified', async () => {
  const [open, closed] = [await seqOf('open'), await seqOf('closed')]
  const story = await records(`GET records/${open}/retention`)
  assert.equal(Object(story.json().disposition).state, 'waits', story.text)
  const planned = await records('POST dispositions/plans', { body: {} })
  assert.equal(planned.status, 200, planned.text)
  const { plan, manifest, plan_sha256 } = planned.json()
  const body = { plan, manifest, approval: served.approved(bytes(plan)) }
  const done = await records('POST dispositions', { body })
  assert.deepEqual([done.status, done.json().state], [200, 'done'], done.text)
  const gone = await served.as('reader')(`GET records/${closed}`)
  assert.deepEqual([gone.status, gone.json().code], [404, 'not-found'])
  const [standing] = Object((await records('GET dispositions')).json().dispositions)
  assert.deepEqual([standing.plan_sha256, standing.state], [plan_sha256, 'disposed'])
  assert.equal((await records('POST dispositions/finish')).status, 200)
  const papers = await served.as('auditor')(`GET certificates/${plan_sha256}`)
  assert.deepEqual([papers.json().kind, papers.json().approval], ['disposition', body.approval])
  const listed = (await served.as('auditor')('GET certificates')).json()
  assert.deepEqual([Object(listed.dispositions).length, Object(listed.erasures).length], [1, 1])
  assert.equal((await served.as('auditor')(`GET certificates/${'0'.repeat(64)}`)).status, 404)
  assert.deepEqual(
    (await recordedBy(served, holderOf('auditor'))).map(({ details }) => details.operation),
    ['certificate', 'certificates'],
  )
})

test('whoever approves by a credential of their own does not approve what they planned', async () => {
  const key = await served.makeKey({ role: 'privacy', actor: 'kim' })
  const asked = { subjects: ['PT-20418'], basis: 'gdpr_17', reason: 'request 26-118' }
  const { plan } = (await served.with(key)('POST erasures/plans', { body: asked })).json()
  assert.throws(() => served.approved(bytes(plan)), /you have made this plan yourself/)
})

test('nobody plans in the name of another', async () => {
  for (const request of ['erasures/plans', 'dispositions/plans', 'erasures', 'dispositions'] as const) {
    const { status, text } = await served.as('privacy')(`POST ${request}`, { body: { person: 'kim' } })
    assert.ok(status === 400 || status === 403, text)
  }
})
