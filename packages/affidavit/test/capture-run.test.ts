// A run: every step in it, however deep and however late, is done in its name (spec/capture.md §1).

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { suite, test } from 'node:test'

import fc from 'fast-check'
import type { RunContext } from '../src/capture/steps.ts'
import { createAudit } from '../src/capture.ts'
import { ASKING, actionsOf, clinic, only, turns } from './audited-work.ts'

const { begin } = clinic()
const PERSON = { actor_id: 'dr-adams' }

suite('a run', () => {
  test('gives its context to every record: whose work it is, about whom, why, and on whose behalf', async (t) => {
    const { audit, agent_name, entries } = await begin(t)
    const context = {
      conversation_id: 'visit-7',
      actor_id: 'dr-adams',
      actor_type: 'admin',
      agent_version: '2.1',
      subject_ids: ['p-2', 'p-1'],
      purpose: 'treatment',
      grant_id: 'G-7',
      source: { service: 'clinic', trace_id: 'a'.repeat(32) },
    } as const
    await audit.run(context, async () => {
      await audit.message('How is she?')
      await audit.modelCall({ model: 'm-1' }, () => 'well')
      await audit.tool('get_chart', () => 'chart')()
      await audit.delivered()
    })
    for (const record of (await entries()).filter(({ action }) => action !== 'model_changed')) {
      assert.equal(record.conversation_id, 'visit-7')
      assert.deepEqual([record.agent_name, record.agent_version], [agent_name, '2.1'])
      assert.deepEqual([record.purpose, record.grant_id, record.source], ['treatment', 'G-7', context.source])
      assert.equal(record.subject_ids?.length, 2)
      const isUser = ['conversation_started', 'user_message_received'].includes(record.action)
      assert.equal(record.actor_type, isUser ? 'admin' : 'agent', record.action)
      assert.equal(record.on_behalf_of === undefined, isUser)
      if (!isUser) assert.equal(record.actor_id, agent_name)
    }
  })

  test('names another agent than that of the audit', async (t) => {
    const { audit, context, entries } = await begin(t)
    await audit.run({ ...context, agent_name: 'triage' }, () => audit.modelCall({}, () => 1))
    const [invoked] = only(await entries(), 'model_invoked')
    assert.deepEqual([invoked?.agent_name, invoked?.actor_id], ['triage', 'triage'])
  })

  test('is found again behind awaits, timers, events and streams that are read elsewhere', async (t) => {
    const { audit, context, entries } = await begin(t)
    const emitter = new EventEmitter()
    const late = Promise.withResolvers<void>()
    const step = audit.tool('step', (what: string) => what)
    const stream = audit.run(context, () => {
      setTimeout(() => step('timer').then(() => late.resolve(), late.reject), 1)
      emitter.on('asked', async () => emitter.emit('answered', await step('event').catch((error) => error)))
      return new ReadableStream<string>({
        async start(controller) {
          await turns(1)
          controller.enqueue(await step('stream'))
        },
      })
    })
    await audit.run({ ...context, conversation_id: 'elsewhere' }, async () => {
      const call = await audit.beginModelCall(ASKING)
      await late.promise
      assert.equal((await stream.getReader().read()).value, 'stream')
      await call.end({ ended: 'complete' })
    })
    const tools = only(await entries(), 'tool_invoked')
    assert.deepEqual(
      tools.map(({ conversation_id }) => conversation_id),
      [context.conversation_id, context.conversation_id],
    )
    // An emitter calls its listeners where the event is made known.
    const told = once(emitter, 'answered')
    audit.run({ ...context, conversation_id: 'event' }, () => emitter.emit('asked'))
    assert.deepEqual(await told, ['event'])
    assert.equal(only(await entries(), 'tool_invoked').at(-1)?.conversation_id, 'event')
  })

  test('a step that ends in another run belongs to the one that it was begun in', async (t) => {
    const { audit, context, entries } = await begin(t)
    const [call, tool, approval] = await audit.run(context, async () => [
      await audit.beginModelCall(ASKING),
      await audit.beginToolCall({ sdk: 'mcp', layer: 'client', name: 'get_chart', arguments: {} }),
      await audit.beginApproval({ sdk: 'mcp', layer: 'client', reason: 'surgery' }),
    ])
    await audit.run({ conversation_id: 'other', actor_id: 'nurse' }, async () => {
      await call.end({ ended: 'complete', answer: 'well' })
      await tool.end({ ended: 'complete', result: 'chart' })
      await approval.end({ approved: true, by: 'person' })
      await tool.enter(() => audit.tool('within', () => 1)())
    })
    const records = await entries()
    assert.ok(records.every(({ conversation_id }) => conversation_id === context.conversation_id))
    assert.equal(only(records, 'approval_decided')[0]?.actor_type, 'user')
  })

  test('runs in parallel keep their steps apart', async (t) => {
    const { audit, entries } = await begin(t)
    const visits = fc.array(fc.array(fc.nat(3), { maxLength: 4 }), { minLength: 2, maxLength: 5 })
    let rounds = 0
    await fc.assert(
      fc.asyncProperty(visits, async (visits) => {
        const round = ++rounds
        await Promise.all(
          visits.map((steps, visit) =>
            audit.run({ conversation_id: `parallel-${round}-${visit}`, ...PERSON }, async () => {
              for (const waits of steps) {
                await turns(waits)
                await audit.message(`${round}-${visit}`)
              }
            }),
          ),
        )
        const said = only(await entries(), 'user_message_received').filter(({ conversation_id = '' }) =>
          conversation_id.startsWith(`parallel-${round}-`),
        )
        for (const [visit, steps] of visits.entries()) {
          const own = said.filter(({ conversation_id }) => conversation_id === `parallel-${round}-${visit}`)
          assert.equal(own.length, steps.length)
          assert.deepEqual(
            own.map(({ details }) => details?.characters),
            steps.map(() => `${round}-${visit}`.length),
          )
        }
      }),
      { numRuns: 8 },
    )
  })

  test('within another run has its own context, and the outer one goes on with its own', async (t) => {
    const { audit, context, agent_name, entries } = await begin(t)
    await audit.run(context, async () => {
      await audit.run({ conversation_id: 'inner', actor_id: 'nurse', agent_name: 'billing' }, async () => {
        await audit.tool('bill', () => 1)()
      })
      await audit.tool('chart', () => 1)()
    })
    assert.deepEqual(
      only(await entries(), 'tool_invoked').map((one) => [one.conversation_id, one.agent_name]),
      [
        ['inner', 'billing'],
        [context.conversation_id, agent_name],
      ],
    )
  })

  test('gives back what its work gives, and throws what it throws, at once', async (t) => {
    const { audit, context } = await begin(t)
    assert.equal(
      audit.run(context, () => 7),
      7,
    )
    assert.throws(() => audit.run(context, () => assert.fail('as it is')), { message: 'as it is' })
  })

  test('is not changed by what its caller does to the context afterwards', async (t) => {
    const { audit, context, entries } = await begin(t)
    const subject_ids = ['p-1']
    const source = { service: 'clinic' }
    await audit.run({ ...context, subject_ids, source }, async () => {
      subject_ids.push('p-2')
      source.service = 'other'
      await audit.message('hello')
    })
    const [said] = only(await entries(), 'user_message_received')
    assert.deepEqual([said?.subject_ids?.length, said?.source], [1, { service: 'clinic' }])
  })
})

suite('outside of any run', () => {
  test('a step is recorded, in no conversation, and says so', async (t) => {
    const { audit, entries } = await begin(t)
    await audit.modelCall({ model: 'm-1' }, () => 'well')
    await audit.tool('get_chart', () => 'chart')()
    await audit.message('hello')
    const records = (await entries()).filter(({ action }) => action !== 'model_changed')
    assert.deepEqual(actionsOf(records), [
      'model_invoked',
      'agent_response_generated',
      'tool_invoked',
      'tool_completed',
      'data_accessed',
      'user_message_received',
    ])
    for (const { conversation_id, details } of records) {
      assert.deepEqual([conversation_id, details?.outside_run], [undefined, true])
    }
    assert.deepEqual([records.at(-1)?.actor_type], ['system'])
  })

  test('one step knows nothing of another, but of what it is made within', async (t) => {
    const { audit, entries } = await begin(t)
    await audit.tool('outer', () => audit.tool('inner', () => 1)())()
    await audit.modelCall({ messages: [{ role: 'user', value: 'x', text: 'x' }] }, () => 1)
    await audit.modelCall({ messages: [{ role: 'user', value: 'x', text: 'x' }] }, () => 1)
    const calls = only(await entries(), 'model_invoked')
    assert.deepEqual(
      calls.map(({ details }) => details?.continues),
      [undefined, undefined],
    )
    assert.equal(only(await entries(), 'user_message_received').length, 2)
    assert.equal(only(await entries(), 'tool_invoked').length, 2)
  })
})

suite('refused as a context', () => {
  const lies: readonly [what: string, context: unknown, path: string][] = [
    ['nothing', undefined, ''],
    ['no conversation', PERSON, 'conversation_id'],
    ['nobody', { conversation_id: 'c' }, 'actor_id'],
    ['an empty conversation', { conversation_id: '', ...PERSON }, 'conversation_id'],
    ['a conversation of 257 bytes', { conversation_id: 'c'.repeat(257), ...PERSON }, 'conversation_id'],
    ['a conversation that hides a character', { conversation_id: 'c\u202e', ...PERSON }, 'conversation_id'],
    ['a number for a conversation', { conversation_id: 7, ...PERSON }, 'conversation_id'],
    ['null for a person', { conversation_id: 'c', actor_id: null }, 'actor_id'],
    ['an agent for a person', { conversation_id: 'c', ...PERSON, actor_type: 'agent' }, 'actor_type'],
    ['a purpose of two lines', { conversation_id: 'c', ...PERSON, purpose: 'a\nb' }, 'purpose'],
    ['a text for subjects', { conversation_id: 'c', ...PERSON, subject_ids: 'p-1' }, 'subject_ids'],
    ['a subject without a name', { conversation_id: 'c', ...PERSON, subject_ids: ['p-1', ''] }, 'subject_ids[1]'],
    ['too many subjects', { conversation_id: 'c', ...PERSON, subject_ids: Array(101).fill('p') }, 'subject_ids'],
    ['a trace that is none', { conversation_id: 'c', ...PERSON, source: { trace_id: 'x' } }, 'source.trace_id'],
    ['a source of something', { conversation_id: 'c', ...PERSON, source: { port: '1' } }, 'source.port'],
    ['a member in another spelling', { conversation_id: 'c', ...PERSON, agentName: 'x' }, 'agentName'],
  ]
  for (const [what, context, path] of lies) {
    test(what, async (t) => {
      const { audit } = await begin(t)
      const run = (): unknown => audit.run(context as RunContext, () => assert.fail('it ran'))
      assert.throws(run, { name: 'LedgerError', code: 'invalid-query', path })
    })
  }
})

suite('refused as an option', () => {
  const lies: readonly [what: string, option: object, path: string][] = [
    ['an agent that hides a character', { agent_name: 'a\u200b' }, 'agent_name'],
    ['a producer without a name', { producer_id: '' }, 'producer_id'],
    ['nobody who changed prompts', { changed_by: { actor_id: '' } }, 'changed_by.actor_id'],
    ['no time', { idleMinutes: 0 }, 'idleMinutes'],
    ['more time than a timer has', { idleMinutes: 40_000 }, 'idleMinutes'],
    ['a time that is none', { idleMinutes: Number.NaN }, 'idleMinutes'],
  ]
  for (const [what, option, path] of lies) {
    test(what, async (t) => {
      const { ledger } = await begin(t)
      assert.throws(() => createAudit({ ledger, ...option }), { code: 'invalid-query', path })
    })
  }
})
