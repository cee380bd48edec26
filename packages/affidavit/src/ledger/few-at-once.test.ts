import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { fewAtOnce } from './few-at-once.ts'

test('never more than so many are under way, each begins in its turn, and a failure stops nobody', async () => {
  const work = fc.array(fc.record({ turns: fc.integer({ min: 1, max: 5 }), fails: fc.boolean() }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), work, async (limit, works) => {
      const few = fewAtOnce(limit)
      const begun: number[] = []
      let underWay = 0
      let most = 0
      const outcomes = await Promise.allSettled(
        works.map(({ turns, fails }, i) =>
          few(async () => {
            begun.push(i)
            most = Math.max(most, ++underWay)
            for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
            underWay--
            if (fails) throw new Error(String(i))
            return i
          }),
        ),
      )
      assert.deepEqual(begun, [...works.keys()])
      assert.equal(most, Math.min(limit, works.length))
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        works.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')),
      )
    }),
  )
})

test('what comes when all have ended begins at once', async () => {
  const few = fewAtOnce(1)
  assert.equal(await few(() => 1), 1)
  let begun = false
  const second = few(() => {
    begun = true
  })
  assert.ok(begun)
  await second
})
