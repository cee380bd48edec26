import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { newConversation } from './conversations.ts'
import { newRun, type Run, stoppedBy, stopRun } from './run.ts'

function runIn(outer: Run | undefined): Run {
  return newRun(undefined, newConversation(undefined), outer)
}

test('runs that each begin the next one keep none of those that are long over', async () => {
  setFlagsFromString('--expose-gc')
  const begun: WeakRef<Run>[] = []
  let last: Run | undefined
  for (let i = 0; i < 1_000; i++) {
    last = runIn(last)
    begun.push(new WeakRef(last))
    // What a WeakRef was made of is kept up to the end of the turn.
    if (i % 100 === 99) await new Promise(setImmediate)
  }
  runInNewContext('gc')()
  assert.ok(begun.filter((one) => one.deref() !== undefined).length < 100)
  assert.notEqual(last, undefined)
})

test('a run is stopped with those that it was begun in, and whatever begins in these', () => {
  const outermost = runIn(undefined)
  const middle = runIn(outermost)
  const inner = runIn(middle)
  const other = runIn(undefined)
  stopRun(inner, 'a record failed')
  stopRun(middle, 'another one did')
  for (const one of [outermost, middle, inner]) assert.deepEqual(stoppedBy(one), { error: 'a record failed' })
  assert.deepEqual(stoppedBy(runIn(outermost)), { error: 'a record failed' })
  assert.equal(stoppedBy(other), undefined)
})
