import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { holderOf, recordedBy, serveLedger } from '../../../test/served-ledger.ts'
import { fixedClock } from '../../testing/fixed-clock.ts'

const clock = fixedClock(Date.now() + 60_000)
const served = await serveLedger({ clock })
after(() => served[Symbol.asyncDispose]())
const admin = served.as('admin')

test('keys are replaced on record, in the name of who signed in', async () => {
  const before = (await admin('GET checkpoint')).text
  const rotated = await admin('POST key-rotations', { body: { of: 'checkpoints' } })
  assert.equal(rotated.status, 201, rotated.text)
  assert.match(String(rotated.json().verifier_key), /^clinic\.example\/agents/)
  assert.notEqual((await admin('GET checkpoint')).text.split('\n').at(-2), before.split('\n').at(-2))
  const turned = await admin('POST key-rotations', { body: { of: 'keyring' } })
  assert.deepEqual([turned.json().of, turned.json().keyring_generation], ['keyring', 2], turned.text)
  const told = (await recordedBy(served, holderOf('admin'))).filter(({ action }) => action === 'key_rotated')
  assert.equal(told.length, 2)
})

test('a clock that jumped is accepted by who signed in, and records are taken again', async () => {
  const draft = { action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent' }
  const writer = served.as('writer')
  assert.equal((await writer('POST records', { body: draft })).status, 201)
  clock.set(clock.now() + 3 * 86_400_000)
  const refused = await writer('POST records', { body: draft })
  assert.equal(refused.json().code, 'clock-jump', refused.text)
  assert.equal((await admin('POST clock-confirmations', { body: { reason: 'moved to another host' } })).status, 204)
  assert.equal((await writer('POST records', { body: draft })).status, 201)
  const [stepped] = (await recordedBy(served, holderOf('admin'))).filter(({ action }) => action === 'clock_stepped')
  assert.ok(stepped !== undefined)
})
