import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { addInterval, addNumber, gapsOf, type NumberSet } from './numbers.ts'

const interval = fc.tuple(fc.nat(60), fc.nat(8)).map(([from, length]) => [from, from + length] as const)

test('intervals hold what a set of numbers holds, ascending, none touching the next', () => {
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 30 }), (added) => {
      const set: NumberSet = []
      const naive = new Set<number>()
      for (const [from, to] of added) {
        if (from === to) addNumber(set, from)
        else addInterval(set, from, to)
        for (let number = from; number <= to; number++) naive.add(number)
      }
      const numbers = set.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
      assert.deepEqual(
        numbers,
        [...naive].sort((a, b) => a - b),
      )
      for (const [i, [from]] of set.entries()) assert.ok(i === 0 || from > (set[i - 1]?.[1] ?? 0) + 1)
    }),
    { numRuns: 300 },
  )
})

test('gaps are the numbers from the first one on that are not there, up to the largest', () => {
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 12 }), fc.nat(20), (added, first) => {
      const set: NumberSet = []
      for (const [from, to] of added) addInterval(set, from, to)
      const there = new Set(set.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)))
      const missing: number[] = []
      for (let number = first; number <= Math.max(-1, ...there); number++) if (!there.has(number)) missing.push(number)
      const gaps = gapsOf(set, first)
      assert.deepEqual(
        gaps.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
        missing,
      )
    }),
    { numRuns: 300 },
  )
})

test('a producer that lost nothing takes one interval, to the largest safe number', () => {
  const set: NumberSet = []
  for (let number = 0; number < 1000; number++) addNumber(set, number)
  assert.deepEqual(set, [[0, 999]])
  addNumber(set, Number.MAX_SAFE_INTEGER)
  assert.deepEqual(gapsOf(set, 0), [[1000, Number.MAX_SAFE_INTEGER - 1]])
})
