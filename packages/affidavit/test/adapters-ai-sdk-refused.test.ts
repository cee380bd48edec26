// With a ledger that refuses, nothing happens unrecorded: no model is asked, no tool runs, no answer and no result is handed on; and no
// provider is asked again for it.

import assert from 'node:assert/strict'
import { after, beforeEach, suite, test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import { generateText, isStepCount, jsonSchema, tool } from 'ai'

import { aiSdkTelemetry } from '../src/adapters/ai-sdk.ts'
import { LedgerError } from '../src/index.ts'
import { aiSdks } from './ai-sdks.ts'
import { auditedAgent } from './audited-agent.ts'
import { asks, hold, SOME_TEXT } from './mock-answer.ts'
import { startMockProvider } from './mock-provider.ts'

const provider = await startMockProvider()
const agent = await auditedAgent()
after(() => Promise.all([provider.close(), agent.close()]))

const PARIS = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Paris"}' } as const

let asked = 0
let ran = 0
beforeEach(async () => {
  await agent.renew()
  asked = provider.calls.length
  ran = 0
})

function isRefused(error: unknown, code: string): void {
  assert.ok(error instanceof LedgerError, String(error))
  assert.equal(error.code, code)
}
async function weather(): Promise<unknown> {
  ran++
  return 'sunny'
}

for (const sdk of aiSdks(provider.url)) {
  suite(sdk.name, () => {
    const onText = async (): Promise<boolean> => true
    for (const [how, question] of [
      ['an answer', { prompt: 'Weather?', weather }],
      ['a stream', { prompt: 'Weather?', weather, onText }],
    ] as const) {
      test(`from the beginning: no model is asked for ${how}`, async () => {
        agent.refuse()
        const { error } = await agent.during(() => sdk.ask(agent.audit, question))
        isRefused(error, 'ledger-closed')
        assert.deepEqual([provider.calls.length - asked, ran], [0, 0])
      })

      test(`once the model was asked: ${how} is not handed on, no tool runs, and the model is not asked again`, async () => {
        const held = hold()
        provider.next({ does: 'answer', answer: { calls: [PARIS] }, delivery: { kind: 'held', after: 0, hold: held } })
        const refused = held.reached.then(() => agent.refuse()).then(() => held.release())
        const { error } = await agent.during(() => sdk.ask(agent.audit, question))
        await refused
        isRefused(error, 'ledger-closed')
        assert.deepEqual([provider.calls.length - asked, ran], [1, 0])
      })

      test(`before a tool runs that was asked for by ${how}: it does not, and no model is asked any more`, async () => {
        provider.next(asks(PARIS))
        const { error } = await agent.during(() =>
          sdk.ask(agent.audit, { ...question, beforeTool: async () => agent.refuse() }),
        )
        isRefused(error, 'run-stopped')
        assert.deepEqual([provider.calls.length - asked, ran], [1, 0])
      })

      test(`while a tool runs that was asked for by ${how}: no model gets its result`, async () => {
        provider.next(asks(PARIS))
        const refuses = async (): Promise<unknown> => {
          agent.refuse()
          return weather()
        }
        const { error } = await agent.during(() => sdk.ask(agent.audit, { ...question, weather: refuses }))
        isRefused(error, 'run-stopped')
        assert.deepEqual([provider.calls.length - asked, ran], [1, 1])
      })
    }

    test('once a stream has begun: all but its end is handed on', async () => {
      const held = hold()
      provider.next({ does: 'answer', answer: { text: SOME_TEXT }, delivery: { kind: 'held', after: 4, hold: held } })
      const refused = held.reached.then(() => agent.refuse()).then(() => held.release())
      let shown = ''
      const onText = async (text: string): Promise<boolean> => {
        shown += text
        return true
      }
      const { error } = await agent.during(() => sdk.ask(agent.audit, { prompt: 'Weather?', onText }))
      await refused
      isRefused(error, 'ledger-closed')
      assert.deepEqual([provider.calls.length - asked, shown], [1, SOME_TEXT])
    })
  })
}

const model = createOpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1` }).chat('gpt')
const inputSchema = jsonSchema({ type: 'object' })

test('a run of AI SDK 7 that ends with a tool does not hand on a result that is not on record', async () => {
  provider.next(asks(PARIS))
  const execute = async (): Promise<unknown> => {
    agent.refuse()
    return weather()
  }
  const telemetry = { integrations: aiSdkTelemetry(agent.audit) }
  const tools = { get_weather: tool({ inputSchema, execute }) }
  const { result } = await agent.during(() => generateText({ model, prompt: 'Weather?', tools, telemetry }))
  assert.equal(ran, 1)
  assert.deepEqual(result?.toolResults, [])
  const [error] = result?.content.flatMap((part) => (part.type === 'tool-error' ? [part.error] : [])) ?? []
  isRefused(error, 'ledger-closed')
  assert.ok(!JSON.stringify(result?.response.messages).includes('sunny'))
})

test('a run of AI SDK 7 is stopped where it is in no conversation, and another one is not', async () => {
  const telemetry = { integrations: aiSdkTelemetry(agent.audit) }
  const tools = { get_weather: tool({ inputSchema, execute: weather }) }
  const asking = async (): Promise<unknown> =>
    generateText({
      model,
      prompt: 'Weather?',
      tools,
      telemetry,
      stopWhen: isStepCount(3),
      onToolExecutionStart: () => agent.refuse(),
    })
  provider.next(asks(PARIS))
  await assert.rejects(asking, (error: unknown) => error instanceof LedgerError && error.code === 'run-stopped')
  assert.deepEqual([provider.calls.length - asked, ran], [1, 0])
  agent.accept()
  assert.ok(await asking())
})
