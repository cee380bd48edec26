import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { fixedClock } from '../testing/fixed-clock.ts'
import { createTimekeeper } from './timekeeper.ts'

const START = Date.UTC(2026, 10, 21, 9, 30)
const DAY = 24 * 3_600_000

test('a clock that runs, however long, is steady; so is one that is off by two seconds', () => {
  const clock = fixedClock(START)
  const timekeeper = createTimekeeper(clock)
  for (const offset of [0, 2_000, -2_000, 0]) {
    clock.pass(100 * DAY)
    clock.set(clock.now() + offset)
    assert.deepEqual(timekeeper.look(), { kind: 'steady' })
  }
})

test('a step in either direction is told once, with where the clock should be and where it is', () => {
  for (const step of [2_001, -2_001, DAY, -400 * DAY]) {
    const clock = fixedClock(START)
    const timekeeper = createTimekeeper(clock)
    clock.pass(500)
    clock.set(clock.now() + step)
    assert.deepEqual(timekeeper.look(), { kind: 'stepped', expected: START + 500, found: START + 500 + step })
    assert.deepEqual(timekeeper.look(), { kind: 'steady' })
    assert.equal(timekeeper.now(), START + 500 + step)
  }
})

test('a jump of more than a day is told until it is confirmed, and until then does not count as the time', () => {
  const clock = fixedClock(START)
  const timekeeper = createTimekeeper(clock)
  clock.set(START + DAY + 1)
  clock.pass(10)
  for (let looks = 0; looks < 3; looks++) assert.equal(timekeeper.look().kind, 'jumped')
  assert.equal(timekeeper.now(), START + 10)
  const jump = timekeeper.look()
  assert.ok(jump.kind === 'jumped')
  timekeeper.confirm(jump)
  assert.deepEqual(timekeeper.look(), { kind: 'steady' })
  assert.equal(timekeeper.now(), START + DAY + 11)
})

test('a jump that is taken back was none', () => {
  const clock = fixedClock(START)
  const timekeeper = createTimekeeper(clock)
  clock.set(START + 40 * DAY)
  assert.equal(timekeeper.look().kind, 'jumped')
  clock.set(START)
  assert.deepEqual(timekeeper.look(), { kind: 'steady' })
})

test('confirming one jump does not confirm what the clock did after it was seen', () => {
  const clock = fixedClock(START)
  const timekeeper = createTimekeeper(clock)
  clock.set(START + 2 * DAY)
  const jump = timekeeper.look()
  assert.ok(jump.kind === 'jumped')
  clock.set(START + 300 * DAY)
  timekeeper.confirm(jump)
  assert.equal(timekeeper.look().kind, 'jumped')
})

test('whatever the clock does, what is taken for the time is within a day of what was accepted before', () => {
  const moves = fc.array(
    fc.record({ passes: fc.nat(DAY), set: fc.option(fc.integer({ min: -DAY * 9, max: DAY * 9 })) }),
  )
  fc.assert(
    fc.property(moves, (script) => {
      const clock = fixedClock(START)
      const timekeeper = createTimekeeper(clock)
      let before = START
      for (const { passes, set } of script) {
        clock.pass(passes)
        if (set !== null) clock.set(clock.now() + set)
        const now = timekeeper.now()
        assert.ok(now <= before + passes + DAY)
        if (timekeeper.look().kind === 'jumped') clock.set(now)
        before = timekeeper.now()
      }
    }),
  )
})
