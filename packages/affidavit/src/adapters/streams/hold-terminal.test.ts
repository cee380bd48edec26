import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Ended } from '../../capture/steps.ts'
import { type BodyWatch, holdTerminal } from './hold-terminal.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes)

/** A body whose next chunk, end or error comes when the test says so. */
function body(): {
  readonly stream: ReadableStream<Uint8Array>
  send(text: string): void
  close(): void
  fail(error: Error): void
  readonly cancelled: Promise<unknown>
} {
  const cancelled = Promise.withResolvers<unknown>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const stream = new ReadableStream<Uint8Array>({
    start(its) {
      controller = its
    },
    cancel: (reason) => cancelled.resolve(reason),
  })
  return {
    stream,
    send: (text) => controller?.enqueue(encode(text)),
    close: () => controller?.close(),
    fail: (error) => controller?.error(error),
    cancelled: cancelled.promise,
  }
}

const untilLast = (): BodyWatch => ({
  take: (bytes) => (decode(bytes)?.includes('last') ? 'complete' : undefined),
  over: () => 'cut',
})

/** What was told of the end, and a record of it that is durable when the test says so. */
function record(): {
  readonly told: { ended: Ended; error: unknown }[]
  readonly onEnd: (ended: Ended, error?: unknown) => Promise<void>
  durable(): void
  refuse(error: Error): void
} {
  const told: { ended: Ended; error: unknown }[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return {
    told,
    onEnd(ended, error) {
      told.push({ ended, error })
      return promise
    },
    durable: resolve,
    refuse: reject,
  }
}

/** Whether a promise is still pending when everything that can happen without the outside has happened. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<'pending'>((resolve) => setImmediate(() => resolve('pending')))
  return (await Promise.race([promise.catch(() => undefined), turn])) === 'pending'
}

const REFUSED = new Error('the ledger refuses')

test('chunks pass as they come; the one with the last event waits until the outcome is durable', async () => {
  const { stream, send, close } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd }).getReader()
  send('first')
  assert.equal(decode((await reader.read()).value), 'first')
  assert.deepEqual(told, [])

  send('the last event')
  const held = reader.read()
  assert.ok(await isPending(held))
  assert.deepEqual(told, [{ ended: 'complete', error: undefined }])
  durable()
  assert.equal(decode((await held).value), 'the last event')

  send('after it')
  assert.equal(decode((await reader.read()).value), 'after it')
  close()
  assert.ok((await reader.read()).done)
  assert.equal(told.length, 1)
})

test('where the outcome is refused, the reader gets that error instead of the last event', async () => {
  const { stream, send, cancelled } = body()
  const { onEnd, refuse } = record()
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd }).getReader()
  send('the last event')
  refuse(REFUSED)
  await assert.rejects(reader.read(), REFUSED)
  assert.equal(await cancelled, REFUSED)
})

test('a body that ends early is over for the reader when that is durable', async () => {
  const { stream, send, close } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd }).getReader()
  send('first')
  close()
  await reader.read()
  const end = reader.read()
  assert.ok(await isPending(end))
  assert.deepEqual(told, [{ ended: 'cut', error: undefined }])
  durable()
  assert.ok((await end).done)
})

test('a connection that is lost is lost for the reader when that is durable', async () => {
  const { stream, fail } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd }).getReader()
  const lost = new TypeError('terminated')
  fail(lost)
  const read = reader.read()
  assert.ok(await isPending(read))
  assert.deepEqual(told, [{ ended: 'cut', error: lost }])
  durable()
  await assert.rejects(read, lost)
})

test('a body that fails because it was aborted was cancelled', async () => {
  const { stream, fail } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd }).getReader()
  fail(new DOMException('This operation was aborted', 'AbortError'))
  durable()
  await assert.rejects(reader.read(), { name: 'AbortError' })
  assert.equal(told[0]?.ended, 'cancelled')
})

test('what was aborted before it could be read was cancelled', async () => {
  const { told, onEnd, durable } = record()
  const held = holdTerminal(body().stream, { watch: untilLast(), signal: AbortSignal.abort(), onEnd })
  assert.equal(told[0]?.ended, 'cancelled')
  durable()
  await assert.rejects(held.getReader().read(), { name: 'AbortError' })
})

test('a reader that leaves has cancelled, and has left when that is durable', async () => {
  const { stream, send, cancelled } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd }).getReader()
  send('first')
  await reader.read()
  const left = reader.cancel('enough')
  assert.equal(await cancelled, 'enough')
  assert.ok(await isPending(left))
  assert.deepEqual(told, [{ ended: 'cancelled', error: 'enough' }])
  durable()
  await left
})

test('a reader that leaves is told where that is refused', async () => {
  const { onEnd, refuse } = record()
  const held = holdTerminal(body().stream, { watch: untilLast(), onEnd })
  refuse(REFUSED)
  await assert.rejects(held.cancel(), REFUSED)
})

for (const [name, whileReading] of [
  ['while the reader waits', true],
  ['while nobody reads', false],
] as const) {
  test(`an abort ${name} is recorded at once`, async () => {
    const { stream, fail } = body()
    const { told, onEnd, durable } = record()
    const abort = new AbortController()
    const reader = holdTerminal(stream, { watch: untilLast(), signal: abort.signal, onEnd }).getReader()
    const read = whileReading ? reader.read() : undefined
    abort.abort()
    assert.deepEqual(told, [{ ended: 'cancelled', error: abort.signal.reason }])
    // As fetch does with the body of a request that is aborted.
    fail(abort.signal.reason)
    durable()
    await assert.rejects(read ?? reader.read(), { name: 'AbortError' })
    assert.equal(told.length, 1)
  })
}

test('an abort whose record is refused gives the reader that error', async () => {
  const { onEnd, refuse } = record()
  const abort = new AbortController()
  const reader = holdTerminal(body().stream, { watch: untilLast(), signal: abort.signal, onEnd }).getReader()
  abort.abort()
  refuse(REFUSED)
  await assert.rejects(reader.read(), REFUSED)
})

test('an abort after the last event changes nothing', async () => {
  const { stream, send, close } = body()
  const { told, onEnd, durable } = record()
  const abort = new AbortController()
  const reader = holdTerminal(stream, { watch: untilLast(), signal: abort.signal, onEnd }).getReader()
  send('the last event')
  durable()
  await reader.read()
  abort.abort()
  close()
  assert.ok((await reader.read()).done)
  assert.deepEqual(told, [{ ended: 'complete', error: undefined }])
})

test('no more is taken from the provider than is read', async () => {
  let taken = 0
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        taken++
        controller.enqueue(encode('more'))
      },
    },
    { highWaterMark: 0 },
  )
  const reader = holdTerminal(stream, { watch: untilLast(), onEnd: async () => undefined }).getReader()
  await isPending(reader.closed)
  assert.equal(taken, 0)
  await reader.read()
  assert.equal(taken, 1)
})

test('what came before the last event in one piece does not wait for its record', async () => {
  const source = body()
  const recorded = record()
  const reader = holdTerminal(source.stream, { watch: untilLast(), onEnd: recorded.onEnd }).getReader()
  source.send('data: one\n\ndata: two\n\ndata: last\n\nbehind')
  assert.equal(decode((await reader.read()).value), 'data: one\n\ndata: two\n\n')
  recorded.durable()
  assert.equal(decode((await reader.read()).value), 'data: last\n\nbehind')
})

/** As untilLast, and what says "act" is acted upon. */
const untilActed = (): BodyWatch => ({
  take: (bytes) => (decode(bytes)?.includes('act') ? 'hold' : untilLast().take(bytes)),
  over: () => 'cut',
})

test('what is acted upon is held back with all that follows, until the outcome is durable', async () => {
  const { stream, send, close } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilActed(), onEnd }).getReader()
  send('one\n\nact\n\ntwo')
  assert.equal(decode((await reader.read()).value), 'one\n\n')
  const held = reader.read()
  send('more\n\nact again\n\nthree')
  assert.ok(await isPending(held))
  send('last')
  assert.ok(await isPending(held))
  assert.deepEqual(told, [{ ended: 'complete', error: undefined }])
  durable()
  assert.equal(decode((await held).value), 'act\n\ntwo')
  assert.equal(decode((await reader.read()).value), 'more\n\nact again\n\nthree')
  assert.equal(decode((await reader.read()).value), 'last')
  close()
  assert.ok((await reader.read()).done)
})

test('what is held back is handed over where the body ends early, when that is durable', async () => {
  const { stream, send, close } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilActed(), onEnd }).getReader()
  send('act')
  close()
  const held = reader.read()
  assert.ok(await isPending(held))
  assert.deepEqual(told, [{ ended: 'cut', error: undefined }])
  durable()
  assert.equal(decode((await held).value), 'act')
  assert.ok((await reader.read()).done)
})

test('what is acted upon is not handed over where the outcome is refused', async () => {
  const { stream, send, close } = body()
  const { told, onEnd, refuse } = record()
  const reader = holdTerminal(stream, { watch: untilActed(), onEnd }).getReader()
  send('act')
  close()
  refuse(REFUSED)
  await assert.rejects(reader.read(), REFUSED)
  assert.deepEqual(told, [{ ended: 'cut', error: undefined }])
})

test('whoever leaves while something is held back has cancelled', async () => {
  const { stream, send, cancelled } = body()
  const { told, onEnd, durable } = record()
  const reader = holdTerminal(stream, { watch: untilActed(), onEnd }).getReader()
  send('act')
  const held = reader.read()
  assert.ok(await isPending(held))
  const left = reader.cancel('enough')
  assert.equal(await cancelled, 'enough')
  durable()
  await left
  assert.ok((await held).done)
  assert.deepEqual(told, [{ ended: 'cancelled', error: 'enough' }])
})
