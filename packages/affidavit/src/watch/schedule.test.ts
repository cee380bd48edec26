import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LedgerError } from '../errors/ledger-error.ts'
import { cronSchedule, dueAfter, dueAfterFault, millisUntil, parseInterval } from './schedule.ts'

const AT = Date.UTC(2026, 10, 22, 9, 7, 30)
const MINUTE = 60_000

for (const [text, millis] of [
  ['90s', 90_000],
  ['15m', 15 * MINUTE],
  ['24h', 1440 * MINUTE],
  ['7d', 10_080 * MINUTE],
] as const) {
  test(`an interval: ${text}`, () => assert.equal(parseInterval(text), millis))
}

for (const text of ['', '0m', '15', 'm', '1.5h', '-1h', '15 m', '01m', '1w', '1000000s', '15M', '１m']) {
  test(`no interval: ${JSON.stringify(text)}`, () => assert.equal(parseInterval(text), undefined))
}

test('a pattern is read in UTC, whatever the zone of the machine is', () => {
  const daily = cronSchedule('30 2 * * *', AT)
  assert.equal(dueAfter(daily, AT), Date.UTC(2026, 10, 23, 2, 30))
  // The night in which clocks are set back in Europe has this hour twice there, and once here.
  assert.equal(dueAfter(daily, Date.UTC(2026, 9, 25, 0, 59)), Date.UTC(2026, 9, 25, 2, 30))
})

for (const pattern of ['', 'now', '* * * *', '* * * * * *', '* * * * * * 2025', '61 * * * *', '0 0 30 2 *']) {
  test(`no pattern: ${JSON.stringify(pattern)}`, () => {
    assert.throws(
      () => cronSchedule(pattern, AT),
      (error) => error instanceof LedgerError && error.code === 'invalid-query' && error.path === '--cron',
    )
  })
}

test('however many runs were missed, one is due, and the next one is counted from it', () => {
  const every = { kind: 'every', millis: 15 * MINUTE } as const
  const late = AT + 1000 * MINUTE
  assert.equal(millisUntil(dueAfter(every, AT), AT, late), 0)
  assert.equal(millisUntil(dueAfter(every, late), late, late), 15 * MINUTE)
})

test('a last run that is still to come says nothing of when the next one is due: it is due now', () => {
  assert.equal(millisUntil(AT + 15 * MINUTE, AT, AT - 1), 0)
})

test('a run that failed is tried again sooner, and never later than the schedule says', () => {
  const daily = { kind: 'every', millis: 1440 * MINUTE } as const
  const after = [1, 2, 3, 11, 12, 1000].map((faults) => (dueAfterFault(daily, AT, faults) - AT) / MINUTE)
  assert.deepEqual(after, [1, 2, 4, 1024, 1440, 1440])
  assert.equal(dueAfterFault({ kind: 'every', millis: 2_000 }, AT, 1), AT + 2_000)
})
