import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { createLine } from './in-line.ts'

test('whoever is ready first waits for whoever came first', async () => {
  const ready = fc.oneof(fc.constant('now'), fc.nat(5), fc.record({ fails: fc.nat(5) }))
  await fc.assert(
    fc.asyncProperty(fc.array(ready, { minLength: 1, maxLength: 20 }), async (comers) => {
      const line = createLine()
      const entered: number[] = []
      const answers = comers.map((when, i) => {
        const value = when === 'now' ? i : later(typeof when === 'number' ? when : when.fails, i, typeof when)
        return line.enter(value, async (who) => {
          entered.push(who)
          return `place of ${who}`
        })
      })
      const settled = await Promise.allSettled(answers)
      const expected = comers.flatMap((when, i) => (typeof when === 'object' ? [] : [i]))
      assert.deepEqual(entered, expected)
      for (const [i, answer] of settled.entries()) {
        if (answer.status === 'fulfilled') assert.equal(answer.value, `place of ${i}`)
        else assert.equal(answer.reason, i)
      }
      assert.equal(line.waiting(), 0)
    }),
  )
})

async function later(turns: number, i: number, kind: string): Promise<number> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
  if (kind === 'object') throw i
  return i
}

test('where nobody waits, entering is immediate', () => {
  const line = createLine()
  let entered = false
  void line.enter(1, async () => {
    entered = true
  })
  assert.equal(entered, true)
})

test('what entering comes to is told to whoever entered, and stops nobody', async () => {
  const line = createLine()
  const refused = line.enter(Promise.resolve(1), () => Promise.reject(new Error('no room')))
  const next = line.enter(2, async (value) => value)
  await assert.rejects(refused, /no room/)
  assert.equal(await next, 2)
})
