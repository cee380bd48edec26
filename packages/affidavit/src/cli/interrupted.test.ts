import assert from 'node:assert/strict'
import { test } from 'node:test'

import { untilInterrupted } from './interrupted.ts'

test('an interrupt ends long work behind the step that is under way, and leaves nothing listening', async () => {
  const before = process.listenerCount('SIGINT')
  const seen: number[] = []
  for await (const step of untilInterrupted(steps())) {
    seen.push(step)
    if (step === 1) process.emit('SIGINT')
  }
  assert.deepEqual(seen, [0, 1])
  assert.equal(ended, 'closed')
  assert.equal(process.listenerCount('SIGINT'), before)
})

let ended: 'open' | 'closed' = 'open'

async function* steps(): AsyncGenerator<number> {
  try {
    for (let step = 0; ; step++) yield step
  } finally {
    ended = 'closed'
  }
}
