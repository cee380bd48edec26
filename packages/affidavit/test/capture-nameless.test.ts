// An agent without a name has no prompt that is announced: what it is told stands with each call.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createAudit } from '../src/capture.ts'
import { CONTEXT, openWorld } from './captured.ts'

test('instructions and tools of an agent without a name are sealed with each call', async (t) => {
  const { ledger, recorded } = await openWorld(t)
  const audit = createAudit({ ledger })
  const prompt = { instructions: ['Be kind.'], tools: [{ name: 'get_chart' }] }
  await audit.run(CONTEXT, async () => {
    await audit.modelCall({ model: 'm', ...prompt }, () => 'Well.')
    await audit.modelCall({ model: 'm' }, () => 'Well.')
  })
  const called = (await recorded()).filter(({ action }) => action === 'model_invoked')
  assert.deepEqual(
    called.map(({ said }) => JSON.parse(said.request ?? '').prompt),
    [prompt, undefined],
  )
})
