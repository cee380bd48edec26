// Tools of the AI SDK that are not plain functions, and calls that hide what they are given.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import { generateText, isStepCount, jsonSchema, streamText, tool, wrapLanguageModel } from 'ai'

import { aiSdkTelemetry, auditMiddleware, auditTools } from '../src/adapters/ai-sdk.ts'
import { auditedAgent } from './audited-agent.ts'
import { asks, SOME_TEXT } from './mock-answer.ts'
import { startMockProvider } from './mock-provider.ts'

const provider = await startMockProvider()
const agent = await auditedAgent()
after(() => Promise.all([provider.close(), agent.close()]))

const { audit } = agent
const model = createOpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1` }).chat('gpt')
const CALL = { id: 'call_1', name: 'look', arguments: '{"at":1}' } as const
const inputSchema = jsonSchema<{ at: number }>({ type: 'object' })
const stopWhen = isStepCount(2)

const generator = tool({
  inputSchema,
  async *execute({ at }) {
    yield { at, found: 'something' }
    yield { at, found: 'a chart' }
  },
})
const returning = tool({ inputSchema, execute: (input, options) => generator.execute?.(input, options) })
const failing = tool({
  inputSchema,
  async *execute() {
    yield 'something'
    throw new RangeError('gone')
  },
})
const telemetry = { telemetry: { integrations: aiSdkTelemetry(audit) } }

for (const [by, how, tools] of [
  ['telemetry', telemetry, (look: typeof generator) => ({ look })],
  ['itself', {}, (look: typeof generator) => auditTools(audit, { look })],
  ['both', telemetry, (look: typeof generator) => auditTools(audit, { look })],
] as const) {
  test(`of a tool that gives values one after another, audited by ${by}, the last one is the result`, async () => {
    provider.next(asks(CALL))
    const shown: unknown[] = []
    const done = await agent.during(async () => {
      const result = streamText({ model, prompt: 'Hi', tools: tools(generator), stopWhen, ...how })
      for await (const part of result.stream) if (part.type === 'tool-result') shown.push(part.output)
    })
    assert.equal(done.error, undefined)
    const completed = (await done.recorded()).filter(({ action }) => action === 'tool_completed')
    assert.deepEqual(
      completed.map(({ sealed }) => sealed.result),
      [{ at: 1, found: 'a chart' }],
    )
    assert.deepEqual(shown, [
      { at: 1, found: 'something' },
      { at: 1, found: 'a chart' },
      { at: 1, found: 'a chart' },
    ])
  })

  test(`a tool that fails between its values, audited by ${by}, has failed`, async () => {
    provider.next(asks(CALL))
    const done = await agent.during(() =>
      generateText({ model, prompt: 'Hi', tools: tools(failing as never), stopWhen, ...how }),
    )
    assert.equal(done.error, undefined)
    const completed = (await done.recorded()).filter(({ action }) => action === 'tool_completed')
    assert.deepEqual(
      completed.map(({ details, sealed }) => [details?.ended, sealed.error]),
      [['failed', 'gone']],
    )
  })
}

test('a function that returns such values is audited by itself with the last one', async () => {
  provider.next(asks(CALL))
  const tools = auditTools(audit, { look: returning })
  const done = await agent.during(() => generateText({ model, prompt: 'Hi', tools, stopWhen }))
  assert.equal(done.error, undefined)
  const completed = (await done.recorded()).filter(({ action }) => action === 'tool_completed')
  assert.deepEqual(
    completed.map(({ sealed }) => sealed.result),
    [{ at: 1, found: 'a chart' }],
  )
})

test('a tool that somebody else executes stays as it is', () => {
  const elsewhere = tool({ inputSchema })
  const tools = auditTools(audit, { elsewhere })
  assert.equal(tools.elsewhere, elsewhere)
})

test('a call that hides its input from telemetry says so, and the middleware sees it', async () => {
  const hidden = { telemetry: { ...telemetry.telemetry, recordInputs: false } }
  const middleware = auditMiddleware(audit)
  const requests: unknown[] = []
  for (const [asked, how] of [
    [model, hidden],
    [wrapLanguageModel({ model, middleware }), { telemetry: { isEnabled: false } }],
  ] as const) {
    const done = await agent.during(() => generateText({ model: asked, prompt: 'Hi', ...how }))
    assert.equal(done.result?.text, SOME_TEXT)
    const records = await done.recorded()
    requests.push(records.find(({ action }) => action === 'model_invoked')?.sealed.request)
  }
  assert.deepEqual(requests, [
    { messages: [], parameters: { recordInputs: false } },
    {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      parameters: { toolChoice: { type: 'auto' } },
    },
  ])
})
