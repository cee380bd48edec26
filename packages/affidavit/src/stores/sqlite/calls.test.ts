import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'

import { answerCalls, type Call, type Word } from './calls.ts'

/** A caller at the other end of a port, and the calls that were begun, each answered when it is told. */
function conversation(pause?: () => void): {
  say(word: Word): void
  readonly begun: number[]
  readonly heard: unknown[]
  finish(call: number): void
  listen: ReturnType<typeof answerCalls>
  end(): void
} {
  const { port1, port2 } = new MessageChannel()
  const begun: number[] = []
  const heard: unknown[] = []
  const finish = new Map<number, () => void>()
  port1.on('message', (answer) => heard.push(answer))
  const listen = answerCalls(
    port2,
    ({ call }: Call) => {
      begun.push(call)
      return new Promise((resolve) => finish.set(call, () => resolve({ call, value: call })))
    },
    pause,
  )
  return {
    say: (word) => port1.postMessage(word),
    begun,
    heard,
    finish: (call) => finish.get(call)?.(),
    listen,
    end: () => port1.close(),
  }
}

const call = (number: number, heard = 0): Call => ({ call: number, heard, method: 'ledgers', values: [] })

test('calls are begun in their order, and each is answered once it is settled', async () => {
  const { say, begun, heard, finish, end } = conversation()
  say(call(1))
  say(call(2))
  while (begun.length < 2) await turn()
  finish(2)
  finish(1)
  while (heard.length < 2) await turn()
  assert.deepEqual(begun, [1, 2])
  assert.deepEqual(heard, [
    { call: 2, value: 2 },
    { call: 1, value: 1 },
  ])
  end()
})

test('listening takes in all that was said, without a turn of the event loop', () => {
  const { say, begun, listen, end } = conversation()
  say(call(1))
  say({ heard: 0 })
  say(call(2))
  listen('unannounced')
  assert.deepEqual(begun, [1, 2])
  end()
})

test('what was announced is waited for', () => {
  const { say, begun, listen, end } = conversation(() => say(call(1)))
  listen('announced')
  assert.deepEqual(begun, [1])
  end()
})

test('who has not heard the last answer yet is waited for, and who has is not', async () => {
  let pauses = 0
  const { say, begun, heard, finish, listen, end } = conversation(() => {
    pauses++
    say({ heard: 1 })
  })
  say(call(1))
  listen('unannounced')
  assert.deepEqual([begun, pauses], [[1], 0])
  finish(1)
  while (heard.length < 1) await turn()
  listen('unannounced')
  assert.equal(pauses, 1)
  listen('unannounced')
  assert.equal(pauses, 1)
  end()
})

test('listening for what was announced, or for who was just answered, ends though nothing comes', async () => {
  const { say, begun, heard, finish, listen, end } = conversation()
  listen('announced')
  say(call(1))
  listen('unannounced')
  finish(1)
  while (heard.length < 1) await turn()
  listen('unannounced')
  say(call(2, 1))
  listen('unannounced')
  assert.deepEqual(begun, [1, 2])
  end()
})

test('a thread that was called at once again looks out for the next call, and sleeps when none comes', async () => {
  const { say, begun, heard, finish, end } = conversation()
  for (let number = 1; number <= 3; number++) {
    say(call(number, number - 1))
    while (begun.length < number) await turn()
    finish(number)
    while (heard.length < number) await turn()
  }
  assert.deepEqual(begun, [1, 2, 3])
  end()
})
