import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readContext } from './run-context.ts'

test('the name of an agent that cannot be the actor of a record is refused before the work begins', () => {
  const twoSpellings = 'Cafe\u0301'
  const context = { conversation_id: 'c-1', actor_id: 'dr-adams', agent_name: twoSpellings }
  assert.throws(() => readContext(context), { code: 'invalid-query', path: 'agent_name' })
  assert.equal(readContext({ ...context, agent_name: twoSpellings.normalize('NFC') }).agent_name, 'Caf\u00e9')
})
