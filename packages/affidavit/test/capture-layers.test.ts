// A call that several layers see is recorded once, by the outermost one (spec/capture.md §5).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { ToolStep } from '../src/capture/steps.ts'
import { ASKING, clinic, only } from './audited-work.ts'

const { begin } = clinic()

function step(name: string, more: Partial<ToolStep> = {}): ToolStep {
  return { sdk: 'mcp', layer: 'client', name, arguments: {}, ...more }
}

suite('a call that two layers see', () => {
  test('is recorded once, by the outer one', async (t) => {
    const { audit, context, entries } = await begin(t)
    await audit.run(context, async () => {
      const outer = await audit.beginToolCall({
        ...step('get_chart', { call_id: 'call_1' }),
        sdk: 'ai',
        layer: 'framework',
      })
      await outer.enter(async () => {
        const inner = await audit.beginToolCall(step('get_chart', { arguments: { patient: 'p-1' } }))
        assert.deepEqual([inner.seen, inner.id], ['inner', outer.id])
        await inner.enter(() => audit.tool('get_chart', () => 'chart')())
        await inner.end({ ended: 'complete', result: 'chart' })
      })
      await outer.end({ ended: 'complete', result: 'chart' })
    })
    assert.equal(only(await entries(), 'tool_invoked').length, 1)
    assert.equal(only(await entries(), 'tool_completed').length, 1)
  })

  test('is another one with another id, another name, or within itself with other arguments', async (t) => {
    const { audit, context, entries } = await begin(t)
    const made = { ...step('get_chart', { call_id: 'call_1', arguments: { patient: 'p-1' } }) }
    await audit.run(context, async () => {
      const outer = await audit.beginToolCall(made)
      await outer.enter(async () => {
        for (const inner of [
          { ...made, call_id: 'call_2' },
          { ...made, name: 'think' },
        ]) {
          await (await audit.beginToolCall(inner)).end({ ended: 'complete' })
        }
      })
      const countdown = audit.tool('countdown', async (n: number): Promise<unknown> => (n === 0 ? 0 : countdown(n - 1)))
      await countdown(3)
    })
    assert.equal(only(await entries(), 'tool_invoked').length, 3 + 4)
  })

  test('is another one once the outer one is over, though it runs in its context', async (t) => {
    const { audit, context, entries } = await begin(t)
    await audit.run(context, async () => {
      const later = Promise.withResolvers<void>()
      let late: Promise<unknown> = Promise.resolve()
      const get_chart = audit.tool('get_chart', (patient: string) => patient)
      await audit.tool('get_chart', () => {
        late = later.promise.then(() => get_chart('p-2'))
      })()
      later.resolve()
      await late
      const call = await audit.beginModelCall(ASKING)
      const asked = call.enter(() =>
        later.promise.then(() => call.end({ ended: 'complete' })).then(() => audit.modelCall({}, () => 1)),
      )
      await asked
    })
    assert.equal(only(await entries(), 'tool_invoked').length, 2)
    assert.equal(only(await entries(), 'model_invoked').length, 2)
  })

  test('a tool that asks a model of its own is no layer of the call around it', async (t) => {
    const { audit, context, entries } = await begin(t)
    await audit.run(context, async () => {
      const call = await audit.beginModelCall(ASKING)
      await call.enter(() => audit.tool('ask_billing', () => audit.modelCall({}, () => 'paid'))())
      await call.end({ ended: 'complete' })
    })
    assert.equal(only(await entries(), 'model_invoked').length, 2)
  })

  test('of a model is an attempt of the outer one; another question within it is another call', async (t) => {
    const { audit, context, entries } = await begin(t)
    const user = (text: string) => [{ role: 'user', value: text, text }] as const
    const framework = { ...ASKING, sdk: 'ai', layer: 'framework', messages: user('How is she?') } as const
    await audit.run(context, async () => {
      const outer = await audit.beginModelCall(framework)
      await outer.enter(async () => {
        for (const status of [500, 429]) {
          const client = await audit.beginModelCall({ ...ASKING, messages: user('How is she?') })
          assert.equal(client.seen, 'inner')
          await client.end({ ended: 'failed', status, error: new TypeError('x') })
        }
        const same = await audit.beginModelCall(framework)
        assert.equal(same.seen, 'inner')
        const guard = await audit.beginModelCall({ ...framework, messages: user('Is this kind?') })
        assert.equal(guard.seen, 'first')
        await guard.end({ ended: 'complete' })
      })
      await outer.end({ ended: 'complete', answer: 'well' })
    })
    const answers = only(await entries(), 'agent_response_generated')
    assert.deepEqual(answers.at(-1)?.details?.attempts, [
      { n: 1, status: 500, error: { name: 'TypeError' } },
      { n: 2, status: 429, error: { name: 'TypeError' } },
    ])
    assert.equal(answers.length, 2)
  })

  test('of a model with another name, by a layer further in, is another call', async (t) => {
    const { audit, context, entries } = await begin(t)
    await audit.run(context, async () => {
      const outer = await audit.beginModelCall({ ...ASKING, sdk: 'ai', layer: 'framework', model: 'openai/gpt' })
      await outer.enter(async () => {
        assert.equal((await audit.beginModelCall({ ...ASKING, model: 'gpt' })).seen, 'inner')
        assert.equal((await audit.beginModelCall({ ...ASKING, model: 'openai/gpt' })).seen, 'inner')
        const guard = await audit.beginModelCall({ ...ASKING, model: 'guard', recipient: 'https://guard.example' })
        assert.equal(guard.seen, 'first')
        await guard.end({ ended: 'complete', answer: 'kind' })
      })
      await outer.end({ ended: 'complete', answer: 'well' })
    })
    const asked = only(await entries(), 'model_invoked')
    assert.deepEqual(
      asked.map(({ model, details }) => [model, details?.recipient]),
      [
        ['openai/gpt', undefined],
        ['guard', 'https://guard.example'],
      ],
    )
  })
})
