// Calls of models that no adapter knows (spec/capture.md §1).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { clinic, only } from './audited-work.ts'

const { begin } = clinic()

test('an answer whose reader fails is on record as it came, and the application learns of its failure', async (t) => {
  const { audit, context, recorded } = await begin(t)
  const read = (): never => {
    throw new TypeError('there is no such member')
  }
  await assert.rejects(
    audit.run(context, () => audit.modelCall({ model: 'm-1', read }, () => ({ words: 'the answer' }))),
    TypeError,
  )
  const [answer] = only(await recorded(), 'agent_response_generated')
  assert.equal(answer?.said.response, '{"words":"the answer"}')
})
