import assert from 'node:assert/strict'
import { test } from 'node:test'

import { gather } from './gather.ts'

test('those who ask while an answer is awaited are asked for together, next', async () => {
  const asked: (readonly number[])[] = []
  let answer = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const ask = gather<number, void>(async (wanted) => {
    asked.push([...wanted])
    begun.resolve()
    await answer.promise
  })
  const first = Promise.all([ask([1]), ask([2, 3])])
  await begun.promise
  const second = Promise.all([ask([4]), ask([5])])
  await new Promise(setImmediate)
  assert.deepEqual(asked, [[1, 2, 3]])
  answer.resolve()
  await first
  answer = Promise.withResolvers<void>()
  answer.resolve()
  await second
  assert.deepEqual(asked, [
    [1, 2, 3],
    [4, 5],
  ])
})

test('those who ask in one turn of the event loop are asked for together', async () => {
  const asked: (readonly number[])[] = []
  const ask = gather<number, void>(async (wanted) => void asked.push([...wanted]))
  const later = async (number: number): Promise<void> => {
    for (let i = 0; i < number; i++) await Promise.resolve()
    await ask([number])
  }
  await Promise.all([later(1), later(20), later(3)])
  assert.deepEqual(
    asked.map((one) => one.toSorted((a, b) => a - b)),
    [[1, 3, 20]],
  )
})

test('a failure is told to those who asked, and the next ones are asked for', async () => {
  let calls = 0
  const ask = gather<number, void>(async () => {
    calls++
    if (calls === 1) throw new Error('no keyring')
  })
  const refused = [ask([1]), ask([2])]
  for (const one of refused) await assert.rejects(one, /no keyring/)
  await ask([3])
  assert.equal(calls, 2)
})
