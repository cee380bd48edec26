// Messages of Anthropic's client on record: what the provider was asked and what it sent, whatever happened on the way.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import Anthropic from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'
import { auditedFetch } from '../src/adapters/anthropic/audited-fetch.ts'
import { anthropicMiddleware, auditAnthropic, auditAnthropicTool } from '../src/adapters/anthropic.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { actionsOf, type CapturedRecord, CONTEXT, openWorld, type World } from './captured.ts'
import { asks, type Behaviour, cut, hold, inPieces, malformed, SOME_TEXT, slow, status } from './mock-answer.ts'
import { type MockCall, type MockProvider, startMockProvider } from './mock-provider.ts'

let provider: MockProvider
before(async () => {
  provider = await startMockProvider()
})
after(() => provider.close())

const PARIS = { id: 'toolu_1', name: 'get_weather', arguments: '{"city":"Paris"}' } as const
const ROME = { id: 'toolu_2', name: 'get_weather', arguments: '{"city":"Rome"}' } as const
const QUESTION = { role: 'user', content: 'Weather in Paris and Rome?' } as const
const TOOL = { name: 'get_weather', input_schema: { type: 'object' } } as const
const ASKED: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude',
  max_tokens: 100,
  metadata: { user_id: 'u-1' },
  system: 'You are a clinic.',
  tools: [TOOL],
  messages: [QUESTION],
}
const STREAM = { ...ASKED, stream: true } as const
const ANSWERED = ['conversation_started', 'user_message_received', 'model_invoked', 'agent_response_generated']
const FAILED = [...ANSWERED.slice(0, 3), 'agent_failed']
const TOKENS = { input: 21, output: 9, cached_input: 4 }

/** Something that an application does, and what the provider and the ledger saw of it. */
interface Seen<Result> {
  readonly result: Result
  readonly calls: readonly MockCall[]
  readonly records: readonly CapturedRecord[]
}

let conversations = 0
async function see<Result>(
  { audit, recorded }: World,
  behaviours: readonly Behaviour[],
  work: () => Promise<Result>,
): Promise<Seen<Result>> {
  const conversation_id = `c-${++conversations}`
  const from = provider.calls.length
  provider.next(...behaviours)
  const result = await audit.run({ ...CONTEXT, conversation_id }, work)
  await provider.idle()
  return { result, calls: provider.calls.slice(from), records: await recorded({ conversation_id }) }
}

/** Where nothing of ours runs when a client gives up, nobody waits for the record that is on its way. */
async function ended({ recorded }: World): Promise<void> {
  while ((await recorded({ conversation_id: `c-${conversations}` })).length < ANSWERED.length);
}

function last(records: readonly CapturedRecord[]): CapturedRecord {
  return records.at(-1) ?? assert.fail('nothing was recorded')
}

function said(record: CapturedRecord, name: string): unknown {
  return JSON.parse(record.said[name] ?? assert.fail(`${record.action} has no ${name}`))
}

/** The request of a call, put together from what is on record. */
async function sentAsRecorded({ recorded }: World, invoked: CapturedRecord): Promise<unknown> {
  const { messages, parameters } = said(invoked, 'request') as { messages: unknown[]; parameters: object }
  const prompts = await recorded({ action: 'prompt_changed' })
  const prompt = prompts.find(({ prompt_version }) => prompt_version === invoked.prompt_version)
  const { instructions, tools } = said(prompt ?? assert.fail('no such prompt'), 'prompt') as Record<string, unknown[]>
  return { ...parameters, system: instructions?.[0], tools, messages }
}

async function read(stream: AsyncIterable<Anthropic.RawMessageStreamEvent>): Promise<number> {
  let events = 0
  for await (const _ of stream) events++
  return events
}

for (const [name, Client] of [
  ['anthropic 1', Anthropic],
  ['anthropic 0', Anthropic0],
] as const) {
  // Two majors have the same calls in types that are not each other's: what is used of them here is in both.
  function create(options: { maxRetries?: number; timeout?: number; baseURL?: string } = {}): Anthropic {
    return new Client({ apiKey: 'secret', baseURL: provider.url, logLevel: 'off', ...options }) as Anthropic
  }

  test(name, async (t) => {
    const world = await openWorld(t)
    const client = auditAnthropic(create(), world.audit)

    await t.test('a message is on record as it was asked for and as it was sent', async () => {
      const { calls, records } = await see(world, [], () => client.messages.create(ASKED))
      assert.deepEqual(actionsOf(records), ANSWERED)
      const [, question, invoked, answer] = records as [CapturedRecord, CapturedRecord, CapturedRecord, CapturedRecord]
      assert.equal(question.said.message, QUESTION.content)
      assert.deepEqual(await sentAsRecorded(world, invoked), JSON.parse(calls[0]?.body ?? ''))
      assert.equal(invoked.parent_id, question.id)
      assert.equal(invoked.details?.recipient, provider.url)
      assert.deepEqual(said(answer, 'response'), JSON.parse(calls[0]?.sent.body ?? ''))
      assert.equal(answer.said.answer, SOME_TEXT)
      assert.equal(answer.parent_id, invoked.id)
      const { ended, model_answered, tokens, attempts } = answer.details ?? {}
      assert.deepEqual(
        { ended, model_answered, tokens, attempts },
        { ended: 'complete', model_answered: 'claude-2026-10-01', tokens: TOKENS, attempts: undefined },
      )
    })

    await t.test('a stream is on record as the message that it makes, however it is parted', async () => {
      for (const bytes of [100_000, 1]) {
        const behaviour = inPieces({ text: 'Zürich 🌞', calls: [PARIS] }, bytes)
        const { result, calls, records } = await see(world, [behaviour], () =>
          client.messages.stream(ASKED).finalMessage(),
        )
        assert.deepEqual(actionsOf(records), ANSWERED)
        const message = JSON.parse(JSON.stringify({ ...result, parsed_output: undefined }))
        assert.deepEqual(said(last(records), 'response'), message)
        assert.equal(last(records).said.answer, 'Zürich 🌞')
        assert.deepEqual(last(records).details?.tokens, TOKENS)
        assert.equal(calls[0]?.sent.isCut, false)
      }
    })

    await t.test('two tools at once, and their results with the next message', async () => {
      const { records, calls } = await see(world, [asks(PARIS, ROME)], async () => {
        const asked = await client.messages.create(ASKED)
        const results = asked.content.map((block) => {
          const id = block.type === 'tool_use' ? block.id : assert.fail()
          return { type: 'tool_result', tool_use_id: id, content: 'sunny', is_error: id === ROME.id } as const
        })
        const messages = [
          QUESTION,
          { role: 'assistant', content: asked.content },
          { role: 'user', content: results },
        ] as const
        await client.messages.create({ ...ASKED, messages: [...messages] })
      })
      const [first, second] = records.filter(({ action }) => action === 'agent_response_generated')
      assert.deepEqual(first?.details?.tools_requested, ['get_weather', 'get_weather'])
      assert.equal(second?.said.answer, SOME_TEXT)
      // Results of tools are no message of the user; what was sent before is not kept twice.
      assert.equal(records.filter(({ action }) => action === 'user_message_received').length, 1)
      const invoked = records.filter(({ action }) => action === 'model_invoked')
      assert.equal(invoked[1]?.details?.continues, invoked[0]?.id)
      const { messages } = JSON.parse(calls[1]?.body ?? '') as { messages: unknown[] }
      assert.deepEqual(
        (said(invoked[1] ?? assert.fail(), 'request') as { messages: unknown[] }).messages,
        messages.slice(1),
      )
    })

    await t.test('a tool that is run while the answer still streams is run when the answer is on record', async () => {
      const rest = hold()
      // The model has moved on from the first call, and the answer has not ended.
      const streaming: Behaviour = {
        does: 'answer',
        answer: { calls: [PARIS, ROME] },
        delivery: { kind: 'held', after: 8, hold: rest },
      }
      let ran = 0
      const tool = {
        ...TOOL,
        type: 'custom' as const,
        // What the tool is given is not what the model wrote: by its id alone it is the call that was asked for.
        parse: (input: unknown): object => ({ ...Object(input), unit: 'C' }),
        run: async () => `sunny ${++ran}`,
      }
      const { records } = await see(world, [streaming], async () => {
        const { tools: _, ...asked } = ASKED
        const tools = [auditAnthropicTool(tool, world.audit)]
        const runner = client.beta.messages.toolRunner({ ...asked, tools, stream: true, runToolsEagerly: true })
        const done = (async () => {
          for await (const turn of runner) await turn.done()
        })()
        await rest.reached
        for (let i = 0; i < 50; i++) await new Promise(setImmediate)
        const ranEarly = ran
        rest.release()
        await done
        assert.equal(ranEarly, 0)
      })
      assert.equal(ran, 2)
      const [answer] = records.filter(({ action }) => action === 'agent_response_generated')
      const invoked = records.filter(({ action }) => action === 'tool_invoked')
      for (const [i, asked] of [PARIS, ROME].entries()) {
        assert.equal(invoked[i]?.parent_id, answer?.id)
        assert.deepEqual(said(invoked[i] ?? assert.fail(), 'arguments'), { ...JSON.parse(asked.arguments), unit: 'C' })
        const completed = records.find(({ parent_id }) => parent_id === invoked[i]?.id)
        assert.match(completed?.said.result ?? '', /sunny/)
      }
    })

    await t.test('tries of one call are one call', async () => {
      for (const ask of [() => client.messages.create(ASKED), () => client.messages.stream(ASKED).finalMessage()]) {
        const { calls, records } = await see(world, [status(429), status(500)], ask)
        assert.equal(calls.length, 3)
        assert.deepEqual(actionsOf(records), ANSWERED)
        assert.deepEqual(last(records).details?.attempts, [
          { n: 1, status: 429 },
          { n: 2, status: 500 },
        ])
      }
    })

    await t.test('a try whose connection was lost is one too', async () => {
      const { calls, records } = await see(world, [cut({ after: 0 })], async () =>
        read(await client.messages.create(STREAM)),
      )
      assert.equal(calls.length, 2)
      assert.deepEqual(actionsOf(records), ANSWERED)
      assert.deepEqual(last(records).details?.attempts, [{ n: 1, error: { name: 'TypeError' } }])
    })

    await t.test('a refusal is the outcome where the client gives up', async () => {
      const behaviours = [status(400), status(429), status(503), status(500)]
      const { calls, records } = await see(world, behaviours, async () => {
        await assert.rejects(client.messages.create(ASKED), { status: 400 })
        await assert.rejects(client.messages.create(ASKED), { status: 500 })
      })
      assert.equal(calls.length, 4)
      const [once, thrice] = records.filter(({ action }) => action === 'agent_failed')
      assert.deepEqual(once?.details, { ended: 'failed', error: { code: 'api_error', status: 400 } })
      assert.deepEqual(said(once, 'response'), JSON.parse(calls[0]?.sent.body ?? ''))
      assert.deepEqual(thrice?.details?.attempts, [
        { n: 1, status: 429 },
        { n: 2, status: 503 },
      ])
      assert.equal(thrice?.said.error, 'refused with 500')
    })

    await t.test('an abort is recorded whenever it comes', async () => {
      const waiting = hold()
      const streaming = hold()
      const abort = new AbortController()
      const whole = await see(world, [slow(waiting)], async () => {
        const asked = assert.rejects(client.messages.create(ASKED, { signal: abort.signal }), /aborted/)
        await waiting.reached
        abort.abort()
        await asked
      })
      assert.deepEqual(actionsOf(whole.records), FAILED)
      assert.equal(last(whole.records).details?.ended, 'cancelled')

      const unread = await see(world, [slow(streaming, { after: 4 })], async () => {
        const stream = await client.messages.create(STREAM)
        await streaming.reached
        // What is not read has no outcome yet.
        assert.deepEqual(actionsOf(await world.recorded({ conversation_id: `c-${conversations}` })), FAILED.slice(0, 3))
        stream.controller.abort()
        await ended(world)
      })
      assert.equal(last(unread.records).details?.ended, 'cancelled')
      assert.equal(unread.calls[0]?.sent.isCut, true)
    })

    await t.test('an abort between two tries is recorded, and no further try is made', async () => {
      const abort = new AbortController()
      const tell = (message: string): void => {
        if (message.includes('retrying')) setImmediate(() => abort.abort())
      }
      const logger = { error: tell, warn: tell, info: tell, debug: tell }
      const patient = client.withOptions({ logger, logLevel: 'info' })
      const { calls, records } = await see(world, [status(429, { retryAfterMs: 60_000 })], async () => {
        await assert.rejects(patient.messages.create(ASKED, { signal: abort.signal }), /aborted/)
        await ended(world)
      })
      assert.equal(calls.length, 1)
      assert.deepEqual(actionsOf(records), FAILED)
      assert.deepEqual(last(records).details, { ended: 'cancelled', error: { name: 'AbortError', status: 429 } })
    })

    await t.test('a timeout of the client is its doing, and no abort of the application', async () => {
      // A provider of its own: whether the request comes before it is given up is left to the machine.
      const silent = await startMockProvider()
      silent.next(slow(hold()))
      const impatient = auditAnthropic(create({ timeout: 20, maxRetries: 0, baseURL: silent.url }), world.audit)
      const { records } = await see(world, [], () => assert.rejects(impatient.messages.create(ASKED), /timed out/))
      await silent.close()
      assert.deepEqual(actionsOf(records), FAILED)
      assert.deepEqual(last(records).details, { ended: 'failed', error: { name: 'TimeoutError' } })
    })

    await t.test('whoever stops reading has cancelled; what came until then is kept', async () => {
      const rest = hold()
      const { records, calls } = await see(world, [slow(rest, { after: 4 })], async () => {
        for await (const event of await client.messages.create(STREAM)) {
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta' && event.delta.text === 'is ')
            break
        }
      })
      assert.deepEqual(actionsOf(records), ANSWERED)
      assert.equal(last(records).details?.ended, 'cancelled')
      assert.equal(last(records).outcome, 'failure')
      assert.equal(last(records).said.answer, 'It is ')
      assert.equal(calls[0]?.sent.isCut, true)
    })

    await t.test('a stream that is cut is on record as far as it came', async () => {
      for (const by of ['end', 'reset'] as const) {
        const { records } = await see(world, [cut({ after: 4, by })], async () => {
          const reading = read(await client.messages.create(STREAM))
          if (by === 'end') assert.equal(await reading, 4)
          else await assert.rejects(reading, /terminated/)
        })
        assert.deepEqual(actionsOf(records), ANSWERED)
        assert.equal(last(records).details?.ended, 'cut')
        assert.equal(last(records).said.answer, 'It is ')
      }
    })

    await t.test('half a body, and what is no JSON, is a failure', async () => {
      for (const behaviour of [malformed(), cut({ by: 'end' }), cut()]) {
        const { calls, records } = await see(world, [behaviour], () => assert.rejects(client.messages.create(ASKED)))
        assert.equal(calls.length, 1)
        assert.deepEqual(actionsOf(records), FAILED)
        assert.equal(last(records).said.response, calls[0]?.sent.body)
      }
      const { calls, records } = await see(world, [malformed()], () =>
        assert.rejects(client.messages.stream(ASKED).finalMessage(), /JSON/),
      )
      assert.equal(calls.length, 1)
      assert.deepEqual(actionsOf(records), ANSWERED)
      assert.equal(last(records).details?.ended, 'failed')
      assert.equal(last(records).said.answer, SOME_TEXT)
    })

    await t.test('middleware that a client is made with does the same, and other requests are none of it', async () => {
      const made = new Client({
        apiKey: 'secret',
        baseURL: provider.url,
        middleware: [anthropicMiddleware(world.audit)],
      }) as Anthropic
      const { records } = await see(world, [status(429)], async () => {
        await made.withOptions({ maxRetries: 1 }).messages.create(ASKED)
        await assert.rejects(made.models.list(), { status: 400 })
      })
      assert.deepEqual(actionsOf(records), ANSWERED)
      assert.deepEqual(last(records).details?.attempts, [{ n: 1, status: 429 }])
    })

    await t.test('a client whose fetch is audited too makes one pair of records', async () => {
      assert.equal(auditAnthropic(client, world.audit), client)
      const twice = client.withOptions({ fetch: auditedFetch(world.audit, fetch, 2) })
      const { records } = await see(world, [], () => twice.messages.create(ASKED))
      assert.deepEqual(actionsOf(records), ANSWERED)
    })

    await t.test('a client without middleware is audited by its fetch', async () => {
      const old = Object.defineProperty(create(), 'middleware', { value: undefined })
      const audited = auditAnthropic(old, world.audit)
      const { calls, records } = await see(world, [status(429)], () => audited.messages.create(ASKED))
      assert.equal(calls.length, 2)
      assert.deepEqual(actionsOf(records), ANSWERED)
      assert.deepEqual(last(records).details?.attempts, [{ n: 1, status: 429 }])
    })
  })

  test(`${name}, when the ledger is closed`, async (t) => {
    const { ledger, audit } = await openWorld(t)
    const client = auditAnthropic(create(), audit)

    await t.test('an answer that cannot be recorded is not given out, and not asked for again', async () => {
      const before = provider.calls.length
      await audit.run(CONTEXT, async () => {
        const holds = [hold(), hold()]
        provider.next(...holds.map((held) => slow(held)))
        const asked = [client.messages.create(ASKED), client.messages.create(STREAM).then(read)]
        const refused = Promise.all(asked.map((answer) => assert.rejects(answer, isRefusal)))
        await Promise.all(holds.map(({ reached }) => reached))
        await ledger.close()
        for (const held of holds) held.release()
        await refused
      })
      assert.equal(provider.calls.length, before + 2)
    })

    await t.test('with a ledger that refuses, no message is asked for', async () => {
      const old = auditAnthropic(Object.defineProperty(create(), 'middleware', { value: undefined }), audit)
      const before = provider.calls.length
      await audit.run(CONTEXT, async () => {
        await assert.rejects(client.messages.create(ASKED), isRefusal)
        await assert.rejects(client.messages.create(STREAM), isRefusal)
        await assert.rejects(old.messages.create(ASKED), { status: 424, message: /ledger-closed/ })
      })
      assert.equal(provider.calls.length, before)
    })
  })

  test(`${name}: a tool whose call cannot be recorded is not run, and the run ends with it`, async (t) => {
    const { ledger, audit } = await openWorld(t)
    const client = auditAnthropic(create(), audit)
    const before = provider.calls.length
    let ran = 0
    const run = async (): Promise<string> => `sunny ${++ran}`
    const tool = auditAnthropicTool({ ...TOOL, type: 'custom' as const, parse: (input: unknown) => input, run }, audit)
    provider.next(asks(PARIS, ROME))
    const { tools: _, ...asked } = ASKED
    const running = audit.run(CONTEXT, async () => {
      for await (const _ of client.beta.messages.toolRunner({ ...asked, tools: [tool] })) await ledger.close()
    })
    // The client makes a result of what the tool threw, and would go on.
    await assert.rejects(running, { code: 'run-stopped' })
    assert.equal(ran, 0)
    assert.equal(provider.calls.length, before + 1)
  })
}

function isRefusal(error: unknown): boolean {
  return error instanceof LedgerError && error.code === 'ledger-closed'
}
