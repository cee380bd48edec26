// Versions of prompts and models are announced once, before the first call that is made under them (spec/capture.md §3, §4).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { ModelStep } from '../src/capture/steps.ts'
import { ASKING, actionsOf, type CapturedRecord, clinic, only, turns, type Work } from './audited-work.ts'

const { begin } = clinic()

const KIND = [{ role: 'system', content: 'Be kind.' }]
const TERSE = [{ role: 'system', content: 'Be terse.' }]
const TOOLS = [{ type: 'function', function: { name: 'get_chart', parameters: { type: 'object' } } }]

async function ask({ audit, context }: Work, what: Partial<ModelStep>): Promise<void> {
  await audit.run(context, async () => {
    const call = await audit.beginModelCall({ ...ASKING, ...what })
    await call.end({ ended: 'complete', answer: 'well' })
  })
}

function changes(records: readonly CapturedRecord[]): readonly CapturedRecord[] {
  return records.filter(({ action }) => action === 'prompt_changed' || action === 'model_changed')
}

function promptsIn(records: readonly CapturedRecord[]): readonly unknown[] {
  return only(records, 'prompt_changed').map(({ said }) => JSON.parse(said.prompt ?? ''))
}

suite('a version', () => {
  test('is announced once for each agent, before its first call, with its text sealed', async (t) => {
    const work = await begin(t)
    for (let i = 0; i < 3; i++) await ask(work, { model: 'm-1', instructions: KIND, tools: TOOLS })
    const records = await work.recorded()
    assert.deepEqual(actionsOf(records), [
      'conversation_started',
      'prompt_changed',
      'model_changed',
      ...['model_invoked', 'agent_response_generated', 'model_invoked'],
      ...['agent_response_generated', 'model_invoked', 'agent_response_generated'],
    ])
    const [prompt, model] = changes(records)
    assert.deepEqual(
      [prompt?.resource_type, prompt?.resource_id, prompt?.agent_name, prompt?.details],
      ['agent_prompt', work.agent_name, work.agent_name, { changed_by: 'unknown' }],
    )
    assert.deepEqual(promptsIn(records), [{ instructions: KIND, tools: TOOLS }])
    assert.deepEqual([model?.resource_type, model?.resource_id, model?.model], ['agent_model', work.agent_name, 'm-1'])
    assert.equal(prompt?.prompt_version, work.audit.promptVersion(KIND, TOOLS))
  })

  test('is named by every call and every answer', async (t) => {
    const work = await begin(t)
    await ask(work, { model: 'm-1', instructions: KIND })
    await ask(work, { model: 'm-2', instructions: TERSE })
    const named = (await work.recorded()).filter(({ action }) => /model_invoked|agent_response/.test(action))
    const [kind, terse] = [KIND, TERSE].map((one) => work.audit.promptVersion(one, []))
    assert.deepEqual(
      named.map(({ prompt_version, model }) => [prompt_version, model]),
      [
        [kind, 'm-1'],
        [kind, 'm-1'],
        [terse, 'm-2'],
        [terse, 'm-2'],
      ],
    )
  })

  test('does not depend on the order in which members are written', async (t) => {
    const { audit } = await begin(t)
    assert.equal(
      audit.promptVersion([{ role: 'system', content: 'x' }], TOOLS),
      audit.promptVersion([{ content: 'x', role: 'system' }], structuredClone(TOOLS)),
    )
    assert.notEqual(audit.promptVersion(KIND, []), audit.promptVersion(TERSE, []))
    assert.notEqual(audit.promptVersion(KIND, []), audit.promptVersion([], KIND))
  })

  test('of tools with numbers that other languages know is one too', async (t) => {
    const work = await begin(t)
    const tools = [{ name: 'count', parameters: { maximum: 18446744073709552000, minimum: -0, default: '\ud800' } }]
    await ask(work, { tools })
    await ask(work, { tools })
    assert.equal(only(await work.entries(), 'prompt_changed').length, 1)
  })

  test('is announced once over restarts', async (t) => {
    const work = await begin(t)
    const asked = { model: 'm-1', instructions: KIND }
    await ask(work, asked)
    for (let i = 0; i < 2; i++) await ask(await work.again(), asked)
    assert.equal(changes(await work.recorded()).length, 2)
  })

  test('that follows another says which, with its text; and one that comes back is announced once more', async (t) => {
    const work = await begin(t)
    for (const [instructions, model] of [
      [KIND, 'm-1'],
      [TERSE, 'm-2'],
      [KIND, 'm-1'],
    ] as const) {
      await ask(await work.again(), { instructions, model })
    }
    const records = await work.recorded()
    const [kind, terse] = [KIND, TERSE].map((one) => work.audit.promptVersion(one, []))
    const prompts = only(records, 'prompt_changed')
    assert.deepEqual(
      prompts.map(({ prompt_version, details }) => [prompt_version, details?.previous_version]),
      [
        [kind, undefined],
        [terse, kind],
        [kind, terse],
      ],
    )
    assert.deepEqual(
      prompts.map(({ said }) => said.previous && JSON.parse(said.previous).instructions),
      [undefined, KIND, TERSE],
    )
    assert.deepEqual(
      prompts.map(({ parent_id }) => parent_id),
      [undefined, prompts[0]?.id, prompts[1]?.id],
    )
    assert.deepEqual(
      only(records, 'model_changed').map(({ model, details }) => [model, details?.previous_model]),
      [
        ['m-1', undefined],
        ['m-2', 'm-1'],
        ['m-1', 'm-2'],
      ],
    )
  })

  test('that an agent uses beside another is not announced at each turn', async (t) => {
    const work = await begin(t)
    for (let i = 0; i < 3; i++) for (const instructions of [KIND, TERSE]) await ask(work, { instructions })
    assert.equal(only(await work.entries(), 'prompt_changed').length, 2)
  })

  test('is announced once by two processes at once, whoever of them knows who changed it', async (t) => {
    const work = await begin(t)
    const others = [await work.again(), await work.again({ changed_by: { actor_id: 'dr-lee' } })]
    await Promise.all([work, ...others].map((one) => ask(one, { instructions: KIND, model: 'm-1' })))
    const records = await work.recorded()
    assert.equal(changes(records).length, 2)
    assert.equal(only(records, 'agent_response_generated').length, 3)
  })

  test('is announced before every one of many calls that begin at once', async (t) => {
    const work = await begin(t)
    await Promise.all(Array.from({ length: 20 }, () => ask(work, { instructions: KIND, model: 'm-1' })))
    const actions = actionsOf(await work.entries())
    assert.equal(actions.filter((action) => /changed/.test(action)).length, 2)
    assert.ok(actions.lastIndexOf('model_changed') < actions.indexOf('model_invoked'))
  })

  test('whose announcement fails keeps every call from being made under it, and is announced by the next one', async (t) => {
    const work = await begin(t)
    const gate = Promise.withResolvers<void>()
    work.ledger.decide(async ({ action }) => {
      if (action !== 'prompt_changed') return 'taken'
      await gate.promise
      return {}
    })
    const asked = Array.from({ length: 3 }, () =>
      assert.rejects(ask(work, { instructions: KIND }), { code: 'not-committed' }),
    )
    while (!work.ledger.asked.some(({ action }) => action === 'prompt_changed')) await turns(1)
    gate.resolve()
    await Promise.all(asked)
    work.ledger.heal()
    await ask(work, { instructions: KIND })
    const records = await work.recorded()
    assert.equal(only(records, 'prompt_changed').length, 1)
  })

  test('is put in force by somebody, where that is known', async (t) => {
    const reason = `${'A long story. '.repeat(30)}The end.`
    const work = await begin(t, { changed_by: { actor_id: 'dr-lee', actor_type: 'admin', reason } })
    await ask(work, { instructions: KIND })
    const [prompt] = changes(await work.recorded())
    assert.deepEqual([prompt?.actor_type, prompt?.details], ['admin', { changed_by: 'known' }])
    assert.match(prompt?.outcome_reason ?? '', /^A long story\..*…$/)
    assert.equal(prompt?.said.reason, reason)
  })

  test('of no agent is announced by nobody: the call itself has the instructions and the tools', async (t) => {
    const { audit, recorded } = await begin(t, { agent_name: undefined })
    const call = await audit.beginModelCall({ ...ASKING, model: 'm-1', instructions: KIND, tools: TOOLS })
    await call.end({ ended: 'complete' })
    const records = await recorded()
    assert.deepEqual(changes(records), [])
    const [invoked] = only(records, 'model_invoked')
    assert.deepEqual(JSON.parse(invoked?.said.request ?? '').prompt, { instructions: KIND, tools: TOOLS })
    assert.equal(invoked?.prompt_version, audit.promptVersion(KIND, TOOLS))
  })

  test('is announced also where the ledger cannot be asked for the one before: the prompt is on record', async (t) => {
    const work = await begin(t, { spoolBytes: 1_048_576 })
    await ask(work, { instructions: KIND })
    const next = await work.again({ spoolBytes: undefined })
    next.ledger.versionInForce = () => Promise.reject(new Error('away'))
    await ask(next, { instructions: TERSE })
    assert.equal(only(await work.entries(), 'prompt_changed').length, 2)
  })
})
