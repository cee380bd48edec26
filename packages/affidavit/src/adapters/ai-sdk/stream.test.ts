import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import type { ModelCall, ModelEnd } from '../../capture/steps.ts'
import { auditStream } from './stream.ts'

interface Part {
  readonly type: string
  readonly id?: string
  readonly delta?: string
}

const START = { type: 'text-start', id: '1' }
const TEXT = { type: 'text-delta', id: '1', delta: 'sunny' }
const FINISH = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' } }

/** A call whose end is durable when the test says so. */
function endingCall(durable: Promise<void> = Promise.resolve()): { call: ModelCall; ends: ModelEnd[] } {
  const ends: ModelEnd[] = []
  const end = (told: ModelEnd): Promise<void> => {
    ends.push(told)
    return durable
  }
  return { ends, call: { id: 'x', seen: 'first', enter: (fn) => fn(), attempt: () => undefined, end } }
}

/** A model's stream: what was taken of it, and whether it was given back. */
function source(...parts: readonly Part[]): { stream: ReadableStream<Part>; taken: Part[]; givenBack: unknown[] } {
  const taken: Part[] = []
  const givenBack: unknown[] = []
  const stream = new ReadableStream<Part>(
    {
      pull(controller) {
        const part = parts[taken.length]
        if (part === undefined) return controller.close()
        taken.push(part)
        controller.enqueue(part)
      },
      cancel: (reason) => void givenBack.push(reason),
    },
    { highWaterMark: 0 },
  )
  return { stream, taken, givenBack }
}

test('parts pass as they come, the last one when the outcome is durable', async () => {
  const durable = Promise.withResolvers<void>()
  const { call, ends } = endingCall(durable.promise)
  const reader = auditStream(source(START, TEXT, FINISH).stream, call).getReader()
  assert.deepEqual([(await reader.read()).value, (await reader.read()).value], [START, TEXT])
  let last: Part | undefined
  const reading = reader.read().then(({ value }) => {
    last = value
  })
  while (ends.length === 0 && last === undefined) await setImmediate()
  await setImmediate()
  assert.equal(last, undefined)
  durable.resolve()
  await reading
  assert.equal(last, FINISH)
  assert.deepEqual(
    ends.map(({ ended, answer }) => [ended, answer]),
    [['complete', 'sunny']],
  )
})

test('a call of a tool is handed on when the outcome is durable, with all that follows; what the provider runs, as it comes', async () => {
  const durable = Promise.withResolvers<void>()
  const { call, ends } = endingCall(durable.promise)
  const theirs = { type: 'tool-call', toolCallId: '1', toolName: 'search', providerExecuted: true }
  const ours = { type: 'tool-call', toolCallId: '2', toolName: 'look' }
  const { stream } = source(TEXT, theirs, ours, TEXT, FINISH)
  const reader = auditStream<Part>(stream, call).getReader()
  assert.deepEqual([(await reader.read()).value, (await reader.read()).value], [TEXT, theirs])
  const read: unknown[] = []
  const reading = reader.read().then(({ value }) => read.push(value))
  while (ends.length === 0 && read.length === 0) await setImmediate()
  await setImmediate()
  assert.equal(read.length, 0)
  durable.resolve()
  await reading
  while (read.length < 3) read.push((await reader.read()).value)
  assert.deepEqual(read, [ours, TEXT, FINISH])
  assert.equal((await reader.read()).done, true)
})

test('a call of a tool whose stream breaks is not handed on; where it is cut, it is on record as that before', async () => {
  const ours = { type: 'tool-call', toolCallId: '2', toolName: 'look' }
  const broken = new TypeError('terminated')
  const { call, ends } = endingCall()
  const breaking = new ReadableStream<Part>({
    start: (controller) => controller.enqueue(ours),
    pull: (controller) => controller.error(broken),
  })
  await assert.rejects(auditStream<Part>(breaking, call).getReader().read(), broken)
  assert.equal(ends[0]?.ended, 'cut')
  const cut = endingCall()
  const reader = auditStream<Part>(source(ours).stream, cut.call).getReader()
  assert.deepEqual([(await reader.read()).value, cut.ends[0]?.ended], [ours, 'cut'])
  assert.equal((await reader.read()).done, true)
})

test('where the outcome is refused, the reader gets that error instead of the last part, and the source is given back', async () => {
  const refused = new Error('refused')
  const { call } = endingCall(Promise.reject(refused))
  const { stream, givenBack } = source(FINISH)
  await assert.rejects(auditStream(stream, call).getReader().read(), refused)
  assert.deepEqual(givenBack, [refused])
})

test('no more is taken from the model than is read', async () => {
  const { stream, taken } = source(START, TEXT, FINISH)
  const reader = auditStream(stream, endingCall().call).getReader()
  await setImmediate()
  assert.deepEqual(taken, [])
  await reader.read()
  await setImmediate()
  assert.deepEqual(taken, [START])
})

test('who reads no more has cancelled it', async () => {
  const { call, ends } = endingCall()
  const { stream, givenBack } = source(START, TEXT, FINISH)
  const audited = auditStream(stream, call)
  for await (const part of audited) if (part === TEXT) break
  assert.deepEqual(
    ends.map(({ ended, answer }) => [ended, answer]),
    [['cancelled', 'sunny']],
  )
  assert.equal(givenBack.length, 1)
})

for (const [what, error, ended] of [
  ['is aborted', new DOMException('gone', 'AbortError'), 'cancelled'],
  ['breaks', new TypeError('terminated'), 'cut'],
] as const) {
  test(`a stream that ${what} is ${ended}, whether it is read or not`, async () => {
    for (const isRead of [true, false]) {
      const { call, ends } = endingCall()
      const broken = new TransformStream<Part, Part>()
      const audited = auditStream(broken.readable, call)
      const reading = isRead ? audited.getReader().read() : undefined
      await broken.writable.abort(error)
      if (reading !== undefined) await assert.rejects(reading, error)
      else await setImmediate()
      assert.deepEqual([ends[0]?.ended, ends[0]?.error], [ended, error])
    }
  })
}

test('a stream that ends without its last part is cut', async () => {
  const { call, ends } = endingCall()
  const reader = auditStream(source(START, TEXT).stream, call).getReader()
  while (!(await reader.read()).done);
  assert.deepEqual(
    ends.map(({ ended, answer }) => [ended, answer]),
    [['cut', 'sunny']],
  )
})
