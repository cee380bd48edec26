import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { clockIsAhead, clockIsBehind } from './time-source.ts'

const AT = Date.UTC(2026, 10, 21, 9, 30)

const CASES: readonly [name: string, system: number, uncertainty: number, isAhead: boolean][] = [
  ['shows the same', AT, 0, false],
  ['is behind, by however much', AT - 1e12, 0, false],
  ['is ahead by the tolerance', AT + 60_000, 0, false],
  ['is ahead by more', AT + 60_001, 0, true],
  ['may be ahead by more, as the source is not sure', AT + 59_000, 1_001, true],
  ['cannot be, although the source is not sure', AT + 59_000, 1_000, false],
  ['is held against a source that knows nothing', AT, Number.POSITIVE_INFINITY, true],
  ['shows no time', Number.NaN, 0, true],
]

for (const [name, system, uncertainty_millis, isAhead] of CASES) {
  test(`a clock that ${name} is ${isAhead ? 'ahead' : 'in order'}`, () => {
    assert.equal(clockIsAhead(system, { at: AT, uncertainty_millis }, 60_000), isAhead)
  })
}

test('whatever the true time was, a clock that is found in order is ahead of it by no more than the tolerance', () => {
  const millis = fc.integer({ min: -100_000, max: 100_000 })
  fc.assert(
    fc.property(millis, fc.nat(10_000), fc.double({ min: -1, max: 1, noNaN: true }), (ahead, sure, share) => {
      const source = { at: AT, uncertainty_millis: sure }
      const truth = AT + sure * share
      if (!clockIsAhead(AT + ahead, source, 60_000)) assert.ok(AT + ahead - truth <= 60_000 + 1)
    }),
  )
})

test('a clock is behind a source as that would be ahead of the clock', () => {
  for (const [name, system, uncertainty_millis, isAhead] of CASES)
    assert.equal(clockIsBehind(2 * AT - system, { at: AT, uncertainty_millis }, 60_000), isAhead, name)
})
