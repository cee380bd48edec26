import assert from 'node:assert/strict'
import { test } from 'node:test'

import { watchRefusal } from './watch-refusal.ts'

/** What was told of a refusal, and a record of it that is durable when the test says so. */
function record() {
  const told: string[] = []
  const { promise, resolve: durable, reject: refuse } = Promise.withResolvers<void>()
  return {
    told,
    durable,
    refuse,
    onRead(text: string) {
      told.push(`read ${text}`)
      return promise
    },
    onDropped: () => void told.push('dropped'),
  }
}

function body(text: string): ReadableStream<Uint8Array> | null {
  return new Response(text).body
}

test('a client that reads the refusal gets it when the outcome is durable', async () => {
  const { told, durable, ...refusal } = record()
  const read = new Response(watchRefusal(body('slow down'), refusal)).text()
  const first = await Promise.race([read, new Promise((resolve) => setImmediate(() => resolve('nothing yet')))])
  assert.equal(first, 'nothing yet')
  assert.deepEqual(told, ['read slow down'])
  durable()
  assert.equal(await read, 'slow down')
})

test('a refusal without a body is read too', async () => {
  const { told, durable, ...refusal } = record()
  durable()
  assert.equal(await new Response(watchRefusal(null, refusal)).text(), '')
  assert.deepEqual(told, ['read '])
})

test('a client that drops the refusal tries again', async () => {
  const { told, ...refusal } = record()
  await watchRefusal(body('slow down'), refusal).cancel()
  assert.deepEqual(told, ['dropped'])
})

test('nothing is told before the client has decided', async () => {
  const { told, ...refusal } = record()
  const watched = watchRefusal(body('slow down'), refusal)
  await new Promise(setImmediate)
  assert.deepEqual(told, [])
  await watched.cancel()
})

test('where the outcome is refused, so is the body', async () => {
  const refused = new Error('the ledger refuses')
  const { refuse, ...refusal } = record()
  refuse(refused)
  await assert.rejects(new Response(watchRefusal(body('slow down'), refusal)).text(), refused)
})

test('a refusal whose connection is lost is recorded, and lost for the client', async () => {
  const lost = new TypeError('terminated')
  const { told, durable, ...refusal } = record()
  durable()
  const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(lost) })
  await assert.rejects(new Response(watchRefusal(broken, refusal)).text(), lost)
  assert.deepEqual(told, ['read '])
})
