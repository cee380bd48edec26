// Streams of OpenAI that are not as the documents show them: errors in them, ends without a last word, several answers at once, pieces of
// all kinds; and of what was put together, nothing is lost.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import OpenAI from 'openai'

import { auditOpenAI } from '../src/adapters/openai.ts'
import { type Answering, startAnyServer } from './any-server.ts'
import { type CapturedRecord, CONTEXT, openWorld } from './captured.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { QUESTION, readAll } from './openai-world.ts'
import { pairsIn } from './sent-again.ts'

/** Events of a stream; the text of one stands for itself. */
function events(...all: readonly (object | string)[]): Answering {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.end(all.map((one) => (typeof one === 'string' ? one : `data: ${JSON.stringify(one)}\n\n`)).join(''))
  }
}

const DONE = 'data: [DONE]\n\n'

function chunk(delta: object, finish_reason: string | null = null, index = 0): object {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt', choices: [{ index, delta, finish_reason }] }
}

test('odd streams', async (t) => {
  const world = await openWorld(t)
  const server = await startAnyServer(t)
  const url = `${server.url}/v1`
  const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: url, logLevel: 'off' }), world.audit)
  let conversations = 0

  async function outcomeOf(work: () => Promise<unknown>): Promise<CapturedRecord | undefined> {
    const conversation_id = `c-${++conversations}`
    await world.audit.run({ ...CONTEXT, conversation_id }, work)
    for (;;) {
      const records = await world.recorded()
      const pairs = pairsIn(records.filter((record) => record.conversation_id === conversation_id))
      assert.equal(pairs.length, 1)
      // Whoever fails at an earlier chunk does not wait for the record of the end.
      if (pairs[0]?.outcome !== undefined) return pairs[0].outcome
    }
  }
  const chat = async (): Promise<string> => readAll(CHAT, await CHAT.stream(client, CHAT.body(QUESTION)))
  const responses = async (): Promise<string> =>
    readAll(RESPONSES, await RESPONSES.stream(client, RESPONSES.body(QUESTION)))

  await t.test('an error in a stream of chat completions', async () => {
    const error = { message: 'overloaded', type: 'server_error', code: 'overloaded' }
    server.next(events(chunk({ content: 'It is ' }), { error }))
    const outcome = await outcomeOf(() => assert.rejects(chat, /overloaded/))
    assert.deepEqual([outcome?.outcome, outcome?.details?.ended], ['error', 'failed'])
    assert.equal(outcome?.said.answer, 'It is ')
    assert.deepEqual(JSON.parse(outcome?.said.response ?? '').error, error)
  })

  await t.test('an error in a stream of responses', async () => {
    const error = { type: 'error', code: 'server_error', message: 'overloaded', param: null }
    const delta = { type: 'response.output_text.delta', delta: 'It is ' }
    server.next(events({ type: 'response.created', response: { id: 'resp_1' } }, delta, error))
    const outcome = await outcomeOf(() => responses().catch(() => undefined))
    assert.deepEqual([outcome?.outcome, outcome?.details?.ended], ['error', 'failed'])
    assert.equal(outcome?.said.answer, 'It is ')
    assert.deepEqual(JSON.parse(outcome?.said.response ?? ''), { id: 'resp_1', error, output: [] })
  })

  await t.test('responses that failed, and that are incomplete', async () => {
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'It is' }] }]
    const failed = { id: 'resp_1', status: 'failed', error: { code: 'server_error' }, output: [] }
    const incomplete = {
      id: 'resp_2',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output,
    }
    server.next(
      events({ type: 'response.failed', response: failed }),
      events({ type: 'response.incomplete', response: incomplete }),
    )
    const first = await outcomeOf(() => responses().catch(() => undefined))
    assert.deepEqual([first?.action, first?.details?.ended], ['agent_failed', 'failed'])
    assert.deepEqual(JSON.parse(first?.said.response ?? ''), failed)
    const second = await outcomeOf(responses)
    assert.deepEqual([second?.action, second?.details?.ended], ['agent_response_generated', 'complete'])
    assert.equal(JSON.parse(second?.said.circumstances ?? '').finish_reason, 'max_output_tokens')
  })

  await t.test('an answer that is finished, in a stream that does not say that it is', async () => {
    server.next(events(chunk({ role: 'assistant', content: 'Well.' }), chunk({}, 'stop')))
    const outcome = await outcomeOf(async () => assert.equal(await chat(), 'Well.'))
    assert.equal(outcome?.details?.ended, 'complete')
  })

  await t.test('a reader that leaves when the answer is finished, before the stream is', async () => {
    const rest = Promise.withResolvers<void>()
    server.next((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const one of [chunk({ content: 'Well.' }), chunk({}, 'stop')])
        response.write(`data: ${JSON.stringify(one)}\n\n`)
      void rest.promise.then(() => response.end(DONE))
    })
    const outcome = await outcomeOf(async () => {
      for await (const { choices } of await client.chat.completions.create({
        model: 'gpt',
        messages: [],
        stream: true,
      })) {
        if (choices[0]?.finish_reason === 'stop') break
      }
      await world.audit.message('Is that all?')
    })
    rest.resolve()
    assert.deepEqual([outcome?.details?.ended, outcome?.said.answer], ['complete', 'Well.'])
  })

  await t.test('several choices in turns, with calls of tools and other pieces', async () => {
    const call = (index: number, more: object) => ({ tool_calls: [{ index, ...more }] })
    server.next(
      events(
        ': a comment\n\n',
        chunk({ role: 'assistant', content: 'One', reasoning_content: 'Let me ' }),
        chunk({ role: 'assistant', content: 'Two' }, null, 1),
        chunk({ role: 'assistant', content: ' more.', reasoning_content: 'see.' }),
        chunk(call(0, { id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"a"' } })),
        chunk(call(1, { id: 'call_2', type: 'custom', custom: { name: 'run', input: 'select ' } })),
        chunk(call(0, { function: { arguments: ':1}' } })),
        chunk(call(1, { custom: { input: '1' } })),
        chunk({ annotations: [{ type: 'url_citation', url: 'a' }] }),
        chunk({ annotations: [{ type: 'url_citation', url: 'b' }], __proto__: null }),
        chunk({}, 'tool_calls'),
        chunk({ content: '.' }, 'stop', 1),
        { ...chunk({}), choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
        DONE,
      ),
    )
    const outcome = await outcomeOf(chat)
    assert.equal(outcome?.said.answer, 'One more.\nTwo.')
    assert.deepEqual(outcome?.details?.tools_requested, ['find', 'run'])
    assert.deepEqual(outcome?.details?.tokens, { input: 1, output: 2 })
    assert.deepEqual(JSON.parse(outcome?.said.response ?? '').choices, [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'One more.',
          reasoning_content: 'Let me see.',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"a":1}' } },
            { id: 'call_2', type: 'custom', custom: { name: 'run', input: 'select 1' } },
          ],
          annotations: [
            { type: 'url_citation', url: 'a' },
            { type: 'url_citation', url: 'b' },
          ],
        },
        finish_reason: 'tool_calls',
      },
      { index: 1, message: { role: 'assistant', content: 'Two.' }, finish_reason: 'stop' },
    ])
  })

  await t.test('a refusal of the model', async () => {
    server.next(events(chunk({ role: 'assistant', refusal: 'I ' }), chunk({ refusal: 'cannot.' }, 'stop'), DONE))
    assert.equal((await outcomeOf(chat))?.said.answer, 'I cannot.')
  })

  await t.test('nothing at all', async () => {
    server.next(events(), events(DONE))
    assert.deepEqual((await outcomeOf(chat))?.details?.ended, 'cut')
    assert.deepEqual((await outcomeOf(chat))?.details?.ended, 'complete')
  })

  await t.test('events that are no objects', async () => {
    server.next(events('data: 7\n\ndata: "a"\n\ndata: null\n\ndata: [1]\n\n', DONE))
    const outcome = await outcomeOf(() => chat().catch(() => undefined))
    assert.ok(outcome !== undefined)
  })

  await t.test('a stream that names members of every object', async () => {
    const odd = '{"__proto__":"x","constructor":"y","toString":"z","content":"Well."}'
    server.next(events(`data: {"choices":[{"index":0,"delta":${odd},"finish_reason":"stop"}]}\n\n`, DONE))
    const outcome = await outcomeOf(chat)
    const [{ message }] = JSON.parse(outcome?.said.response ?? '').choices
    assert.deepEqual(message, JSON.parse(odd))
  })
})
