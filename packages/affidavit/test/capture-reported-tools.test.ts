// Tools that nothing audits: the history that a model is given tells of their calls, and they are on record before it is given.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SeenCall, SeenMessage, SeenResult } from '../src/capture/steps.ts'
import { createAudit } from '../src/capture.ts'
import { parseRegistry } from '../src/registry/parse.ts'
import { type CapturedRecord, CONTEXT, openWorld, type World } from './captured.ts'
import { gatedLedger } from './gated-ledger.ts'

const registry = parseRegistry(
  `
version: 1
revision: test
tools:
  get_chart:
    touches:
      - access: read
        resource_type: patient_record
        resource_id: { from: arguments, at: /patient }
        subject_ids: [{ from: arguments, at: /patient }]
`,
  'yaml',
  'test.yaml',
)

const QUESTION: SeenMessage = { role: 'user', value: 'How is she?', text: 'How is she?' }
const CHART = { call_id: 'call_1', name: 'get_chart', arguments: '{"patient":"p-1"}' } as const
const WEATHER = { call_id: 'call_2', name: 'get_weather', arguments: '{"city":"Zürich"}' } as const

const answers = (given: unknown): unknown => given

function told(...results: readonly SeenResult[]): SeenMessage {
  return { role: 'tool', value: { results }, results }
}

/** Asks a model, which asks for these calls. */
async function ask(
  audit: Pick<World['audit'], 'modelCall'>,
  messages: readonly SeenMessage[],
  ...calls: readonly SeenCall[]
): Promise<void> {
  await audit.modelCall(
    { model: 'm', messages, read: () => ({ answer: calls.length === 0 ? 'Well.' : '', calls }) },
    () => 1,
  )
}

function toolsIn(records: readonly CapturedRecord[]): readonly CapturedRecord[] {
  return records.filter(({ action }) => /^(tool_|data_|access_)/.test(action))
}

const REPORTED = [
  ['tool_invoked', true],
  ['tool_completed', true],
  ['data_accessed', true],
]

function actions(records: readonly CapturedRecord[]) {
  return toolsIn(records).map(({ action, details }) => [action, details?.reported])
}

test('a call of a tool that nothing audits is recorded before the model is told its result', async (t) => {
  const { audit, recorded } = await openWorld(t, { registry })
  await audit.run(CONTEXT, async () => {
    await ask(audit, [QUESTION], CHART, WEATHER)
    const results = told(
      { call_id: 'call_1', value: { allergies: ['penicillin'] } },
      { call_id: 'call_2', value: 'no service', failed: true },
    )
    await ask(audit, [QUESTION, { role: 'assistant', value: 'calls' }, results])
  })
  const records = await recorded()
  const [asking, answering] = records.filter(({ action }) => action === 'agent_response_generated')
  const of = (call_id: string) => toolsIn(records).filter(({ details }) => details?.call_id === call_id)
  const [invoked, completed, accessed] = of('call_1')
  assert.deepEqual(actions(of('call_1')), REPORTED)
  assert.equal(invoked?.parent_id, asking?.id)
  assert.equal(invoked?.said.arguments, CHART.arguments)
  assert.equal(completed?.parent_id, invoked?.id)
  assert.equal(completed?.outcome, 'success')
  assert.deepEqual(JSON.parse(completed?.said.result ?? ''), { allergies: ['penicillin'] })
  assert.equal(accessed?.parent_id, completed?.id)
  assert.equal(accessed?.subject_ids?.length, 1)
  assert.equal(JSON.parse(answering?.said.circumstances ?? '').documents[0], accessed?.id)
  assert.deepEqual(
    of('call_2').map(({ outcome }) => outcome),
    [undefined, 'error', 'error'],
  )
  const order = records.map(({ id }) => id)
  const calls = records.filter(({ action }) => action === 'model_invoked')
  assert.ok(order.indexOf(accessed?.id ?? '') < order.indexOf(calls[1]?.id ?? ''))
})

test('a call that an audited tool ran is recorded by it alone', async (t) => {
  const { audit, recorded } = await openWorld(t)
  const twice = [CHART, { ...CHART, call_id: 'call_3', arguments: '{"patient":"p-2"}' }]
  const results = told(
    { call_id: 'call_1', value: 'a' },
    { call_id: 'call_2', value: 'b' },
    { call_id: 'call_3', value: 'c' },
  )
  const ran: readonly (readonly [string, readonly SeenCall[], (world: World['audit']) => Promise<unknown>])[] = [
    ['known by its arguments', twice.slice(0, 1), (its) => its.tool('get_chart', answers)({ patient: 'p-1' })],
    ['known by its name', twice.slice(0, 1), (its) => its.tool('get_chart', answers)('p-1')],
    [
      'known by its id, whatever it is called',
      [CHART, WEATHER],
      (its) =>
        Promise.all([
          its.tool({ name: 'chart', call_id: () => 'call_1' }, answers)('p-1'),
          its.tool({ name: 'weather', call_id: () => 'call_2' }, answers)('Zürich'),
        ]),
    ],
    [
      'one of several of the same name, with arguments made fit for it',
      twice,
      async (its) => {
        const chart = its.tool('get_chart', answers)
        await Promise.all([chart('p-1'), chart('p-2')])
      },
    ],
  ]
  for (const [name, calls, run] of ran) {
    await t.test(name, async () => {
      await audit.run({ ...CONTEXT, conversation_id: name }, async () => {
        await ask(audit, [QUESTION], ...calls)
        await run(audit)
        await ask(audit, [QUESTION, results])
      })
      const records = (await recorded()).filter(({ conversation_id }) => conversation_id === name)
      const invoked = toolsIn(records).filter(({ action }) => action === 'tool_invoked')
      assert.equal(invoked.length, calls.length)
      assert.ok(invoked.every(({ details }) => details?.reported === undefined))
    })
  }

  await t.test('one ran, and of another of its name only the history tells', async () => {
    await audit.run({ ...CONTEXT, conversation_id: 'both' }, async () => {
      await ask(audit, [QUESTION], ...twice)
      await audit.tool('get_chart', answers)({ patient: 'p-1' })
      await ask(audit, [QUESTION, results])
    })
    const records = (await recorded()).filter(({ conversation_id }) => conversation_id === 'both')
    const invoked = toolsIn(records).filter(({ action }) => action === 'tool_invoked')
    assert.deepEqual(
      invoked.map(({ details, said }) => [details?.call_id, details?.reported, said.arguments]),
      [
        ['call_1', undefined, '{"patient":"p-1"}'],
        ['call_3', true, '{"patient":"p-2"}'],
      ],
    )
  })
})

test('a result is told once, however often it is sent, and only of a call that was asked for', async (t) => {
  const { audit, recorded } = await openWorld(t)
  const results = told({ call_id: 'call_1', value: 'a' }, { call_id: 'call_9', value: 'of another process' })
  await audit.run(CONTEXT, async () => {
    await ask(audit, [QUESTION], CHART)
    await ask(audit, [QUESTION, results])
    await ask(audit, [QUESTION, results, QUESTION])
    // A history that begins otherwise is all new.
    await ask(audit, [{ role: 'instructions', value: 'Be kind.' }, QUESTION, results])
  })
  assert.deepEqual(actions(await recorded()), REPORTED)
})

test('an id that comes again is that of the newest call, and so is its result', async (t) => {
  const { audit, recorded } = await openWorld(t)
  const [first, second] = [told({ call_id: 'call_1', value: 'first' }), told({ call_id: 'call_1', value: 'second' })]
  await audit.run(CONTEXT, async () => {
    await ask(audit, [QUESTION], CHART)
    await ask(audit, [QUESTION, first], { ...CHART, arguments: '{"patient":"p-2"}' })
    await ask(audit, [{ role: 'instructions', value: 'Be kind.' }, QUESTION, first, second])
  })
  const said = toolsIn(await recorded()).flatMap(({ said }) => said.arguments ?? said.result ?? [])
  assert.deepEqual(said, ['{"patient":"p-1"}', 'first', '{"patient":"p-2"}', 'second'])
})

test('where it cannot be recorded, the model is not asked, and it is told with the next call', async (t) => {
  const world = await openWorld(t)
  const gated = gatedLedger(world.ledger)
  const audit = createAudit({ ledger: gated.ledger, agent_name: 'clinic' })
  const history = [QUESTION, told({ call_id: 'call_1', value: 'a' })]
  let asked = 0
  const model = { model: 'm', messages: history, read: () => ({ answer: 'Well.' }) }
  await audit.run(CONTEXT, async () => {
    await ask(audit, [QUESTION], CHART)
    gated.refuse('tool_invoked')
    await assert.rejects(
      audit.modelCall(model, () => ++asked),
      { code: 'store-unavailable' },
    )
    assert.equal(asked, 0)
    gated.refuse()
    await audit.modelCall(model, () => ++asked)
    assert.equal(asked, 1)
  })
  const records = await world.recorded()
  assert.deepEqual(records.filter(({ action }) => action === 'tool_invoked').length, 1)
})
