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

for (const [path, second] of [
  ['touches[1].access', { access: 'peek', resource_type: 'chart' }],
  ['touches[1].resource_type', { access: 'read', resource_type: 'Patient chart' }],
] as const) {
  test(`a tool does not run where no record could hold what it touches: ${path}`, async (t) => {
    const { audit } = await openWorld(t)
    let ran = false
    const touches = () => JSON.parse(JSON.stringify([{ access: 'read', resource_type: 'chart' }, second]))
    const open = audit.tool({ name: 'open_charts', touches }, () => {
      ran = true
    })
    await assert.rejects(audit.run(CONTEXT, open), { code: 'invalid-draft', path })
    assert.equal(ran, false)
  })
}
