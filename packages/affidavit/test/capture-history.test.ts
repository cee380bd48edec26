// A history that is sent again and again is sealed once, and each message of the user is one record (spec/capture.md §4).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import fc from 'fast-check'

import type { ModelStep, RunContext, SeenMessage } from '../src/capture/steps.ts'
import { ASKING, type CapturedRecord, clinic, only, turns, type Work } from './audited-work.ts'

const { begin } = clinic()

const BE_KIND: SeenMessage = { role: 'instructions', value: { role: 'system', content: 'Be kind.' } }

function user(text: string): SeenMessage {
  return { role: 'user', value: { role: 'user', content: text }, text }
}

function assistant(text: string): SeenMessage {
  return { role: 'assistant', value: { role: 'assistant', content: text } }
}

/** One call with this history. */
async function send({ audit }: Work, messages: readonly SeenMessage[], more: Partial<ModelStep> = {}): Promise<void> {
  const call = await audit.beginModelCall({ ...ASKING, messages, ...more })
  await call.end({ ended: 'complete', answer: 'well' })
}

/** The same in a run of its own. */
function sendIn(work: Work, messages: readonly SeenMessage[], context: Partial<RunContext> = {}): Promise<void> {
  return work.audit.run({ ...work.context, ...context }, () => send(work, messages))
}

function said(records: readonly CapturedRecord[]): readonly (string | undefined)[] {
  return only(records, 'user_message_received').map(({ said }) => said.message)
}

/** What was sent with a call, put together from the records alone. */
function sentWith(records: readonly CapturedRecord[], call: CapturedRecord | undefined): readonly unknown[] {
  assert.ok(call !== undefined)
  const { messages } = JSON.parse(call.said.request ?? '')
  const { continues, messages_kept } = call.details ?? {}
  if (continues === undefined) return messages
  const earlier = records.find(({ id, action }) => id === continues && action === 'model_invoked')
  return [...sentWith(records, earlier).slice(0, Number(messages_kept)), ...messages]
}

function valuesOf(messages: readonly SeenMessage[]): readonly unknown[] {
  return messages.map(({ value }) => value)
}

/** Each call's history is found again, and the number of messages that it seals. */
function assertFound(records: readonly CapturedRecord[], histories: readonly (readonly SeenMessage[])[]): number[] {
  const calls = only(records, 'model_invoked')
  assert.deepEqual(
    calls.map((call) => sentWith(records, call)),
    histories.map(valuesOf),
  )
  return calls.map(({ said }) => JSON.parse(said.request ?? '').messages.length)
}

suite('a history', () => {
  test('that goes on is sealed as far as it is new', async (t) => {
    const work = await begin(t)
    const first = [BE_KIND, user('How is she?')]
    const second = [...first, assistant('well'), user('And he?')]
    const third = [...second, assistant('well'), user('And they?')]
    for (const messages of [first, second, third]) await sendIn(work, messages)
    const records = await work.recorded()
    assert.deepEqual(assertFound(records, [first, second, third]), [2, 2, 2])
    assert.deepEqual(said(records), ['How is she?', 'And he?', 'And they?'])
    const calls = only(records, 'model_invoked')
    assert.deepEqual(
      calls.map(({ details }) => [details?.continues, details?.messages_kept, details?.messages]),
      [
        [undefined, undefined, 2],
        [calls[0]?.id, 2, 4],
        [calls[1]?.id, 4, 6],
      ],
    )
  })

  test('is what caused the next step: message, call, answer, tool, call', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await audit.run(context, async () => {
      const call = await audit.beginModelCall({ ...ASKING, messages: [user('How is she?')] })
      await call.end({ ended: 'complete', calls: [{ call_id: 'call_1', name: 'get_chart', arguments: '{}' }] })
      await audit.tool({ name: 'get_chart', call_id: () => 'call_1' }, () => 'chart')()
      await send(work, [user('How is she?'), assistant('…'), { role: 'tool', value: 'chart' }])
      await audit.delivered()
    })
    const records = await work.recorded()
    const actionOf = new Map(records.map(({ id, action }) => [id, action]))
    assert.deepEqual(
      records.map(({ action, parent_id = '' }) => [action, actionOf.get(parent_id)]),
      [
        ['conversation_started', undefined],
        ['user_message_received', 'conversation_started'],
        ['model_invoked', 'user_message_received'],
        ['agent_response_generated', 'model_invoked'],
        ['tool_invoked', 'agent_response_generated'],
        ['tool_completed', 'tool_invoked'],
        ['data_accessed', 'tool_completed'],
        ['model_invoked', 'user_message_received'],
        ['agent_response_generated', 'model_invoked'],
        ['agent_response_delivered', 'agent_response_generated'],
      ],
    )
    const [, answer] = only(records, 'agent_response_generated')
    const [accessed] = only(records, 'data_accessed')
    assert.deepEqual(JSON.parse(answer?.said.circumstances ?? '').documents, [accessed?.id])
  })

  test('that was edited is sealed anew', async (t) => {
    const work = await begin(t)
    const first = [BE_KIND, user('How is she?')]
    const edited = [BE_KIND, user('How is he?'), assistant('well'), user('And they?')]
    for (const messages of [first, edited]) await sendIn(work, messages)
    assert.deepEqual(assertFound(await work.recorded(), [first, edited]), [2, 4])
  })

  test('of two lines at a time goes on in each of them', async (t) => {
    const work = await begin(t)
    const ladies = [user('How is she?')]
    const gentlemen = [user('How is he?')]
    const histories = [
      ladies,
      gentlemen,
      [...ladies, assistant('well'), user('And now?')],
      [...gentlemen, assistant('ill'), user('And now?')],
    ]
    for (const messages of histories) await sendIn(work, messages)
    assert.deepEqual(assertFound(await work.recorded(), histories), [1, 1, 2, 2])
  })

  test('of another conversation, another agent or another process is none of this one', async (t) => {
    const work = await begin(t)
    const first = [user('How is she?')]
    const second = [...first, assistant('well'), user('And he?')]
    await sendIn(work, first)
    await sendIn(work, second, { conversation_id: 'other' })
    await sendIn(work, second, { agent_name: 'other' })
    await sendIn(await work.again(), second)
    assert.deepEqual(assertFound(await work.recorded(), [first, second, second, second]), [1, 3, 3, 3])
  })

  test('is found again, whatever is sent in which order, and whichever records fail', async (t) => {
    const text = fc.constantFrom('a', 'b')
    const step = fc.record({ line: fc.nat(2), keep: fc.nat(4), text, by: fc.constantFrom('x', 'y'), fails: fc.nat(5) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const work = await begin(t)
        const lines: SeenMessage[][] = [[], [], []]
        const sent: SeenMessage[][] = []
        for (const { line, keep, text, by, fails } of steps) {
          const messages = [...(lines[line] ?? []).slice(0, 2 * keep), user(text)]
          lines[line] = [...messages, assistant('well')]
          work.ledger.fail({ only: ({ action }) => fails === 0 && action === 'model_invoked' })
          const done = await sendIn(work, messages, { agent_name: by }).then(
            () => true,
            () => false,
          )
          work.ledger.heal()
          assert.equal(done, fails !== 0)
          if (done) sent.push(messages)
        }
        assertFound(await work.recorded(), sent)
      }),
      { numRuns: process.env.AFFIDAVIT_SOAK === '1' ? 300 : 8 },
    )
  })
})

suite('a request that is on no record', () => {
  test('is continued by none', async (t) => {
    const work = await begin(t)
    const first = [user('How is she?')]
    const second = [...first, assistant('well'), user('And he?')]
    work.ledger.fail({ only: ({ action }) => action === 'model_invoked' })
    await assert.rejects(sendIn(work, first), { code: 'not-committed' })
    work.ledger.heal()
    await sendIn(work, second)
    assert.deepEqual(assertFound(await work.recorded(), [second]), [3])
  })

  test('is continued by none that began beside it', async (t) => {
    const work = await begin(t)
    const first = [user('How is she?')]
    const second = [...first, user('And he?')]
    const gate = Promise.withResolvers<void>()
    let calls = 0
    work.ledger.decide(async ({ action }) => {
      if (action !== 'model_invoked' || ++calls > 1) return 'taken'
      await gate.promise
      return {}
    })
    const refused = assert.rejects(sendIn(work, first), { code: 'not-committed' })
    while (calls === 0) await turns(1)
    const going = sendIn(work, second)
    gate.resolve()
    await Promise.all([refused, going])
    assert.deepEqual(assertFound(await work.recorded(), [second]), [2])
  })

  test('leaves its message to the next try, where that is on no record either', async (t) => {
    const work = await begin(t)
    work.ledger.fail({ only: ({ action }) => action !== 'conversation_started' })
    await assert.rejects(sendIn(work, [user('How is she?')]))
    work.ledger.heal()
    await sendIn(work, [user('How is she?')])
    assert.deepEqual(said(await work.recorded()), ['How is she?'])
  })

  test('leaves its message as it is, where that is on record', async (t) => {
    const work = await begin(t)
    work.ledger.fail({ only: ({ action }) => action === 'model_invoked' })
    await assert.rejects(sendIn(work, [user('How is she?')]))
    work.ledger.heal()
    await sendIn(work, [user('How is she?')])
    assert.deepEqual(said(await work.recorded()), ['How is she?'])
  })
})

suite('a message of the user', () => {
  test('that the application recorded itself is recorded once', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await audit.run(context, async () => {
      await audit.message('How is she?')
      await audit.message('And he?')
      await send(work, [user('How is she?'), user('And he?')])
    })
    await audit.run(context, () => audit.message('And they?'))
    await sendIn(work, [user('How is she?'), user('And he?'), assistant('well'), user('And they?')])
    assert.deepEqual(said(await work.recorded()), ['How is she?', 'And he?', 'And they?'])
  })

  test('that the application recorded once, and that was said twice, is two records', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await work.audit.message('hello')
      await send(work, [user('hello'), user('hello')])
    })
    assert.deepEqual(said(await work.recorded()), ['hello', 'hello'])
  })

  test('that the application recorded in other words is recorded as it was sent, too', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await work.audit.message('How is she?')
      await send(work, [user('The user asks: How is she?')])
    })
    assert.deepEqual(said(await work.recorded()), ['How is she?', 'The user asks: How is she?'])
  })

  test('with the same text in another turn is another record', async (t) => {
    const work = await begin(t)
    const first = [BE_KIND, user('yes')]
    const second = [...first, assistant('sure?'), user('yes')]
    await work.audit.run(work.context, async () => {
      await send(work, first)
      await send(work, second)
    })
    assert.deepEqual(said(await work.recorded()), ['yes', 'yes'])
  })

  test('with the same text in another turn is another record, also to an agent that is told no history', async (t) => {
    const work = await begin(t)
    for (let i = 0; i < 3; i++) await sendIn(work, [BE_KIND, user('yes')])
    assert.deepEqual(said(await work.recorded()), ['yes', 'yes', 'yes'])
  })

  test('with the same text that the application recorded in each turn is two records', async (t) => {
    const work = await begin(t)
    for (let i = 0; i < 2; i++) {
      await work.audit.run(work.context, async () => {
        await work.audit.message('yes')
        await send(work, [BE_KIND, user('yes')])
      })
    }
    assert.deepEqual(said(await work.recorded()), ['yes', 'yes'])
  })

  test('that is asked about once more in its turn is one record: by a retry, by many at once, by other agents', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    const messages = [BE_KIND, user('How is she?')]
    await audit.run(context, async () => {
      await send(work, messages)
      await send(work, messages)
      await send(work, [{ ...BE_KIND, value: 'It is noon.' }, user('How is she?')])
      await Promise.all([send(work, messages), send(work, messages)])
      await audit.run({ ...context, agent_name: 'billing' }, () => send(work, messages))
      await send(work, messages)
    })
    assert.deepEqual(said(await work.recorded()), ['How is she?'])
  })

  test('of two at a time, each in its own run, causes what is done in that run', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    const gate = Promise.withResolvers<void>()
    const visit = (text: string): Promise<void> =>
      audit.run(context, async () => {
        await send(work, [user(text)])
        await gate.promise
        await send(work, [user(text), assistant('well'), { role: 'tool', value: 'chart' }])
      })
    const visits = [visit('How is she?'), visit('How is he?')]
    await turns()
    gate.resolve()
    await Promise.all(visits)
    const records = await work.recorded()
    const messages = only(records, 'user_message_received')
    const causes = only(records, 'model_invoked').map(({ parent_id }) => parent_id)
    assert.deepEqual(
      messages.map(({ id }) => causes.filter((cause) => cause === id).length),
      [2, 2],
    )
  })

  test('without words is recorded as what it is', async (t) => {
    const work = await begin(t)
    const picture: SeenMessage = { role: 'user', value: { role: 'user', content: [{ type: 'image' }] }, text: '' }
    await sendIn(work, [picture])
    assert.deepEqual(said(await work.recorded()), [JSON.stringify(picture.value)])
  })

  test('in the middle of a history that nobody knows is none that was received now', async (t) => {
    const work = await begin(t)
    await sendIn(work, [BE_KIND, user('yesterday'), assistant('well'), user('today')])
    assert.deepEqual(said(await work.recorded()), ['today'])
  })
})
