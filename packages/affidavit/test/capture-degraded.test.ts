// A ledger that takes no records for a while: what may wait does, what may not does not happen, and the ledger tells of it
// afterwards (spec/capture.md §2, §6).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { ASKING, actionsOf, clinic, only, turns, type Work } from './audited-work.ts'
import { assertExplained, rangesIn } from './explained-numbers.ts'

const MEBIBYTE = 1_048_576
const { begin } = clinic()

/** The ledger takes records again, and what is to be told is told. */
async function resume({ ledger, alarm, audit }: Work): Promise<void> {
  ledger.heal()
  alarm.ring()
  while (audit.degraded() !== undefined) await turns(1)
}

/** The ledger is being told that the period is over. */
async function untilTold({ ledger, alarm }: Work): Promise<void> {
  alarm.ring()
  while (!ledger.asked.some(({ action }) => action === 'logging_resumed')) await turns(1)
}

/** What the ends of all periods tell. */
function toldOf(records: Parameters<typeof only>[0], member: 'refused' | 'spooled'): readonly unknown[] {
  return only(records, 'logging_resumed').map(({ details }) => details?.[member])
}

suite('with a spool', () => {
  test('messages and model calls go on, and are on record afterwards, once and in order, between the words that tell of it', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE, producer_id: 'desk' })
    const { audit, context, ledger, clock } = work
    await audit.run(context, () => audit.message('first'))
    ledger.fail({ code: 'store-unavailable' })
    const since = new Date(clock.now()).toISOString()
    await audit.run(context, async () => {
      await audit.message('second')
      assert.equal(await audit.modelCall({ model: 'm-1' }, () => 'answer'), 'answer')
    })
    assert.deepEqual(audit.degraded(), { since, reason: 'store-unavailable', refused: 0, spooled: 4 })
    clock.pass(60_000)
    await resume(work)
    await audit.run(context, () => audit.message('third'))
    const records = await work.recorded()
    assert.deepEqual(actionsOf(records), [
      'conversation_started',
      'user_message_received',
      'logging_degraded',
      'user_message_received',
      'model_changed',
      'model_invoked',
      'agent_response_generated',
      'logging_resumed',
      'user_message_received',
    ])
    const [degraded, resumed] = [only(records, 'logging_degraded')[0], only(records, 'logging_resumed')[0]]
    assert.deepEqual(
      [degraded?.actor_id, degraded?.actor_type, degraded?.details],
      ['desk', 'system', { since, reason: 'store-unavailable' }],
    )
    const until = new Date(clock.now()).toISOString()
    assert.deepEqual(resumed?.details, {
      since,
      until,
      reason: 'store-unavailable',
      refused: 0,
      refused_seqs: [],
      spooled: 4,
    })
    assertExplained(records)
  })

  test('an intent is on its way soon, though its step goes first and nothing follows', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    await work.audit.beginModelCall(ASKING)
    while ((await work.entries()).length === 0) await turns(1)
    assert.deepEqual(actionsOf(await work.entries()), ['model_invoked'])
  })

  test('a new conversation does not wait for a ledger that is known to take nothing, and tells nothing', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE, policy: { approval: 'spool' } })
    const { audit, context, ledger } = work
    await audit.run(context, () => audit.message('first'))
    ledger.fail()
    await audit.run(context, () => audit.message('second'))
    const { isRecorded } = ledger
    ledger.isRecorded = () => new Promise(() => undefined)
    await audit.run({ ...context, conversation_id: 'another' }, async () => {
      await audit.message('third')
      await audit.beginApproval({ sdk: 'ai', layer: 'framework', approval_id: 'a-1' })
    })
    ledger.isRecorded = isRecorded
  })

  test('a tool blocks meanwhile, and its number is explained', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    const { audit, context, ledger } = work
    ledger.fail()
    await audit.run(context, async () => {
      await audit.message('first')
      await assert.rejects(audit.tool('get_chart', () => assert.fail('it ran'))(), { code: 'not-committed' })
    })
    await resume(work)
    const records = await work.recorded()
    const [resumed] = only(records, 'logging_resumed')
    assert.equal(resumed?.details?.refused, 1)
    assert.equal(rangesIn(resumed).length, 1)
    assertExplained(records)
  })

  test('what a tool did before the ledger took nothing waits, and the agent is told all the same', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    const { audit, context, ledger } = work
    await audit.run(context, () =>
      assert.rejects(audit.tool('get_chart', () => ledger.fail())(), { code: 'not-committed' }),
    )
    await resume(work)
    const records = await work.recorded()
    assert.deepEqual([only(records, 'tool_invoked').length, only(records, 'tool_completed').length], [1, 1])
    assert.equal(only(records, 'logging_resumed')[0]?.details?.refused, 0)
    assertExplained(records)
  })

  test('a tool that may wait runs, and is on record afterwards', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE, policy: { tool: 'spool', data: 'spool' } })
    const { audit, context, ledger } = work
    ledger.fail()
    assert.equal(await audit.run(context, () => audit.tool('get_chart', () => 'chart')()), 'chart')
    await resume(work)
    const records = await work.recorded()
    assert.deepEqual(actionsOf(records), [
      'logging_degraded',
      'conversation_started',
      'tool_invoked',
      'tool_completed',
      'data_accessed',
      'logging_resumed',
    ])
  })

  test('a tool that may wait blocks where it touches data that may not', async (t) => {
    const { audit, context, ledger } = await begin(t, { spoolBytes: MEBIBYTE, policy: { tool: 'spool' } })
    let ran = 0
    ledger.fail()
    await audit.run(context, () => assert.rejects(audit.tool('get_chart', () => ran++)(), { code: 'not-committed' }))
    assert.equal(ran, 0)
  })

  test('what has no room there is an error to the step, and its number is explained', async (t) => {
    const work = await begin(t, { spoolBytes: 20_000 })
    const { audit, context, ledger } = work
    ledger.fail()
    await audit.run(context, async () => {
      await audit.message('first')
      await assert.rejects(audit.message('x'.repeat(30_000)), { code: 'spool-full' })
      await assert.rejects(
        audit.modelCall({ model: 'm-1' }, () => 'y'.repeat(30_000)),
        { code: 'spool-full' },
      )
    })
    await resume(work)
    const records = await work.recorded()
    assert.equal(only(records, 'user_message_received').length, 1)
    assert.equal(only(records, 'logging_resumed')[0]?.details?.refused, 2)
    assertExplained(records)
  })

  test('what an earlier process left is on record before anything of the next one', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    work.ledger.fail()
    await work.audit.run(work.context, () => work.audit.message('left'))
    await assert.rejects(work.audit.close(), { code: 'not-committed' })
    const next = await work.again()
    assert.equal(next.audit.degraded()?.reason, 'left-over')
    await next.audit.run(next.context, async () => {
      await next.audit.tool('get_chart', () => 'chart')()
      await next.audit.message('new')
    })
    const records = await work.recorded()
    // The period of the next process holds that of the one before, which was closed within it.
    assert.deepEqual(actionsOf(records).slice(0, 6), [
      'logging_degraded',
      'conversation_started',
      'user_message_received',
      'logging_degraded',
      'logging_resumed',
      'logging_resumed',
    ])
    assert.deepEqual(
      only(records, 'user_message_received').map(({ said }) => said.message),
      ['left', 'new'],
    )
  })

  test('a record that is there though the ledger said otherwise is there once', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    const { audit, context, ledger } = work
    ledger.fail({ code: 'outcome-unknown', recorded: true })
    await audit.run(context, () => audit.message('once'))
    await resume(work)
    const records = await work.recorded()
    assert.equal(only(records, 'user_message_received').length, 1)
    assert.equal(only(records, 'conversation_started').length, 1)
    assertExplained(records)
  })
})

suite('while what waited is told', () => {
  test('nothing is put behind it in the spool: it waits, and is on record afterwards', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    const { audit, context, ledger } = work
    ledger.fail()
    await audit.run(context, () => audit.message('first'))
    ledger.heal()
    const { letGo } = ledger.hold(({ action }) => action === 'logging_resumed')
    await untilTold(work)
    const said = audit.run(context, () => audit.message('second'))
    await turns()
    assert.equal(audit.degraded()?.spooled, 2)
    letGo()
    await said
    const actions = actionsOf(await work.entries())
    assert.deepEqual(actions.slice(-2), ['logging_resumed', 'user_message_received'])
    assert.equal(actions.filter((action) => action === 'logging_resumed').length, 1)
  })

  test('what failed before and is put there now is told, too', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    const { audit, context, ledger } = work
    await audit.run(context, () => audit.message('first'))
    const [late, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let messages = 0
    ledger.decide(async ({ action }) => {
      if (action === 'logging_resumed') await end.promise
      if (action !== 'user_message_received' || ++messages > 2) return 'taken'
      if (messages === 1) await late.promise
      return {}
    })
    const said = audit.run(context, () => Promise.all([audit.message('late'), audit.message('refused')]))
    while (audit.degraded()?.spooled !== 1) await turns(1)
    await untilTold(work)
    late.resolve()
    while (audit.degraded()?.spooled !== 2) await turns(1)
    end.resolve()
    await said
    await resume(work)
    const records = await work.entries()
    assert.equal(only(records, 'user_message_received').length, 3)
    assert.deepEqual(toldOf(records, 'spooled'), [1, 1])
    assertExplained(records)
  })
})

suite('without a spool', () => {
  test('every step is refused, and afterwards the ledger tells of each number', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger } = work
    ledger.fail()
    for (const text of ['first', 'second']) {
      await audit.run(context, () => assert.rejects(audit.message(text), { code: 'not-committed' }))
    }
    ledger.heal()
    await audit.run(context, () => audit.message('third'))
    const records = await work.recorded()
    assert.deepEqual(actionsOf(records), [
      'logging_degraded',
      'logging_resumed',
      'conversation_started',
      'user_message_received',
    ])
    const [resumed] = only(records, 'logging_resumed')
    assert.deepEqual([resumed?.details?.refused, resumed?.details?.spooled], [2, 0])
    assertExplained(records)
  })

  test('an agent that does nothing more leaves no gap without a word either', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger } = work
    ledger.fail()
    await audit.run(context, () => assert.rejects(audit.message('first')))
    ledger.heal()
    await audit.close()
    assert.deepEqual(actionsOf(await work.entries()), ['logging_degraded', 'logging_resumed'])
  })
})

suite('the ledger is asked again', () => {
  /** How long is waited until then; the other alarm is for conversations that end. */
  const nextTry = ({ alarm }: Work): number => Math.min(...alarm.waiting())

  test('later and later, and not once it takes records', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger, alarm } = work
    ledger.fail()
    await audit.run(context, () => assert.rejects(audit.message('first')))
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      waits.push(nextTry(work))
      alarm.ring()
      await turns()
    }
    assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    await resume(work)
    assert.equal(nextTry(work), 30 * 60_000)
  })
})

suite('the end of a degraded period', () => {
  const isEnd = ({ action }: { readonly action: string }): boolean => action === 'logging_resumed'

  test('that is on record though the ledger said otherwise tells no more than it did, and what came behind it is told too', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger, alarm } = work
    ledger.fail()
    await audit.run(context, () => assert.rejects(audit.message('first')))
    ledger.fail({ code: 'outcome-unknown', recorded: true, only: isEnd })
    alarm.ring()
    await turns()
    ledger.fail()
    await audit.run(context, () => assert.rejects(audit.message('second')))
    await resume(work)
    const records = await work.entries()
    assert.deepEqual(toldOf(records, 'refused'), [1, 1])
    assert.equal(only(records, 'logging_degraded').length, 2)
    assertExplained(records)
  })

  test('does not hide what failed while it was told', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger } = work
    await audit.run(context, () => audit.message('first'))
    const [late, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let messages = 0
    ledger.decide(async ({ action }) => {
      if (action === 'logging_resumed') await end.promise
      if (action !== 'user_message_received') return 'taken'
      if (++messages === 1) await late.promise
      return {}
    })
    const refused = audit.run(context, async () => {
      const first = assert.rejects(audit.message('late'))
      await assert.rejects(audit.message('refused'))
      await first
    })
    while (audit.degraded() === undefined) await turns(1)
    await untilTold(work)
    late.resolve()
    await refused
    end.resolve()
    await resume(work)
    const records = await work.entries()
    assert.deepEqual(toldOf(records, 'refused'), [1, 1])
    assertExplained(records)
  })
})

suite('numbers of a producer', () => {
  test('of a draft that the ledger refuses for itself stand in the next record', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await audit.run(context, async () => {
      await assert.rejects(audit.deny({ resource_type: 'No Word', reason: 'none' }), { code: 'invalid-draft' })
      await audit.message('first')
    })
    assert.equal(audit.degraded(), undefined)
    const records = await work.entries()
    assert.deepEqual(
      records.map(({ producer_seq }) => producer_seq),
      [undefined, 0],
    )
  })

  test('of the last draft, that the ledger refused for itself, need no explanation', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await work.audit.message('first')
      await assert.rejects(work.audit.deny({ resource_type: 'No Word', reason: 'none' }), { code: 'invalid-draft' })
    })
    await work.audit.close()
    assert.deepEqual(actionsOf(await work.entries()), ['conversation_started', 'user_message_received'])
  })

  test('that nobody has in the end are explained', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await audit.run(context, async () => {
      await audit.message('first')
      const lies = ['Lie', 'Liar', 'Lying'].map((resource_type) => audit.deny({ resource_type, reason: 'none' }))
      const said = audit.message('second')
      await Promise.allSettled(lies)
      await said
    })
    await audit.close()
    const records = await work.entries()
    assert.equal(only(records, 'user_message_received').length, 2)
    assertExplained(records)
  })
})

suite('an audit that is closed', () => {
  test('has waited for what was on its way', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    const { audit, context, ledger } = work
    const { letGo } = ledger.hold(({ action }) => action === 'user_message_received')
    let isClosed = false
    const call = await audit.run(context, () => audit.beginModelCall(ASKING))
    const said = audit.run(context, () => audit.message('first'))
    await turns()
    const closed = audit.close().then(() => {
      isClosed = true
    })
    await turns()
    assert.equal(isClosed, false)
    letGo()
    await Promise.all([said, closed])
    assert.deepEqual(actionsOf(await work.entries()), [
      'conversation_started',
      'model_invoked',
      'user_message_received',
    ])
    await assert.rejects(call.end({ ended: 'complete' }), { code: 'ledger-closed' })
  })

  test('has sent what let its step go first', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    await work.audit.beginModelCall(ASKING)
    await work.audit.close()
    assert.deepEqual(actionsOf(await work.entries()), ['model_invoked'])
  })

  test('takes nothing more, and says so', async (t) => {
    const { audit, context } = await begin(t)
    await audit.close()
    await audit.close()
    await assert.rejects(
      audit.run(context, () => audit.message('late')),
      { code: 'ledger-closed' },
    )
  })

  test('while the ledger takes nothing tells so, and what waits stays', async (t) => {
    const work = await begin(t, { spoolBytes: MEBIBYTE })
    work.ledger.fail()
    await work.audit.run(work.context, () => work.audit.message('waits'))
    await assert.rejects(work.audit.close(), { code: 'not-committed' })
    await (await work.again()).audit.close()
    assert.equal(only(await work.entries(), 'user_message_received').length, 1)
  })
})
