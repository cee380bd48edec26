// Steps within steps: what a layer further in sees once more is one call; what only runs where a call ran is a call of its own.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import type { ModelStep, ToolStep } from '../src/capture/steps.ts'
import { auditedAgent, type Recorded } from './audited-agent.ts'

const agent = await auditedAgent()
after(() => agent.close())
const { audit } = agent

const TOOL: ToolStep = { sdk: 'test', layer: 'framework', name: 'get_chart', arguments: {} }
const MODEL: ModelStep = {
  sdk: 'test',
  layer: 'framework',
  operation: 'generate',
  model: 'gpt',
  stream: false,
  instructions: [],
  tools: [],
  messages: [],
  parameters: {},
}

function briefly(records: readonly Recorded[]): string[] {
  return records.map(({ action }) => action).filter((action) => /^(model_|tool_|agent_)/.test(action))
}

test('a tool that goes on after it has ended may be called again from there, and that is a call of its own', async () => {
  const done = await agent.during(async () => {
    const first = await audit.beginToolCall(TOOL)
    await first.enter(async () => {
      await first.end({ ended: 'complete', result: 'asks first' })
      const second = await audit.beginToolCall(TOOL)
      assert.equal(second.seen, 'first')
      await second.end({ ended: 'complete', result: 'done' })
    })
  })
  assert.equal(done.error, undefined)
  const results = (await done.recorded()).flatMap(({ sealed: { result } }) => (result === undefined ? [] : [result]))
  assert.deepEqual(results, ['asks first', 'done'])
})

test('a model that is asked from where an answered call ran is asked on record', async () => {
  const done = await agent.during(async () => {
    const first = await audit.beginModelCall(MODEL)
    await first.enter(async () => {
      await first.end({ ended: 'complete', answer: 'one' })
      const second = await audit.beginModelCall(MODEL)
      assert.equal(second.seen, 'first')
      await second.end({ ended: 'complete', answer: 'two' })
    })
  })
  assert.equal(done.error, undefined)
  const answers = (await done.recorded()).flatMap(({ sealed: { answer } }) => (answer === undefined ? [] : [answer]))
  assert.deepEqual(answers, ['one', 'two'])
})

test('a tool that runs while its answer still streams, and asks a model: that call is on record', async () => {
  const done = await agent.during(async () => {
    const answering = await audit.beginModelCall(MODEL)
    await answering.enter(async () => {
      const tool = await audit.beginToolCall(TOOL)
      await tool.enter(async () => {
        const asked = await audit.beginModelCall(MODEL)
        assert.equal(asked.seen, 'first')
        await asked.end({ ended: 'complete', answer: 'of the tool' })
      })
      await tool.end({ ended: 'complete' })
    })
    await answering.end({ ended: 'complete', answer: 'of the agent' })
  })
  assert.equal(done.error, undefined)
  assert.deepEqual(briefly(await done.recorded()).sort(), [
    'agent_response_generated',
    'agent_response_generated',
    'model_invoked',
    'model_invoked',
    'tool_completed',
    'tool_invoked',
  ])
})
