import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { createNumberRanges, type NumberRange, splitBy } from './number-ranges.ts'

const few = fc.array(fc.nat(30), { maxLength: 40 })

test('numbers are held as ranges, in whatever order they came, with where each begins and ends', () => {
  fc.assert(
    fc.property(few, (numbers) => {
      const held = createNumberRanges<string>()
      const seen = new Set<number>()
      for (const [i, number] of numbers.entries()) {
        assert.equal(held.add(number, `${number}@${i}`), !seen.has(number))
        seen.add(number)
      }
      const inRanges = held.ranges.flatMap(({ from, to }) => upTo(from, to))
      assert.deepEqual(
        inRanges,
        [...seen].sort((a, b) => a - b),
      )
      for (const [i, { from, to, first, last }] of held.ranges.entries()) {
        const next = held.ranges[i + 1]
        assert.ok(next === undefined || next.from > to + 1)
        assert.deepEqual([first, last], [placeOf(from), placeOf(to)])
      }
      function placeOf(number: number): string {
        return `${number}@${numbers.indexOf(number)}`
      }
    }),
    { numRuns: 1000 },
  )
})

test('numbers in order are one range, however many they are', () => {
  const held = createNumberRanges<number>()
  for (let number = 0; number < 100_000; number++) held.add(number, number)
  assert.deepEqual(held.ranges, [{ from: 0, to: 99_999, first: 0, last: 99_999 }])
})

const range = fc.tuple(fc.nat(20), fc.nat(8)).map(([from, more]): NumberRange => [from, from + more])

test('a range is split by others into what is in them and what is not', () => {
  fc.assert(
    fc.property(range, fc.array(range, { maxLength: 5 }), ([from, to], others) => {
      const { inside, outside } = splitBy([from, to], others)
      const numbers = upTo(from, to)
      const isIn = (number: number): boolean => others.some(([first, last]) => first <= number && number <= last)
      assert.deepEqual(inside.flatMap(numbersIn), numbers.filter(isIn))
      assert.deepEqual(
        outside.flatMap(numbersIn),
        numbers.filter((number) => !isIn(number)),
      )
    }),
    { numRuns: 1000 },
  )
})

function numbersIn([from, to]: NumberRange): readonly number[] {
  return upTo(from, to)
}

function upTo(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
