// What happens within a call of a tool, or beside one of the same name, is recorded as what it is (spec/capture.md §1, §5).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { clinic, only } from './audited-work.ts'

const { begin } = clinic()

test('an access to data is not taken for the call of a tool that a model asked for by such a name', async (t) => {
  const { audit, context, recorded } = await begin(t)
  await audit.run(context, async () => {
    const calls = [{ name: 'read_data', call_id: 'call-1', arguments: '{}' }]
    await audit.modelCall({ model: 'm-1', read: () => ({ calls }) }, () => 'asks for a tool')
    await audit.dataAccess({ access: 'read', resource_type: 'patient_record', resource_id: 'P-1' }, () => 'the record')
    await audit.tool('read_data', () => 'what the model asked for')()
  })
  const records = await recorded()
  const [answer] = only(records, 'agent_response_generated')
  const [access, call] = only(records, 'tool_invoked')
  assert.notEqual(access?.parent_id, answer?.id)
  assert.equal(access?.details?.call_id, undefined)
  assert.equal(call?.parent_id, answer?.id)
  assert.equal(call?.details?.call_id, 'call-1')
})
