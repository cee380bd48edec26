import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseMessageTime } from './message-time.ts'

const GOOD: readonly [claimed: string | number, instant: string][] = [
  ['2026-03-09T08:52:10Z', '2026-03-09T08:52:10.000Z'],
  ['2026-03-09T08:52:10.123456Z', '2026-03-09T08:52:10.123Z'],
  ['2026-03-09 10:52:10.1+02:00', '2026-03-09T08:52:10.100Z'],
  ['2026-03-08t22:22:10-10:30', '2026-03-09T08:52:10.000Z'],
  ['2024-02-29T00:00:00z', '2024-02-29T00:00:00.000Z'],
  ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
  [0, '1970-01-01T00:00:00.000Z'],
  [1_773_046_330, '2026-03-09T08:52:10.000Z'],
  [1_773_046_330.1236, '2026-03-09T08:52:10.124Z'],
]

for (const [claimed, instant] of GOOD) {
  test(`${claimed} is ${instant}`, () => {
    assert.equal(new Date(parseMessageTime(claimed, 'at')).toISOString(), instant)
  })
}

const LIES: readonly [name: string, claimed: string | number | boolean][] = [
  ['30 February', '2026-02-30T00:00:00Z'],
  ['29 February of a common year', '2026-02-29T00:00:00Z'],
  ['month 13', '2026-13-01T00:00:00Z'],
  ['day 0', '2026-01-00T00:00:00Z'],
  ['hour 24', '2026-01-01T24:00:00Z'],
  ['minute 60', '2026-01-01T00:60:00Z'],
  ['second 61', '2026-01-01T00:00:61Z'],
  ['no offset: nobody knows which clock', '2026-01-01T00:00:00'],
  ['offset of 24 hours', '2026-01-01T00:00:00+24:00'],
  ['before the year 0', '0000-01-01T00:00:00+00:01'],
  ['after the year 9999', '9999-12-31T23:59:59-00:01'],
  ['a date alone', '2026-01-01'],
  ['seconds as text', '1773046330'],
  ['milliseconds instead of seconds', 1_773_046_330_000],
  ['negative seconds', -1],
  ['a word', 'yesterday'],
  ['no time at all', true],
]

for (const [name, claimed] of LIES) {
  test(`refused as a time: ${name}`, () => {
    assert.throws(() => parseMessageTime(claimed, 'messages[2].created_at'), {
      name: 'ImportFault',
      path: 'messages[2].created_at',
      problem: /is no time/,
    })
  })
}

test('every instant of four-digit years is read back, from either form', () => {
  const instant = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(instant, (date) => {
      assert.equal(parseMessageTime(date.toISOString(), 'at'), date.getTime())
      if (date.getTime() >= 0) assert.equal(parseMessageTime(date.getTime() / 1000, 'at'), date.getTime())
    }),
  )
})
