// Conversations begin once, end by a word or when nothing happens in them any more, and go on after their end (spec/capture.md §3).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { Alarm } from '../src/clock/alarm.ts'
import { type FixedClock, fixedClock } from '../src/testing/fixed-clock.ts'
import { actionsOf, type Clinic, clinic, only, turns, type Work } from './audited-work.ts'
import { postgresBackend } from './postgres-backend.ts'

const MINUTES = 60_000
const { begin } = clinic()

function say({ audit, context }: Work, text: string): Promise<string> {
  return audit.run(context, () => audit.message(text))
}

async function startsIn(work: Work): Promise<number> {
  return only(await work.entries(), 'conversation_started').length
}

function testBeginnings({ begin }: Clinic): void {
  test('whatever happens first in it, and all of that is recorded after it', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await Promise.all([
      say(work, 'first'),
      audit.run(context, () => audit.modelCall({ model: 'm-1' }, () => 1)),
      audit.run(context, () => audit.tool('get_chart', () => 1)()),
      audit.run(context, () => audit.delivered()),
      ...Array.from({ length: 20 }, (_, i) => say(work, `message ${i}`)),
    ])
    const own = (await work.entries()).filter(({ conversation_id }) => conversation_id !== undefined)
    assert.equal(await startsIn(work), 1)
    assert.equal(own[0]?.action, 'conversation_started')
    assert.equal(own[0]?.conversation_seq, 0)
    assert.deepEqual([own[0]?.actor_id, own[0]?.actor_type], [own[1]?.actor_id, 'user'])
  })

  test('and not again in another process, also where that has more to say of it', async (t) => {
    const work = await begin(t)
    await say(work, 'first')
    const other = await work.again({ agent_name: 'other' })
    await other.audit.run({ ...work.context, purpose: 'billing', actor_id: 'nurse' }, () =>
      other.audit.message('second'),
    )
    assert.equal(await startsIn(work), 1)
  })

  test('also where two processes begin it at the same time with other words', async (t) => {
    const work = await begin(t)
    const other = await work.again()
    // Both look before either has recorded it.
    const looks: (() => void)[] = []
    for (const { ledger } of [work, other]) {
      const { isRecorded } = ledger
      ledger.isRecorded = async (id) => {
        const isThere = await isRecorded(id)
        await new Promise<void>((resolve) => looks.push(resolve))
        return isThere
      }
    }
    const said = [
      say(work, 'first'),
      other.audit.run({ ...work.context, actor_id: 'nurse' }, () => other.audit.message('second')),
    ]
    while (looks.length < 2) await turns(1)
    for (const look of looks) look()
    await Promise.all(said)
    assert.equal(await startsIn(work), 1)
    assert.equal(only(await work.entries(), 'user_message_received').length, 2)
  })

  test('where its beginning could not be recorded, with the next step', async (t) => {
    const work = await begin(t)
    work.ledger.fail({ only: ({ action }) => action === 'conversation_started' })
    await assert.rejects(say(work, 'first'), { code: 'not-committed' })
    work.ledger.heal()
    await say(work, 'second')
    assert.equal(await startsIn(work), 1)
  })
}

suite('a conversation begins once', () => testBeginnings({ begin }))
const postgres = postgresBackend()
suite('a conversation begins once in PostgreSQL', () => testBeginnings(clinic(postgres)))

suite('a conversation ends', () => {
  test('by the word of its run, or by its name', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await work.audit.message('first')
      await work.audit.endConversation()
    })
    const records = await work.entries()
    assert.deepEqual(actionsOf(records), ['conversation_started', 'user_message_received', 'conversation_ended'])
    const [ended] = only(records, 'conversation_ended')
    assert.deepEqual([ended?.parent_id, ended?.outcome_reason], [records[0]?.id, 'ended by the application'])
    assert.deepEqual([ended?.actor_type, ended?.on_behalf_of === undefined], ['agent', false])
    const other = { ...work.context, conversation_id: 'named' }
    await work.audit.run(other, () => work.audit.message('first'))
    await work.audit.endConversation('named')
    assert.equal(only(await work.entries(), 'conversation_ended').at(-1)?.conversation_id, 'named')
  })

  test('once, also where it is told twice at a time', async (t) => {
    const work = await begin(t)
    await say(work, 'first')
    const { conversation_id } = work.context
    await Promise.all([work.audit.endConversation(conversation_id), work.audit.endConversation(conversation_id)])
    await work.audit.endConversation(conversation_id)
    assert.equal(only(await work.entries(), 'conversation_ended').length, 1)
  })

  test('in a process that it did not begin in', async (t) => {
    const work = await begin(t)
    await say(work, 'first')
    const next = await work.again()
    await next.audit.endConversation(work.context.conversation_id)
    assert.equal(only(await work.entries(), 'conversation_ended').length, 1)
  })

  test('not where it never began', async (t) => {
    const work = await begin(t)
    await work.audit.endConversation(work.context.conversation_id)
    await work.audit.endConversation()
    assert.deepEqual(await work.entries(), [])
  })

  test('and goes on with a later message, and ends again', async (t) => {
    const work = await begin(t)
    for (const text of ['first', 'second']) {
      await say(work, text)
      await work.audit.endConversation(work.context.conversation_id)
    }
    assert.deepEqual(actionsOf(await work.entries()), [
      'conversation_started',
      'user_message_received',
      'conversation_ended',
      'user_message_received',
      'conversation_ended',
    ])
  })

  test('where that could not be recorded, when it is told once more', async (t) => {
    const work = await begin(t)
    await say(work, 'first')
    work.ledger.fail()
    await assert.rejects(work.audit.endConversation(work.context.conversation_id), { code: 'not-committed' })
    work.ledger.heal()
    await work.audit.endConversation(work.context.conversation_id)
    assert.equal(only(await work.entries(), 'conversation_ended').length, 1)
  })
})

suite('a conversation in which nothing happens any more', () => {
  interface Time {
    readonly clock: FixedClock
    readonly alarm: Alarm
    /** When alarms ring, in minutes from now. */
    waiting(): readonly number[]
    /** So many minutes go by, and alarms ring as they are due. */
    pass(minutes: number): Promise<void>
  }

  function timePasses(): Time {
    const clock = fixedClock()
    const due = new Map<object, { readonly at: number; ring(): void }>()
    return {
      clock,
      alarm(millis, ring) {
        const own = {}
        due.set(own, { at: clock.elapsed() + millis, ring })
        return { stop: () => void due.delete(own) }
      },
      waiting: () => [...due.values()].map(({ at }) => (at - clock.elapsed()) / MINUTES),
      async pass(minutes) {
        for (let minute = 0; minute < minutes; minute++) {
          clock.pass(MINUTES)
          const now = [...due].filter(([, { at }]) => at <= clock.elapsed())
          for (const [own] of now) due.delete(own)
          for (const [, { ring }] of now) ring()
          if (now.length > 0) await turns()
        }
      },
    }
  }

  async function ended(work: Work, count: number): Promise<void> {
    await turns()
    assert.equal(work.ledger.asked.filter(({ action }) => action === 'conversation_ended').length, count)
    while (only(await work.entries(), 'conversation_ended').length < count) await turns(1)
  }

  test('has ended after half an hour, and goes on with a later message', async (t) => {
    const time = timePasses()
    const work = await begin(t, time)
    await say(work, 'first')
    assert.deepEqual(time.waiting(), [30])
    await time.pass(30)
    await ended(work, 1)
    assert.equal(
      only(await work.entries(), 'conversation_ended')[0]?.outcome_reason,
      'nothing was recorded of it any more',
    )
    await say(work, 'second')
    await time.pass(30)
    await ended(work, 2)
    assert.equal(await startsIn(work), 1)
  })

  test('has not ended while a long run of it records anything', async (t) => {
    const time = timePasses()
    const work = await begin(t, time)
    const { audit, context } = work
    await audit.run(context, async () => {
      await audit.message('first')
      await time.pass(20)
      await audit.tool('get_chart', () => 'chart')()
      await time.pass(20)
      await ended(work, 0)
      const call = await audit.beginToolCall({ sdk: 'mcp', layer: 'client', name: 'slow', arguments: {} })
      await time.pass(20)
      await call.end({ ended: 'complete' })
      await time.pass(20)
    })
    await ended(work, 0)
    await time.pass(10)
    await ended(work, 1)
  })

  test('ends at its own time, not with others', async (t) => {
    const time = timePasses()
    const work = await begin(t, time)
    await say(work, 'first')
    await time.pass(10)
    await work.audit.run({ ...work.context, conversation_id: 'later' }, () => work.audit.message('second'))
    await time.pass(20)
    await ended(work, 1)
    assert.deepEqual(time.waiting(), [10])
    await time.pass(10)
    await ended(work, 2)
  })

  test('and cannot be recorded as ended is tried again', async (t) => {
    const time = timePasses()
    const work = await begin(t, time)
    await say(work, 'first')
    work.ledger.fail()
    await time.pass(30)
    work.ledger.heal()
    await time.pass(1)
    await turns()
    assert.equal(only(await work.entries(), 'conversation_ended').length, 0)
    await time.pass(30)
    while (only(await work.entries(), 'conversation_ended').length < 1) await turns(1)
  })

  test('ends nothing where its audit is closed', async (t) => {
    const time = timePasses()
    const work = await begin(t, time)
    await say(work, 'first')
    await work.audit.close()
    await assert.rejects(say(work, 'second'), { code: 'ledger-closed' })
    assert.deepEqual(time.waiting(), [])
  })

  test('that was ended by a word does not end once more', async (t) => {
    const time = timePasses()
    const work = await begin(t, time)
    await say(work, 'first')
    await work.audit.endConversation(work.context.conversation_id)
    await time.pass(30)
    await time.pass(30)
    await ended(work, 1)
    assert.deepEqual(time.waiting(), [])
  })
})
