// A ledger that comes and goes while agents are at work: whatever becomes of each append, what an agent was told is on record once, and
// what is missing is explained (spec/capture.md §6). AFFIDAVIT_SOAK=1 tries hundreds of ways.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import fc from 'fast-check'

import type { AuditRecord } from '../src/formats/fields.ts'
import { clinic, only, turns, type Work } from './audited-work.ts'
import { assertExplained } from './explained-numbers.ts'
import type { Failure } from './failing-ledger.ts'

const MEBIBYTE = 1_048_576
const { begin } = clinic()

suite('while the ledger comes and goes', () => {
  type Fate = 'taken' | 'slow' | 'refused' | 'lost'

  /** What an agent was told of its steps: ids of messages, and how many others it got the result of. */
  interface Told {
    readonly messages: string[]
    answers: number
    charts: number
  }

  async function visit({ audit, context }: Work, number: number, told: Told): Promise<void> {
    await audit.run({ ...context, conversation_id: `${context.conversation_id}-${number % 4}` }, async () => {
      told.messages.push(await audit.message(`message ${number}`))
      await audit.modelCall({ model: 'm-1' }, () => number)
      told.answers++
      await audit.tool('get_chart', () => number)()
      told.charts++
    })
  }

  async function assertKept(work: Work, { messages, answers, charts }: Told): Promise<void> {
    work.ledger.heal()
    await work.audit.close()
    const records = await work.entries()
    assert.equal(new Set(records.map(({ id }) => id)).size, records.length)
    const ids = new Set(only(records, 'user_message_received').map(({ id }) => id))
    for (const id of messages) assert.ok(ids.has(id), 'a message that was acknowledged is there')
    assert.ok(pairs(records, 'model_invoked', 'agent_response_generated') >= answers)
    assert.ok(pairs(records, 'tool_invoked', 'tool_completed') >= charts)
    assert.equal(only(records, 'logging_degraded').length, only(records, 'logging_resumed').length)
    assertExplained(records)
  }

  function pairs(records: readonly AuditRecord[], before: string, after: string): number {
    const intents = new Set(only(records, before).map(({ id }) => id))
    const outcomes = only(records, after).map(({ parent_id = '' }) => parent_id)
    assert.equal(new Set(outcomes).size, outcomes.length, 'no step has two outcomes')
    return outcomes.filter((id) => intents.has(id)).length
  }

  async function become(fate: Fate): Promise<'taken' | Failure> {
    if (fate === 'slow') await turns(3)
    if (fate === 'refused') return {}
    return fate === 'lost' ? { code: 'outcome-unknown', recorded: true } : 'taken'
  }

  for (const spool of ['with', 'without'] as const) {
    test(`a hundred parallel steps, ${spool} a spool: what is acknowledged is there once, and what is missing is explained`, async (t) => {
      const work = await begin(t, spool === 'with' ? { spoolBytes: 8 * MEBIBYTE } : {})
      let appends = 0
      // Down for ten appends, up for thirty.
      work.ledger.decide(async () => become(appends++ % 40 < 10 ? 'refused' : 'taken'))
      const told: Told = { messages: [], answers: 0, charts: 0 }
      await Promise.allSettled(Array.from({ length: 100 }, (_, i) => visit(work, i, told)))
      await assertKept(work, told)
    })

    test(`whatever becomes of each append, ${spool} a spool`, async (t) => {
      const fate = fc.constantFrom<Fate>('taken', 'taken', 'taken', 'slow', 'refused', 'lost')
      const fates = fc.array(fate, { minLength: 1, maxLength: 60 })
      await fc.assert(
        fc.asyncProperty(fates, fc.integer({ min: 1, max: 8 }), async (fates, visits) => {
          const work = await begin(t, spool === 'with' ? { spoolBytes: MEBIBYTE } : {})
          let appends = 0
          work.ledger.decide(async () => become(fates[appends++ % fates.length] ?? 'taken'))
          const told: Told = { messages: [], answers: 0, charts: 0 }
          await Promise.allSettled(Array.from({ length: visits }, (_, i) => visit(work, i, told)))
          work.alarm.ring()
          await turns()
          await Promise.allSettled(Array.from({ length: visits }, (_, i) => visit(work, i, told)))
          await assertKept(work, told)
        }),
        { numRuns: process.env.AFFIDAVIT_SOAK === '1' ? 500 : 6 },
      )
    })
  }
})
