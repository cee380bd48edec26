// What the adapter for OpenAI recorded is what the provider was sent, and what it answered: whole, as a stream, through the
// helpers of the client; with two majors of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import OpenAI, { AzureOpenAI } from 'openai'

import { auditOpenAI } from '../src/adapters/openai.ts'
import { inPieces, SOME_TEXT } from './mock-answer.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { assertSent, MAJORS, openaiWorld, PARIS, QUESTION, ROME, readAll } from './openai-world.ts'

const CONVERSATION = { model: 'gpt', messages: [{ role: 'user' as const, content: QUESTION }] }

/** The last event of a stream of responses has all of the answer. */
function lastResponse(sent = ''): unknown {
  const events = sent.split('\n\n').filter((event) => event !== '')
  return JSON.parse(events.at(-1)?.replace(/^.*data: /s, '') ?? '').response
}

test('what was recorded is what was sent and answered', async (t) => {
  const world = await openaiWorld(t)
  const { provider, told, audit } = world

  for (const [major, Client] of MAJORS) {
    const client = world.client(Client)

    for (const way of [CHAT, RESPONSES]) {
      const name = `${major}, ${way.operation}`

      await t.test(`${name}: a whole answer`, async () => {
        const all = await told(async () => {
          assert.equal(way.words(await way.create(client, way.body(QUESTION))), SOME_TEXT)
        })
        assertSent(way, all)
        const [{ invoked, outcome } = {}] = all.pairs
        assert.deepEqual(JSON.parse(outcome?.said.response ?? ''), JSON.parse(all.calls[0]?.sent.body ?? ''))
        assert.equal(outcome?.said.answer, SOME_TEXT)
        assert.equal(outcome?.details?.ended, 'complete')
        assert.deepEqual(outcome?.details?.tokens, { input: 21, output: 9, cached_input: 4, reasoning: 2 })
        assert.equal(outcome?.details?.model_answered, 'gpt-2026-10-01')
        assert.equal(invoked?.model, 'gpt')
        assert.equal(invoked?.details?.recipient, provider.url)
        assert.deepEqual(
          all.records.map(({ action, said }) => [action, said.message]),
          [
            ['conversation_started', undefined],
            ['user_message_received', QUESTION],
            ['model_invoked', undefined],
            ['agent_response_generated', undefined],
          ],
        )
      })

      await t.test(`${name}: a stream, in pieces that part its characters`, async () => {
        const text = 'Zürich: 🌞 und 24 °C.'
        provider.next(inPieces({ text, calls: [PARIS, ROME] }, 7))
        const all = await told(async () => {
          assert.equal(await readAll(way, await way.stream(client, way.body(QUESTION))), text)
        })
        assertSent(way, all)
        const [{ outcome } = {}] = all.pairs
        assert.equal(outcome?.said.answer, text)
        assert.deepEqual(outcome?.details?.tools_requested, ['get_weather', 'get_weather'])
        const response = JSON.parse(outcome?.said.response ?? '')
        if (way === RESPONSES) return assert.deepEqual(response, lastResponse(all.calls[0]?.sent.body))
        const tool_calls = [PARIS, ROME].map(({ id, ...called }) => ({ id, type: 'function', function: called }))
        assert.deepEqual(response.choices, [
          {
            index: 0,
            message: { role: 'assistant', content: text, tool_calls },
            logprobs: null,
            finish_reason: 'tool_calls',
          },
        ])
      })

      await t.test(`${name}: the response itself, beside the answer and instead of it`, async () => {
        const all = await told(async () => {
          const { data, response } = await way.stream(client, way.body(QUESTION)).withResponse()
          assert.equal(response.headers.get('x-request-id'), 'req_mock')
          assert.equal(response.url, `${provider.url}/v1/${way.operation.replace('.', '/')}`)
          assert.equal(await readAll(way, data), SOME_TEXT)
          const whole = await way.create(client, way.body(QUESTION)).asResponse()
          assert.equal(await whole.text(), provider.calls.at(-1)?.sent.body)
        })
        assertSent(way, all)
        assert.deepEqual(
          all.pairs.map(({ outcome }) => outcome?.said.answer),
          [SOME_TEXT, SOME_TEXT],
        )
      })
    }

    await t.test(`${major}: streams that the client puts together`, async () => {
      provider.next(inPieces({ text: SOME_TEXT, calls: [PARIS] }, 50))
      const chat = await told(async () => {
        const whole = await client.chat.completions.stream(CONVERSATION).finalChatCompletion()
        assert.equal(whole.choices[0]?.message.content, SOME_TEXT)
      })
      assertSent(CHAT, chat)
      assert.equal(chat.pairs[0]?.outcome?.said.answer, SOME_TEXT)
      const responses = await told(async () => {
        const answer = await client.responses.stream({ model: 'gpt', input: QUESTION }).finalResponse()
        assert.equal(answer.output_text, SOME_TEXT)
      })
      assertSent(RESPONSES, responses)
      assert.equal(responses.pairs[0]?.outcome?.said.answer, SOME_TEXT)
    })
  }

  const client = world.client(OpenAI)

  await t.test('a history that grows is sealed once, and found whole', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'system', content: 'Be kind.' }]
    const questions = ['How is she?', 'Since when?', 'And before?']
    const all = await told(async () => {
      for (const content of questions) {
        messages.push({ role: 'user', content })
        const { choices } = await client.chat.completions.create({ model: 'gpt', messages })
        if (choices[0] !== undefined) messages.push(choices[0].message)
      }
    })
    assertSent(CHAT, all)
    assert.deepEqual(
      all.pairs.map(({ invoked }) => JSON.parse(invoked.said.request ?? '').messages.length),
      [2, 2, 2],
    )
    assert.deepEqual(
      all.records.filter(({ action }) => action === 'user_message_received').map(({ said }) => said.message),
      questions,
    )
  })

  await t.test('a history that the provider keeps', async () => {
    const all = await told(async () => {
      const { id } = await client.responses.create({ model: 'gpt', input: 'And in Rome?', instructions: 'Be kind.' })
      await client.responses.create({ model: 'gpt', input: 'Thanks.', previous_response_id: id })
    })
    assertSent(RESPONSES, all)
    const [first, second] = all.pairs
    const { parameters } = JSON.parse(second?.invoked.said.request ?? '')
    assert.equal(parameters.previous_response_id, JSON.parse(first?.outcome?.said.circumstances ?? '').response_id)
  })

  await t.test('what is changed after the call was made is recorded as it was sent', async () => {
    const messages = [{ role: 'user' as const, content: 'How is she?' }]
    const all = await told(async () => {
      const answer = client.chat.completions.create({ model: 'gpt', messages })
      messages.push({ role: 'user', content: 'Never mind.' })
      await new Promise(setImmediate)
      messages.push({ role: 'user', content: 'Or do.' })
      await answer
    })
    assertSent(CHAT, all)
  })

  await t.test('what a hook of the client changes is recorded as it was sent', async () => {
    class Clinic extends OpenAI {
      protected override async prepareRequest(request: { body?: unknown }): Promise<void> {
        request.body = JSON.stringify({ ...JSON.parse(String(request.body)), user: 'clinic' })
      }
    }
    const own = auditOpenAI(new Clinic({ apiKey: 'secret', baseURL: `${provider.url}/v1` }), audit)
    const all = await told(async () => void (await CHAT.create(own, CHAT.body(QUESTION))))
    assertSent(CHAT, all)
    assert.match(all.calls[0]?.body ?? '', /"user":"clinic"/)
  })

  await t.test('Azure', async () => {
    const all = await told(async () => {
      const azure = auditOpenAI(
        new AzureOpenAI({ apiKey: 'secret', endpoint: provider.url, apiVersion: '2026-10-01', deployment: 'X' }),
        audit,
      )
      assert.ok(azure instanceof AzureOpenAI)
      assert.equal(CHAT.words(await CHAT.create(azure, CHAT.body(QUESTION))), SOME_TEXT)
      assert.equal(await readAll(CHAT, await CHAT.stream(azure, CHAT.body(QUESTION))), SOME_TEXT)
    })
    assertSent(CHAT, all)
    assert.match(all.calls[0]?.path ?? '', /^\/openai\/deployments\/X\//)
  })
})
