import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createAskedCalls } from './asked.ts'

test('of calls that nobody runs those are kept that have room, and the newest always', () => {
  const asked = createAskedCalls()
  const calls = Array.from({ length: 40 }, (_, i) => ({
    name: 'write_file',
    call_id: `call-${i}`,
    arguments: JSON.stringify({ text: 'x'.repeat(1_048_576) }),
  }))
  for (const [i, call] of calls.entries()) asked.add(`answer-${i}`, [call])
  assert.equal(asked.take({ name: 'write_file', call_id: 'call-39', arguments: {} })?.answer, 'answer-39')
  const kept = calls.filter((call) => asked.takeReported(call.call_id) !== undefined)
  assert.ok(kept.length > 0 && kept.length < 10, `${kept.length} are kept`)
  const huge = [{ name: 'write_file', call_id: 'huge', arguments: 'x'.repeat(20_000_000) }]
  asked.add('answer', huge)
  assert.equal(asked.take({ name: 'write_file', call_id: 'huge', arguments: {} })?.answer, 'answer')
})
