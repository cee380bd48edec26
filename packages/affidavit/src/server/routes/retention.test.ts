import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { holderOf, recordedBy, serveLedger } from '../../../test/served-ledger.ts'

const served = await serveLedger({
  drafts: [
    { action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent', compliance_domains: ['hipaa'] },
    { action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent' },
  ],
})
after(() => served[Symbol.asyncDispose]())
const records = served.as('records')

test('how long records are kept is told, with its plan and the story of one on record', async () => {
  const policies = await records('GET policies')
  assert.equal(policies.json().revision, 'built-in')
  const due = await records('GET retention/due?policy=hipaa&anchor=2020-02-29')
  assert.deepEqual(due.json(), { min_until: '2026-03-02T00:00:00.000Z', max_until: null })
  const plan = await records('GET retention/plan?at=2040-01-01&examples=1')
  assert.deepEqual([plan.status, plan.json().at], [200, '2040-01-01T00:00:00.000Z'], plan.text)
  const { records: found } = (await served.as('reader')('GET records?action=data_accessed')).json()
  const [{ seq }] = Object(found)
  const story = await records(`GET records/${seq}/retention?at=2040-01-01`)
  assert.deepEqual([story.json().seq, Object(story.json().minimum).state], [seq, 'until'], story.text)
  assert.deepEqual(
    (await recordedBy(served, holderOf('records'))).map(({ action, details }) => [action, details.operation]),
    [
      ['records_viewed', 'retention_plan'],
      ['records_viewed', 'retention_story'],
    ],
  )
})

test('an instant, a policy, a day or a record that there is not is refused by name', async () => {
  for (const [request, status, path] of [
    ['retention/plan?at=tomorrow', 400, 'at'],
    ['retention/due?policy=nobody&anchor=2020-02-29', 400, 'policy'],
    ['retention/due?policy=hipaa&anchor=2021-02-29', 400, 'anchor'],
    ['records/999/retention', 404, undefined],
  ] as const) {
    const answer = await records(`GET ${request}`)
    assert.deepEqual([answer.status, answer.json().path], [status, path], request)
  }
})
