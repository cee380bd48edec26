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

test('a tool that calls another one of its name several times, for others each, has a record of each', async (t) => {
  const { audit, context, recorded } = await begin(t)
  const remote = async (patient: string): Promise<string> => {
    const step = { sdk: 'mcp', layer: 'client', name: 'get_chart', arguments: { patient } } as const
    const call = await audit.beginToolCall(step)
    const chart = call.enter(() => `chart of ${patient}`)
    await call.end({ ended: 'complete', result: chart })
    return chart
  }
  const charts = audit.tool('get_chart', (patients: readonly string[]) => Promise.all(patients.map(remote)))
  await audit.run(context, () => charts(['P-1', 'P-2', 'P-3']))
  const asked = only(await recorded(), 'tool_invoked').map(({ said }) => said.arguments)
  for (const patient of ['P-2', 'P-3']) assert.ok(asked.includes(`{"patient":"${patient}"}`), patient)
})

test('a call that a further layer repeats is the same call, also where it sends it in its own words', async (t) => {
  const { audit, context, recorded } = await begin(t)
  const remote = async (): Promise<void> => {
    const given = { patient: 'P-1', limit: 10 }
    const call = await audit.beginToolCall({ sdk: 'mcp', layer: 'client', name: 'get_chart', arguments: given })
    await call.end({ ended: 'complete', result: 'the chart' })
  }
  const chart = audit.tool('get_chart', async (_: { patient: string }) => {
    await remote()
    await remote()
  })
  await audit.run(context, () => chart({ patient: 'P-1' }))
  assert.equal(only(await recorded(), 'tool_invoked').length, 1)
})
