import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatTimestamp, isTimestamp, parseTimestamp, systemClock } from './clock.ts'

const instant = fc.integer({
  min: Date.UTC(0, 0, 1) - 1900 * 31_556_952_000,
  max: Date.UTC(9999, 11, 31, 23, 59, 59, 999),
})

test('an instant is written in UTC to the millisecond, and read back', () => {
  assert.equal(formatTimestamp(1_795_253_400_123), '2026-11-21T09:30:00.123Z')
  assert.equal(formatTimestamp(0), '1970-01-01T00:00:00.000Z')
  fc.assert(
    fc.property(instant, (at) => {
      const text = formatTimestamp(at)
      assert.ok(isTimestamp(text), text)
      assert.equal(parseTimestamp(text), at)
    }),
  )
})

test('texts sort as their instants do', () => {
  fc.assert(
    fc.property(instant, instant, (a, b) => {
      assert.equal(formatTimestamp(a) < formatTimestamp(b), a < b)
    }),
  )
})

test('exactly the days of the calendar are read', () => {
  for (const year of [0, 4, 1900, 1999, 2000, 2024, 2026, 2100, 9999]) {
    const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
    const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T12:00:00.000Z`
        const exists = day >= 1 && day <= (lengths[month - 1] ?? 0)
        assert.equal(isTimestamp(text), exists, text)
        assert.equal(parseTimestamp(text) !== undefined, exists, text)
      }
    }
  }
})

test('exactly the times of a day are read: 24:00 and leap seconds are none', () => {
  for (let value = 0; value <= 99; value++) {
    assert.equal(isTimestamp(`2026-11-21T${two(value)}:00:00.000Z`), value <= 23)
    assert.equal(isTimestamp(`2026-11-21T00:${two(value)}:00.000Z`), value <= 59)
    assert.equal(isTimestamp(`2016-12-31T23:59:${two(value)}.000Z`), value <= 59)
  }
})

function two(value: number): string {
  return String(value).padStart(2, '0')
}

for (const text of [
  '',
  '2026-11-21',
  '2026-11-21T09:30:00Z',
  '2026-11-21T09:30:00.0Z',
  '2026-11-21T09:30:00.000000Z',
  '2026-11-21T09:30:00.000',
  '2026-11-21T09:30:00.000+00:00',
  '2026-11-21T09:30:00.000z',
  '2026-11-21t09:30:00.000Z',
  '2026-11-21 09:30:00.000Z',
  '2026-11-21T09:30:00,000Z',
  '20261121T093000.000Z',
  '+010000-01-01T00:00:00.000Z',
  '-000001-01-01T00:00:00.000Z',
  '26-11-21T09:30:00.000Z',
  ' 2026-11-21T09:30:00.000Z',
  '2026-11-21T09:30:00.000Z\n',
  '٢٠٢٦-11-21T09:30:00.000Z',
  '1795253400000',
  'now',
]) {
  test(`not read as a time: ${JSON.stringify(text)}`, () => {
    assert.equal(isTimestamp(text), false)
    assert.equal(parseTimestamp(text), undefined)
  })
}

test('the clock that only runs forward does not run backwards', () => {
  const before = systemClock.elapsed()
  assert.ok(systemClock.elapsed() >= before)
  assert.ok(Number.isSafeInteger(systemClock.now()))
})
