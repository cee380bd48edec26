import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { holderOf, recordedBy, serveLedger } from '../../../test/served-ledger.ts'

const DOCKET = { matter: 'Docket 24-117', custodian: 'general counsel', reason: 'complaint served' }

const served = await serveLedger({
  drafts: [
    { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent', conversation_id: 'c-1' },
    { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent', conversation_id: 'c-2' },
  ],
})
after(() => served[Symbol.asyncDispose]())
const records = served.as('records')

test('a hold is placed in the name of who signed in, and released as somebody else approved', async () => {
  const placed = await records('POST holds', { body: { ...DOCKET, conversation_id: 'c-1' } })
  assert.equal(placed.status, 201, placed.text)
  const { hold_id, records: bound } = placed.json()
  assert.equal(bound, 1)
  const planned = await records(`POST holds/${hold_id}/release-plans`, { body: { reason: 'settled' } })
  assert.equal(planned.status, 200, planned.text)
  const release = String(planned.json().release)
  const approval = served.approved(Buffer.from(release, 'base64'))
  const released = await records(`POST holds/${hold_id}/releases`, { body: { release, approval } })
  assert.equal(released.status, 201, released.text)
  assert.deepEqual(
    (await recordedBy(served, holderOf('records'))).map(({ action, details }) => [action, details.operation]),
    [
      ['hold_placed', undefined],
      ['records_viewed', 'hold release plan'],
      ['hold_released', undefined],
    ],
  )
})

test('a hold is not placed in the name of somebody whom the body names', async () => {
  const { status, text } = await records('POST holds', { body: { ...DOCKET, conversation_id: 'c-1', by: 'lee' } })
  assert.deepEqual([status, JSON.parse(text).code], [400, 'invalid-request'])
})

test('a hold is not released by what was approved for another one', async () => {
  const one = await records('POST holds', { body: { ...DOCKET, conversation_id: 'c-1' } })
  const other = await records('POST holds', { body: { ...DOCKET, conversation_id: 'c-2' } })
  const planned = await records(`POST holds/${one.json().hold_id}/release-plans`, { body: { reason: 'settled' } })
  const release = String(planned.json().release)
  const approval = served.approved(Buffer.from(release, 'base64'))
  const { status, text } = await records(`POST holds/${other.json().hold_id}/releases`, { body: { release, approval } })
  assert.deepEqual([status, JSON.parse(text).path], [400, 'release'])
})

test('a release that nobody approved, or that is no paper, is refused', async () => {
  const placed = await records('POST holds', { body: { ...DOCKET, conversation_id: 'c-2' } })
  const { hold_id } = placed.json()
  const planned = await records(`POST holds/${hold_id}/release-plans`, { body: { reason: 'settled' } })
  const release = String(planned.json().release)
  for (const [body, path] of [
    [{ release, approval: 'approved' }, 'approval'],
    [{ release: 'no base64', approval: 'x' }, 'release'],
    [{ release: 'e30=', approval: 'x' }, 'paper'],
  ] as const) {
    const { status, text } = await records(`POST holds/${hold_id}/releases`, { body })
    assert.equal(status, 400, `${path}: ${text}`)
  }
})
