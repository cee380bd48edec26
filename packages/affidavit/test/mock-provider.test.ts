// The mock speaks what the real SDKs understand: each of them, plain, as a stream, and with tools. What it says it sent is what arrived.

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { generateText, jsonSchema, streamText, tool } from 'ai'
import Anthropic0 from 'anthropic-0'
import OpenAI, { AzureOpenAI } from 'openai'
import OpenAI6 from 'openai-6'

import { asks, cut, hold, inPieces, malformed, SOME_TEXT, says, slow, status, unread } from './mock-answer.ts'
import { type MockProvider, startMockProvider } from './mock-provider.ts'

let provider: MockProvider
let openai: OpenAI
before(async () => {
  provider = await startMockProvider()
  openai = new OpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1` })
})
after(() => provider.close())

const PARIS = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Paris"}' } as const
const ROME = { id: 'call_2', name: 'get_weather', arguments: '{"city":"Rome"}' } as const
const QUESTION = { role: 'user', content: 'Weather?' } as const
const CHAT = { model: 'gpt', messages: [QUESTION] }
const STREAM = { ...CHAT, stream: true } as const
const RESPONSE = { model: 'gpt', input: 'Weather?' }
const MESSAGE = { model: 'claude', max_tokens: 9, messages: [QUESTION] }

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = []
  for await (const chunk of stream) read.push(chunk)
  return read
}

for (const [name, Client] of [
  ['openai 7', OpenAI],
  ['openai 6', OpenAI6],
] as const) {
  suite(name, () => {
    // Two majors have the same calls in types that are not each other's: what is used of them here is in both.
    const create = () => new Client({ apiKey: 'secret', baseURL: `${provider.url}/v1` }) as OpenAI

    test('chat completions, whole and as a stream', async () => {
      const client = create()
      const whole = await client.chat.completions.create(CHAT)
      assert.equal(whole.choices[0]?.message.content, SOME_TEXT)
      assert.equal(whole.model, 'gpt-2026-10-01')
      const usage = { stream_options: { include_usage: true } }
      const chunks = await all(await client.chat.completions.create({ ...STREAM, ...usage }))
      assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), SOME_TEXT)
      assert.deepEqual(chunks.at(-1)?.usage, whole.usage)
      assert.equal((await all(await client.chat.completions.create(STREAM))).at(-1)?.usage, undefined)
    })

    test('two tools at once in chat completions', async () => {
      const client = create()
      provider.next(asks(PARIS, ROME), asks(PARIS, ROME))
      const whole = await client.chat.completions.create(CHAT)
      const streamed = await client.chat.completions.stream(CHAT).finalChatCompletion()
      for (const completion of [whole, streamed]) {
        const calls = completion.choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call)
        assert.deepEqual(
          calls?.map((call) => call && { id: call.id, name: call.function.name, arguments: call.function.arguments }),
          [PARIS, ROME],
        )
        assert.equal(completion.choices[0]?.finish_reason, 'tool_calls')
      }
    })

    test('responses, whole, as a stream, and with two tools', async () => {
      const client = create()
      assert.equal((await client.responses.create(RESPONSE)).output_text, SOME_TEXT)
      assert.equal((await client.responses.stream(RESPONSE).finalResponse()).output_text, SOME_TEXT)
      provider.next(asks(PARIS, ROME), asks(PARIS, ROME))
      for (const { output } of [
        await client.responses.create(RESPONSE),
        await client.responses.stream(RESPONSE).finalResponse(),
      ]) {
        const calls = output.map((item) => item.type === 'function_call' && item)
        assert.deepEqual(
          calls.map((call) => call && { id: call.call_id, name: call.name, arguments: call.arguments }),
          [PARIS, ROME],
        )
      }
    })
  })
}

for (const [name, Client] of [
  ['anthropic 1', Anthropic],
  ['anthropic 0', Anthropic0],
] as const) {
  test(`${name}: messages, whole, as a stream, and with two tools`, async () => {
    const client = new Client({ apiKey: 'secret', baseURL: provider.url }) as Anthropic
    const asked = asks(PARIS, ROME)
    provider.next(says(SOME_TEXT), asked, says(SOME_TEXT), asked)
    const whole = [await client.messages.create(MESSAGE), await client.messages.create(MESSAGE)]
    const streamed = [
      await client.messages.stream(MESSAGE).finalMessage(),
      await client.messages.stream(MESSAGE).finalMessage(),
    ]
    for (const [text, tools] of [whole, streamed]) {
      assert.deepEqual(text?.content, [{ type: 'text', text: SOME_TEXT, citations: null }])
      assert.equal(text?.usage.cache_creation_input_tokens, 3)
      assert.deepEqual(
        tools?.content.map((block) => block.type === 'tool_use' && [block.id, block.name, block.input]),
        [PARIS, ROME].map((call) => [call.id, call.name, JSON.parse(call.arguments)]),
      )
    }
  })
}

test('AI SDK 7: responses and chat, with tools that it runs', async () => {
  const models = createOpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1` })
  const inputSchema = jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } })
  const tools = { get_weather: tool({ inputSchema, execute: async ({ city }) => `sunny in ${city}` }) }
  for (const model of [models('gpt'), models.chat('gpt')]) {
    provider.next(says(SOME_TEXT), says(SOME_TEXT), asks(PARIS, ROME), asks(PARIS, ROME))
    for (const prompt of ['plain', 'tools']) {
      const made = await generateText({ model, prompt, tools })
      const streamed = streamText({ model, prompt, tools })
      await streamed.consumeStream()
      const results = prompt === 'plain' ? [] : ['sunny in Paris', 'sunny in Rome']
      for (const { text, toolResults } of [
        made,
        { text: await streamed.text, toolResults: await streamed.toolResults },
      ]) {
        assert.equal(text, prompt === 'plain' ? SOME_TEXT : '')
        assert.deepEqual(
          toolResults.map(({ output }) => output),
          results,
        )
      }
    }
  }
})

test('Azure and embeddings', async () => {
  const azure = new AzureOpenAI({ apiKey: 'secret', endpoint: provider.url, apiVersion: '2026-10-01', deployment: 'X' })
  assert.equal((await azure.chat.completions.create(CHAT)).choices[0]?.message.content, SOME_TEXT)
  assert.equal(provider.calls.at(-1)?.path, '/openai/deployments/X/chat/completions?api-version=2026-10-01')
  const { data } = await openai.embeddings.create({ model: 'embed', input: ['a', 'b'] })
  assert.deepEqual(
    data.map(({ embedding }) => embedding),
    [
      [0.5, -0.25, 1],
      [0.5, -0.25, 1],
    ],
  )
})

test('a call is kept word for word, and no key of the client with it', async () => {
  const answer = await openai.chat.completions.create(CHAT).asResponse()
  const call = provider.calls.at(-1)
  assert.deepEqual(JSON.parse(call?.body ?? ''), CHAT)
  assert.deepEqual(call?.sent, { status: 200, body: await answer.text(), isCut: false })
  assert.equal(call?.headers['x-stainless-retry-count'], '0')
  assert.doesNotMatch(JSON.stringify(provider.calls), /secret/)
})

test('what a provider refuses is tried again, or not, as the SDK says', async () => {
  const before = provider.calls.length
  provider.next(status(429), status(500, { retryAfterMs: 2 }))
  assert.equal((await openai.chat.completions.create(CHAT)).choices[0]?.message.content, SOME_TEXT)
  provider.next(status(401))
  await assert.rejects(openai.chat.completions.create(CHAT), { status: 401, code: 'mock_401' })
  assert.deepEqual(
    provider.calls.slice(before).map(({ sent }) => sent.status),
    [429, 500, 200, 401],
  )
})

test('a stream that is cut arrives as far as it was sent', async () => {
  for (const by of ['end', 'reset'] as const) {
    provider.next(cut({ after: 3, by }))
    const text: string[] = []
    const read = (async () => {
      for await (const { choices } of await openai.chat.completions.create(STREAM)) {
        text.push(choices[0]?.delta.content ?? '')
      }
    })()
    if (by === 'end') await read
    else await assert.rejects(read, /terminated/)
    await provider.idle()
    assert.equal(text.join(''), 'It is ')
    assert.equal(provider.calls.at(-1)?.sent.isCut, by === 'reset')
  }
})

test('an answer that is cut or no JSON is none', async () => {
  const once = { maxRetries: 0 }
  provider.next(malformed(), malformed(), cut(), malformed())
  await assert.rejects(openai.chat.completions.create(CHAT, once), SyntaxError)
  await assert.rejects(openai.chat.completions.create(STREAM, once).then(all), SyntaxError)
  await assert.rejects(openai.chat.completions.create(CHAT, once), /terminated/)
  const anthropic = new Anthropic({ apiKey: 'secret', baseURL: provider.url, logLevel: 'off' })
  await assert.rejects(anthropic.messages.stream(MESSAGE).finalMessage(), /in JSON at position/)
})

test('a stream in pieces of one byte is the same stream', async () => {
  provider.next(inPieces({ text: 'Zürich 🌞' }, 1))
  const chunks = await all(await openai.chat.completions.create(STREAM))
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'Zürich 🌞')
})

test('a provider that is held goes on when it is released, and sees a client leave', async () => {
  const first = hold()
  provider.next(slow(first, { after: 2 }))
  const read = openai.chat.completions.create(STREAM).then(all)
  await first.reached
  first.release()
  assert.equal((await read).length, 9)

  const left = hold()
  provider.next(slow(left))
  const leaving = new AbortController()
  const waiting = openai.chat.completions.create(CHAT, { signal: leaving.signal })
  await left.reached
  leaving.abort()
  await assert.rejects(waiting, /aborted/)
  await provider.idle()
  assert.deepEqual(provider.calls.at(-1)?.sent, { status: 0, body: '', isCut: true })
})

test('what a client does not read is not sent', async () => {
  provider.next(unread())
  const stream = await openai.chat.completions.create(STREAM)
  stream.controller.abort()
  await provider.idle()
  assert.equal(provider.calls.at(-1)?.sent.isCut, true)
})
