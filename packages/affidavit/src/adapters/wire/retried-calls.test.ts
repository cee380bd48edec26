import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Attempt, ModelCall, ModelEnd } from '../../capture/steps.ts'
import { handAlarm } from '../../testing/hand-alarm.ts'
import { retriedCalls } from './retried-calls.ts'

const FAILURE = { ended: 'failed', status: 429 } as const

function modelCall(): { readonly call: ModelCall; readonly attempts: Attempt[]; readonly ends: ModelEnd[] } {
  const attempts: Attempt[] = []
  const ends: ModelEnd[] = []
  const call: ModelCall = {
    id: 'call',
    seen: 'first',
    enter: (fn) => fn(),
    attempt: (attempt) => void attempts.push(attempt),
    end: async (end) => void ends.push(end),
  }
  return { call, attempts, ends }
}

test('the next try goes on with the call, and the one before was an attempt', () => {
  const { alarm, waiting } = handAlarm()
  const retried = retriedCalls(alarm)
  const { call, attempts, ends } = modelCall()
  const abort = new AbortController()
  const key = {}
  retried.wait(key, call, FAILURE, abort.signal)
  assert.equal(retried.resume({}), undefined)
  assert.equal(retried.resume(key), call)
  assert.deepEqual(attempts, [{ status: 429, error: undefined }])
  // It waits no more: neither an abort nor the time ends it here.
  assert.equal(retried.resume(key), undefined)
  assert.deepEqual(waiting(), [])
  abort.abort()
  assert.deepEqual(ends, [])
})

test('calls that nothing tells apart go on in the order in which they failed', () => {
  const retried = retriedCalls(handAlarm().alarm)
  const [one, other] = [modelCall(), modelCall()]
  retried.wait('1 POST {}', one.call, FAILURE)
  retried.wait('1 POST {}', other.call, FAILURE)
  assert.equal(retried.resume('1 POST {}'), one.call)
  assert.equal(retried.resume('1 POST {}'), other.call)
  assert.equal(retried.resume('1 POST {}'), undefined)
})

test('an application that aborts meanwhile has cancelled the call', () => {
  const { alarm, waiting } = handAlarm()
  const retried = retriedCalls(alarm)
  const { call, ends } = modelCall()
  const abort = new AbortController()
  retried.wait('key', call, FAILURE, abort.signal)
  abort.abort('enough')
  assert.deepEqual(ends, [{ ended: 'cancelled', status: 429, error: 'enough' }])
  assert.deepEqual(waiting(), [])
  assert.equal(retried.resume('key'), undefined)
})

test('where no next try comes, the last failure was the end', () => {
  const { alarm, ring } = handAlarm()
  const retried = retriedCalls(alarm)
  const { call, ends } = modelCall()
  retried.wait('key', call, FAILURE)
  ring()
  assert.deepEqual(ends, [FAILURE])
  assert.equal(retried.resume('key'), undefined)
})
