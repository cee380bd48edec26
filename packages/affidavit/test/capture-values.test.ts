// Tools, accesses and models that give one value after another (spec/capture.md §1, §2).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { clinic, only, type Work } from './audited-work.ts'

const { begin } = clinic()

async function* pages(): AsyncGenerator<string> {
  yield 'page 1'
  yield 'page 2'
}

const STEPS: Readonly<
  Record<string, readonly [action: string, name: string, step: (work: Work) => Promise<AsyncGenerator<string>>]>
> = {
  tool: ['tool_completed', 'result', ({ audit }) => audit.tool('get_chart', pages)()],
  access: [
    'data_accessed',
    'result',
    ({ audit }) => audit.dataAccess({ access: 'read', resource_type: 'patient_record' }, pages),
  ],
  model: ['agent_response_generated', 'response', ({ audit }) => audit.modelCall({ model: 'm-1' }, pages)],
}

for (const [what, [action, name, step]] of Object.entries(STEPS)) {
  suite(`of a ${what} that gives values`, () => {
    test('nothing is taken for its outcome before the last one', async (t) => {
      const work = await begin(t)
      const values = await work.audit.run(work.context, () => step(work))
      assert.equal((await values.next()).value, 'page 1')
      assert.deepEqual(only(await work.recorded(), action), [])
      assert.equal((await values.next()).value, 'page 2')
      assert.equal((await values.next()).done, true)
      const [outcome] = only(await work.recorded(), action)
      assert.equal(outcome?.said[name], '["page 1","page 2"]')
      assert.equal(outcome?.outcome, 'success')
    })

    test('the outcome is what somebody read who read no further', async (t) => {
      const work = await begin(t)
      const values = await work.audit.run(work.context, () => step(work))
      for await (const _ of values) break
      const records = await work.recorded()
      const outcome = records.find(({ details }) => details?.ended === 'cancelled')
      assert.equal(outcome?.said[name], '["page 1"]')
    })

    test('the end is not told before the outcome is on record', async (t) => {
      const work = await begin(t)
      const values = await work.audit.run(work.context, () => step(work))
      await values.next()
      await values.next()
      work.ledger.fail()
      await assert.rejects(async () => values.next(), { code: 'not-committed' })
    })
  })
}
