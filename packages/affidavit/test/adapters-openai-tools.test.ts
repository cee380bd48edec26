// Whoever runs tools while the answer still streams runs them when the answer is on record.

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import OpenAI from 'openai'

import { auditOpenAI } from '../src/adapters/openai.ts'
import { CONTEXT, openWorld } from './captured.ts'
import { type Behaviour, type Hold, hold } from './mock-answer.ts'
import { type MockProvider, startMockProvider } from './mock-provider.ts'

let provider: MockProvider
before(async () => {
  provider = await startMockProvider()
})
after(() => provider.close())

const PARIS = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Paris"}' } as const

/** All but the last event has come. */
function allBut(last: Hold): Behaviour {
  const answer = { text: 'Let me see.', calls: [PARIS] }
  return { does: 'answer', answer, delivery: { kind: 'held', after: -1, hold: last } }
}

interface Handed {
  readonly text: string
  /** Arguments of a call, as far as they came. */
  readonly call: string
}

async function* chat(client: OpenAI): AsyncGenerator<Handed> {
  const messages = [{ role: 'user', content: 'Weather in Paris?' }] as const
  for await (const { choices } of await client.chat.completions.create({
    model: 'gpt',
    messages: [...messages],
    stream: true,
  })) {
    const { content, tool_calls } = choices[0]?.delta ?? {}
    yield { text: content ?? '', call: tool_calls?.[0]?.function?.arguments ?? '' }
  }
}

async function* responses(client: OpenAI): AsyncGenerator<Handed> {
  for await (const event of await client.responses.create({ model: 'gpt', input: 'Weather in Paris?', stream: true })) {
    const isDone = event.type === 'response.function_call_arguments.done'
    const { item } = event.type === 'response.output_item.done' ? event : {}
    yield {
      text: event.type === 'response.output_text.delta' ? event.delta : '',
      call: isDone ? event.arguments : item?.type === 'function_call' ? item.arguments : '',
    }
  }
}

suite('a call of a tool is handed over when the answer is on record, and its text before', () => {
  for (const [name, ask] of [
    ['chat completions', chat],
    ['responses', responses],
  ] as const) {
    test(name, async (t) => {
      const { audit, recorded } = await openWorld(t)
      const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1` }), audit)
      const last = hold()
      provider.next(allBut(last))
      let text = ''
      let call = ''
      const isOnRecord: boolean[] = []
      const reading = audit.run(CONTEXT, async () => {
        for await (const handed of ask(client)) {
          text += handed.text
          call += handed.call
          if (handed.call === '') continue
          const records = await recorded()
          isOnRecord.push(records.some(({ action }) => action === 'agent_response_generated'))
        }
      })
      await last.reached
      while (text !== 'Let me see.') await new Promise(setImmediate)
      last.release()
      await reading
      assert.ok(call.startsWith(PARIS.arguments))
      assert.ok(isOnRecord.every(Boolean))
    })
  }
})
