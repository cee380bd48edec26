// One step that several layers see is one record, and steps within steps are records of their own.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import {
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  registerTelemetry,
  streamText,
  tool,
  wrapLanguageModel,
} from 'ai'
import OpenAI from 'openai'

import { aiSdkTelemetry, auditMiddleware, auditTools } from '../src/adapters/ai-sdk.ts'
import { auditOpenAI } from '../src/adapters/openai.ts'
import { auditedAgent, type Recorded } from './audited-agent.ts'
import { asks, SOME_TEXT, says, status } from './mock-answer.ts'
import { startMockProvider } from './mock-provider.ts'

const provider = await startMockProvider()
const agent = await auditedAgent()
after(() => Promise.all([provider.close(), agent.close()]))

const { audit } = agent
const baseURL = `${provider.url}/v1`
const model = createOpenAI({ apiKey: 'secret', baseURL }).chat('gpt')
const telemetry = { integrations: aiSdkTelemetry(audit) }
const CALL = { id: 'call_1', name: 'ask_colleague', arguments: '{}' } as const
const anything = jsonSchema({ type: 'object' })

function briefly(records: readonly Recorded[]): string[] {
  const steps = records.filter(({ action }) => /^(model|agent|tool)_/.test(action))
  return steps.map(({ action, details }) => [action, details?.layer].filter(Boolean).join(' '))
}
const ONE_PAIR = ['model_invoked framework', 'agent_response_generated']

test('telemetry and middleware at once make one pair of records, also of a stream', async () => {
  const wrapped = wrapLanguageModel({ model, middleware: [auditMiddleware(audit), auditMiddleware(audit)] })
  const whole = await agent.during(() => generateText({ model: wrapped, prompt: 'Hi', telemetry }))
  assert.deepEqual(briefly(await whole.recorded()), ONE_PAIR)
  const streamed = await agent.during(() => streamText({ model: wrapped, prompt: 'Hi', telemetry }).text)
  assert.equal(streamed.result, SOME_TEXT)
  assert.deepEqual(briefly(await streamed.recorded()), ONE_PAIR)
})

test('a try that two layers saw fail was one try', async () => {
  const wrapped = wrapLanguageModel({ model, middleware: auditMiddleware(audit) })
  provider.next(status(429))
  const done = await agent.during(() => generateText({ model: wrapped, prompt: 'Hi', telemetry }))
  const records = await done.recorded()
  assert.deepEqual(briefly(records), ['model_invoked framework', 'agent_failed', ...ONE_PAIR])
  assert.deepEqual(
    records.filter(({ details }) => details?.attempts !== undefined),
    [],
  )
})

test('a tool that is audited by itself too makes one pair of records, with its result', async () => {
  const execute = async (): Promise<string> => 'yes'
  const tools = auditTools(audit, { ask_colleague: tool({ inputSchema: anything, execute }) })
  provider.next(asks(CALL))
  const done = await agent.during(() => generateText({ model, prompt: 'Hi', tools, telemetry }))
  const records = await done.recorded()
  assert.deepEqual(briefly(records), [...ONE_PAIR, 'tool_invoked framework', 'tool_completed'])
  assert.equal(records.find(({ action }) => action === 'tool_completed')?.sealed.result, 'yes')
})

test('what an audited client does for a model is told by the pair of the SDK: its tries are attempts', async () => {
  const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL }), audit)
  const usage = { inputTokens: {}, outputTokens: {} } as never
  const own: Exclude<LanguageModel, string> = {
    specificationVersion: 'v4',
    provider: 'own',
    modelId: 'gpt',
    supportedUrls: {},
    async doGenerate() {
      const { choices } = await client.chat.completions.create({
        model: 'gpt',
        messages: [{ role: 'user', content: 'Hi' }],
      })
      const text = choices[0]?.message.content ?? ''
      return { content: [{ type: 'text', text }], finishReason: { unified: 'stop', raw: 'stop' }, usage, warnings: [] }
    },
    doStream: () => Promise.reject(new Error('not asked for')),
  }
  provider.next(status(429))
  const done = await agent.during(() => generateText({ model: own, prompt: 'Hi', telemetry }))
  const records = await done.recorded()
  assert.deepEqual(briefly(records), ONE_PAIR)
  const [attempt] = (records.at(-1)?.details?.attempts ?? []) as readonly { readonly status: number }[]
  assert.equal(attempt?.status, 429)
})

test('an application that records the call itself is the outermost layer', async () => {
  const done = await agent.during(() =>
    audit.modelCall({ model: 'gpt', read: (text: string) => ({ answer: text }) }, async () => {
      const { text } = await generateText({ model, prompt: 'Hi', telemetry })
      return text
    }),
  )
  assert.equal(done.result, SOME_TEXT)
  assert.deepEqual(briefly(await done.recorded()), ['model_invoked application', 'agent_response_generated'])
})

for (const how of ['generateText', 'streamText'] as const) {
  test(`a tool of ${how} that asks a model of its own: both calls are recorded`, async () => {
    const execute = async (): Promise<string> =>
      (await generateText({ model, prompt: 'A colleague asks', telemetry })).text
    const tools = { ask_colleague: tool({ inputSchema: anything, execute }) }
    provider.next(asks(CALL), says('of the colleague'), says('of the agent'))
    const options = { model, prompt: 'Hi', tools, telemetry, stopWhen: isStepCount(3) }
    const ask = async (): Promise<string> =>
      how === 'generateText' ? (await generateText(options)).text : streamText(options).text
    const done = await agent.during(ask)
    assert.equal(done.result, 'of the agent')
    const records = await done.recorded()
    assert.deepEqual(
      records.flatMap(({ sealed: { answer } }) => (answer === undefined ? [] : [answer])),
      ['of the colleague', 'of the agent'],
    )
    const completed = records.find(({ action }) => action === 'tool_completed')
    assert.equal(completed?.sealed.result, 'of the colleague')
  })
}

test('telemetry that is registered twice records once', async () => {
  registerTelemetry(aiSdkTelemetry(audit), aiSdkTelemetry(audit))
  try {
    provider.next(asks(CALL))
    const execute = async (): Promise<string> => 'yes'
    const tools = { ask_colleague: tool({ inputSchema: anything, execute }) }
    const done = await agent.during(() => generateText({ model, prompt: 'Hi', tools }))
    const records = await done.recorded()
    assert.deepEqual(briefly(records), [...ONE_PAIR, 'tool_invoked framework', 'tool_completed'])
    assert.equal(records.find(({ action }) => action === 'tool_completed')?.sealed.result, 'yes')
  } finally {
    globalThis.AI_SDK_TELEMETRY_INTEGRATIONS = []
  }
})
