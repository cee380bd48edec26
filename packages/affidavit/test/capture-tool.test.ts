// Tools of an application: what it says of them itself (spec/capture.md §1).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CONTEXT, openWorld } from './captured.ts'

test('a tool says what it touches, and by which call, from what it was given', async (t) => {
  const { audit, recorded } = await openWorld(t)
  const move = audit.tool(
    {
      name: 'move_appointment',
      call_id: (_patient, call) => call,
      touches: (patient: string) => [{ access: 'write', resource_type: 'appointment', subject_ids: [patient] }],
    },
    async (patient: string, call: string) => `${patient} comes on Monday by ${call}`,
  )
  assert.equal(await audit.run(CONTEXT, () => move('P-1', 'call-7')), 'P-1 comes on Monday by call-7')
  const [invoked, completed, modified] = (await recorded()).slice(-3)
  assert.deepEqual([invoked?.details?.call_id, completed?.details?.call_id], ['call-7', 'call-7'])
  assert.deepEqual(
    [modified?.action, modified?.resource_type, modified?.subject_ids?.length],
    ['data_modified', 'appointment', 1],
  )
})
