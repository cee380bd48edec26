// The cause of a tool's call is the answer that asked for it; what nobody audits is known by the history (spec/capture.md §1, §4).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { SeenCall, ToolStep } from '../src/capture/steps.ts'
import type { Draft } from '../src/formats/fields.ts'
import { ASKING, clinic, only, type Work } from './audited-work.ts'
import { pick, registryOf } from './chat-drafts.ts'

const PATIENT = { from: 'arguments', at: '/patient' }
const CHART = { access: 'read', resource_type: 'patient_record', resource_id: PATIENT, subject_ids: [PATIENT] }
const { begin } = clinic(undefined, { registry: registryOf({ tools: { get_chart: { touches: [CHART] } } }) })

/** Drafts as they were handed to the ledger, in order: ids are as they came. */
function drafts({ ledger }: Work): readonly Draft[] {
  return ledger.asked.filter(({ action }) => action !== 'conversation_started')
}

function step(name: string, more: Partial<ToolStep> = {}): ToolStep {
  return { sdk: 'mcp', layer: 'client', name, arguments: {}, ...more }
}

suite('the answer that asked for a call is its cause', () => {
  /** An answer that asks for these; its id. */
  async function answer({ audit, ledger }: Work, ...calls: readonly SeenCall[]): Promise<string | undefined> {
    await (await audit.beginModelCall(ASKING)).end({ ended: 'complete', calls })
    return ledger.asked.findLast(({ action }) => action === 'agent_response_generated')?.id
  }

  async function causeOf({ audit, ledger }: Work, made: ToolStep): Promise<readonly (string | undefined)[]> {
    await (await audit.beginToolCall(made)).end({ ended: 'complete' })
    const invoked = ledger.asked.findLast(({ action }) => action === 'tool_invoked')
    return [invoked?.parent_id, String(invoked?.details?.call_id ?? 'none')]
  }

  const chart = (call_id: string | undefined, patient: string): SeenCall => ({
    call_id,
    name: 'get_chart',
    arguments: JSON.stringify({ patient, kind: 'whole' }),
  })

  test('by the model’s id of it, also where a framework calls the tool by another name', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      const asked = await answer(work, chart('call_1', 'p-1'), chart('call_2', 'p-2'))
      assert.deepEqual(await causeOf(work, step('get_chart', { call_id: 'call_2' })), [asked, 'call_2'])
      assert.deepEqual(await causeOf(work, step('clinic__get_chart', { call_id: 'call_1' })), [asked, 'call_1'])
      assert.notEqual((await causeOf(work, step('get_chart', { call_id: 'call_1' })))[0], asked)
    })
  })

  test('by its arguments, whatever order they are in, for many calls of one name at once', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      const asked = await answer(work, ...['p-1', 'p-2', 'p-3'].map((patient, i) => chart(`call_${i}`, patient)))
      const given = ['p-3', 'p-1'].map((patient) => step('get_chart', { arguments: { kind: 'whole', patient } }))
      const causes = await Promise.all(given.map((made) => causeOf(work, made)))
      assert.deepEqual(
        causes.map(([cause]) => cause),
        [asked, asked],
      )
      const ids = drafts(work).filter(({ action }) => action === 'tool_invoked')
      assert.deepEqual(
        ids.map(({ details }) => details?.call_id),
        ['call_2', 'call_0'],
      )
      // The only one that is left, whatever it was given.
      assert.deepEqual(await causeOf(work, step('get_chart')), [asked, 'call_1'])
    })
  })

  test('the newest one, where a provider gives an id to each of its answers', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await answer(work, chart('call_0', 'p-1'))
      const asked = await answer(work, chart('call_0', 'p-1'))
      assert.deepEqual(await causeOf(work, step('get_chart', { call_id: 'call_0' })), [asked, 'call_0'])
    })
  })

  test('in another run of the conversation too, and in no other conversation', async (t) => {
    const work = await begin(t)
    const asked = await work.audit.run(work.context, () => answer(work, chart('call_1', 'p-1'), chart('call_2', 'p-2')))
    const made = step('get_chart', { call_id: 'call_1' })
    const other = { ...work.context, conversation_id: 'other' }
    assert.notEqual((await work.audit.run(other, () => causeOf(work, made)))[0], asked)
    assert.equal((await work.audit.run(work.context, () => causeOf(work, made)))[0], asked)
  })

  test('and what nobody ran who would have told is known by the history alone', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      const asked = await answer(work, chart('call_1', 'p-1'), chart('call_2', 'p-2'))
      await causeOf(work, step('get_chart', { call_id: 'call_1' }))
      const results = ['call_1', 'call_2'].map((call_id) => ({ call_id, value: `chart of ${call_id}` }))
      const call = await work.audit.beginModelCall({ ...ASKING, messages: [{ role: 'tool', value: 'x', results }] })
      await call.end({ ended: 'complete' })
      const reported = drafts(work).filter(({ details }) => details?.reported === true)
      assert.deepEqual(pick(reported, 'call_id', 'resource_id'), [
        { action: 'tool_invoked', call_id: 'call_2', resource_id: 'p-2' },
        { action: 'tool_completed', call_id: 'call_2' },
        { action: 'data_accessed', call_id: 'call_2', resource_id: 'p-2' },
      ])
      assert.equal(reported[0]?.parent_id, asked)
    })
  })

  test('and what is told twice by the history, or could not be recorded at first, is recorded once', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await answer(work, chart('call_1', 'p-1'))
      const messages = [{ role: 'tool', value: 'x', results: [{ call_id: 'call_1', value: 'chart' }] }] as const
      work.ledger.fail()
      await assert.rejects(work.audit.beginModelCall({ ...ASKING, messages }))
      work.ledger.heal()
      for (let i = 0; i < 2; i++) {
        const edited = [{ role: 'instructions', value: `time ${i}` } as const, ...messages]
        await (await work.audit.beginModelCall({ ...ASKING, messages: edited })).end({ ended: 'complete' })
      }
    })
    assert.equal(only(await work.entries(), 'tool_invoked').length, 1)
  })
})
