// What AI SDKs ask a model, what it answers, and what tools do is on record as it was on the wire, however it ends.

import assert from 'node:assert/strict'
import { after, beforeEach, suite, test } from 'node:test'

import { askedOnRecord, askedOnWire, textSent } from './ai-sdk-wire.ts'
import { aiSdks } from './ai-sdks.ts'
import { auditedAgent, type Recorded } from './audited-agent.ts'
import { asks, type Behaviour, cut, hold, malformed, SOME_TEXT, slow, status } from './mock-answer.ts'
import { type MockCall, startMockProvider } from './mock-provider.ts'

const provider = await startMockProvider()
const agent = await auditedAgent()
after(() => Promise.all([provider.close(), agent.close()]))

const PARIS = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Paris"}' } as const
const ROME = { id: 'call_2', name: 'get_weather', arguments: '{"city":"Rome"}' } as const
const QUESTION = { prompt: 'Weather?' }
const readAll = async (): Promise<boolean> => true
const readSome = async (): Promise<boolean> => false
const STREAMED = { ...QUESTION, onText: readAll }

let asked = 0
beforeEach(() => {
  asked = provider.calls.length
})
/** What the provider was asked in this test. */
function calls(): readonly MockCall[] {
  return provider.calls.slice(asked)
}

/** Not what is recorded of a conversation or a version once. */
const STEPS = new Set(['model_invoked', 'agent_response_generated', 'agent_failed', 'tool_invoked', 'tool_completed'])
function steps(records: readonly Recorded[]): readonly Recorded[] {
  return records.filter(({ action }) => STEPS.has(action))
}
function briefly(records: readonly Recorded[]): string[] {
  return steps(records).map(({ action, details }) => [action, details?.ended].filter(Boolean).join(' '))
}

const ANSWERED = ['model_invoked', 'agent_response_generated complete']

for (const sdk of aiSdks(provider.url)) {
  suite(sdk.name, () => {
    for (const [how, question] of [
      ['an answer', QUESTION],
      ['a stream', STREAMED],
    ] as const) {
      test(`${how} is recorded as it was asked for, and as it came`, async () => {
        const done = await agent.during(() => sdk.ask(agent.audit, question))
        assert.equal(done.result, SOME_TEXT)
        const [call, ...others] = calls()
        assert.ok(call !== undefined && others.length === 0)
        const records = await done.recorded()
        assert.deepEqual(briefly(records), ANSWERED)
        const [invoked, answered] = steps(records)
        assert.deepEqual(askedOnRecord(records, invoked), askedOnWire(call))
        assert.equal(invoked?.details?.stream, question === STREAMED)
        assert.equal(invoked?.details?.recipient, 'openai.chat')
        assert.equal(answered?.parent_id, invoked?.id)
        assert.equal(answered?.sealed.answer, textSent(call))
        assert.deepEqual(answered?.details?.tokens, { input: 21, output: 9, cached_input: 4, reasoning: 2 })
        assert.equal(answered?.details?.model_answered, 'gpt-2026-10-01')
      })

      test(`two tools at once, asked for by ${how}, are recorded with their own arguments and results`, async () => {
        provider.next(asks(PARIS, ROME))
        const weather = async (city: string): Promise<unknown> => ({ city, sky: 'sunny' })
        const done = await agent.during(() => sdk.ask(agent.audit, { ...question, weather }))
        assert.equal(done.result, SOME_TEXT)
        const records = await done.recorded()
        const models = records.filter(({ action }) => action === 'model_invoked')
        assert.deepEqual(
          models.map((one) => askedOnRecord(records, one)),
          calls().map(askedOnWire),
        )
        const [answer] = records.filter(({ action }) => action === 'agent_response_generated')
        assert.deepEqual(answer?.details?.tools_requested, ['get_weather', 'get_weather'])
        const invoked = records.filter(({ action }) => action === 'tool_invoked')
        const completed = invoked.map(({ id }) =>
          records.find((one) => one.action === 'tool_completed' && one.parent_id === id),
        )
        assert.deepEqual(
          invoked.map(({ parent_id, details, sealed }, i) => [
            parent_id,
            details?.call_id,
            sealed.arguments,
            completed[i]?.sealed.result,
          ]),
          [
            [answer?.id, 'call_1', { city: 'Paris' }, { city: 'Paris', sky: 'sunny' }],
            [answer?.id, 'call_2', { city: 'Rome' }, { city: 'Rome', sky: 'sunny' }],
          ],
        )
      })

      test(`each try of ${how} that was refused is recorded as what it was`, async () => {
        provider.next(status(429), status(500))
        const done = await agent.during(() => sdk.ask(agent.audit, question))
        assert.equal(done.result, SOME_TEXT)
        const records = await done.recorded()
        assert.deepEqual(briefly(records), [
          'model_invoked',
          'agent_failed failed',
          'model_invoked',
          'agent_failed failed',
          ...ANSWERED,
        ])
        const failed = records.filter(({ action }) => action === 'agent_failed')
        assert.deepEqual(
          failed.map(({ details }) => details?.error),
          [429, 500].map((status) => ({ name: 'AI_APICallError', status })),
        )
        assert.deepEqual(
          calls().map(({ sent }) => sent.status),
          [429, 500, 200],
        )
      })

      test(`waiting for ${how}, the application may give up`, async () => {
        const held = hold()
        provider.next(slow(held))
        const giveUp = new AbortController()
        void held.reached.then(() => giveUp.abort())
        const done = await agent.during(() => sdk.ask(agent.audit, { ...question, abortSignal: giveUp.signal }))
        assert.equal(done.result, undefined)
        const records = await done.recorded({ until: 'agent_failed' })
        assert.deepEqual(briefly(records), ['model_invoked', 'agent_failed cancelled'])
      })

      test(`a tool that throws for ${how} is recorded with its error, and the model learns of it`, async () => {
        provider.next(asks(PARIS))
        const weather = (): Promise<unknown> => Promise.reject(new RangeError('no such city'))
        const done = await agent.during(() => sdk.ask(agent.audit, { ...question, weather }))
        assert.equal(done.result, SOME_TEXT)
        const [completed] = (await done.recorded()).filter(({ action }) => action === 'tool_completed')
        assert.equal(completed?.details?.ended, 'failed')
        assert.equal(completed?.outcome, 'error')
        assert.equal(completed?.sealed.error, 'no such city')
      })
    }

    test('an answer that is no JSON is a failure', async () => {
      provider.next(malformed())
      const done = await agent.during(() => sdk.ask(agent.audit, QUESTION))
      assert.ok(done.error instanceof Error)
      assert.deepEqual(briefly(await done.recorded()), ['model_invoked', 'agent_failed failed'])
      assert.equal(calls().length, 1)
    })

    for (const [what, behaviour, ended] of [
      ['whose connection breaks', cut({ after: 4 }), 'cut'],
      ['that ends before its last event', cut({ after: 4, by: 'end' }), 'cut'],
      ['with an event that is no JSON', malformed(), 'failed'],
    ] as const satisfies readonly (readonly [string, Behaviour, string])[]) {
      test(`a stream ${what} is recorded as ${ended}, with all that came of it`, async () => {
        provider.next(behaviour)
        const done = await agent.during(() => sdk.ask(agent.audit, STREAMED))
        const records = await done.recorded()
        assert.deepEqual(briefly(records), ['model_invoked', `agent_response_generated ${ended}`])
        const [call] = calls()
        const [, answered] = steps(records)
        assert.ok(call !== undefined)
        assert.equal(answered?.sealed.answer, textSent(call))
        assert.equal(calls().length, 1)
      })
    }

    test('a stream that is aborted while it is read is recorded as far as it was read', async () => {
      const held = hold()
      provider.next(slow(held, { after: 4 }))
      const giveUp = new AbortController()
      let read = ''
      const onText = async (text: string): Promise<boolean> => {
        read += text
        if (read === 'It is sunny ') giveUp.abort()
        return true
      }
      const done = await agent.during(() => sdk.ask(agent.audit, { ...QUESTION, onText, abortSignal: giveUp.signal }))
      const records = await done.recorded({ until: 'agent_response_generated' })
      assert.deepEqual(briefly(records), ['model_invoked', 'agent_response_generated cancelled'])
      assert.equal(steps(records)[1]?.sealed.answer, read)
    })

    test('a stream that nobody reads on, until the application aborts it, is recorded as cancelled', async () => {
      provider.next(slow(hold(), { after: 4 }))
      const giveUp = new AbortController()
      const { signal: abortSignal } = giveUp
      const done = await agent.during(() => sdk.ask(agent.audit, { ...QUESTION, onText: readSome, abortSignal }))
      assert.deepEqual(briefly(await done.recorded()), ['model_invoked'])
      giveUp.abort()
      const records = await done.recorded({ until: 'agent_response_generated' })
      assert.deepEqual(briefly(records), ['model_invoked', 'agent_response_generated cancelled'])
    })
  })
}
