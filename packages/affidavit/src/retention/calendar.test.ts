import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { calendarOf, fiscalYearEnd, isCalendarDay, timeZoneNamed } from './calendar.ts'
import type { Length, PeriodUnit } from './policy.ts'

function iso(at: number): string {
  return new Date(at).toISOString()
}

function years(value: number): Length {
  return { value, unit: 'calendar_years' }
}

function months(value: number): Length {
  return { value, unit: 'calendar_months' }
}

const utc = calendarOf('UTC')

describe('a period ends with the end of its anniversary', () => {
  for (const [why, length, day, minimum, maximum] of [
    ['six years', years(6), '2026-11-22', '2032-11-23', '2032-11-23'],
    ['29 February, into a year without one', years(6), '2024-02-29', '2030-03-02', '2030-03-01'],
    ['29 February, into a year with one', years(4), '2024-02-29', '2028-03-01', '2028-03-01'],
    ['29 February, into 2100', years(4), '2096-02-29', '2100-03-02', '2100-03-01'],
    ['28 February, into a leap year', years(6), '2026-02-28', '2032-02-29', '2032-02-29'],
    ['31 August, into February', months(18), '2024-08-31', '2026-03-02', '2026-03-01'],
    ['31 August, into February of a leap year', months(18), '2022-08-31', '2024-03-02', '2024-03-01'],
    ['30 January, into February', months(1), '2027-01-30', '2027-03-02', '2027-03-01'],
    ['31 May, into June', months(1), '2026-05-31', '2026-07-02', '2026-07-01'],
    ['the last day of the year', months(12), '2026-12-31', '2028-01-01', '2028-01-01'],
    ['ninety days', { value: 90, unit: 'days' } as const, '2027-12-01', '2028-03-01', '2028-03-01'],
    ['no time at all', { value: 0, unit: 'days' } as const, '2026-11-22', '2026-11-23', '2026-11-23'],
    ['no years at all', years(0), '2026-11-22', '2026-11-23', '2026-11-23'],
  ] as const) {
    test(why, () => {
      assert.equal(iso(utc.endOf(length, day, 'minimum')), `${minimum}T00:00:00.000Z`)
      assert.equal(iso(utc.endOf(length, day, 'maximum')), `${maximum}T00:00:00.000Z`)
    })
  }
})

describe('a day ends where the next one begins in its zone', () => {
  for (const [why, zone, day, minimum, maximum = minimum] of [
    ['winter in New York', 'America/New_York', '2026-11-22', '2026-11-23T05:00:00.000Z'],
    ['summer in New York', 'America/New_York', '2026-07-01', '2026-07-02T04:00:00.000Z'],
    ['three quarters of an hour', 'Asia/Kathmandu', '2026-11-22', '2026-11-22T18:15:00.000Z'],
    ['a midnight that is skipped', 'America/Sao_Paulo', '2018-11-03', '2018-11-04T03:00:00.000Z'],
    ['a last hour that is there twice', 'America/Sao_Paulo', '2018-02-17', '2018-02-18T03:00:00.000Z'],
    ['the day before one that never was', 'Pacific/Apia', '2011-12-29', '2011-12-30T10:00:00.000Z'],
    ['a day that never was', 'Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
    ['the day behind it', 'Pacific/Apia', '2011-12-31', '2011-12-31T10:00:00.000Z'],
    // At 00:01 the clocks go back to 23:01: the next day began, and the one before comes again.
    [
      'a midnight that is there twice',
      'America/St_Johns',
      '2010-11-06',
      '2010-11-07T03:30:00.000Z',
      '2010-11-07T02:30:00.000Z',
    ],
    // At 01:00 the clocks go back to 00:00, and no further: nothing of the day before comes again.
    ['a first hour that is there twice', 'America/Havana', '2029-11-03', '2029-11-04T04:00:00.000Z'],
    // 23:30 became 00:30.
    ['a midnight within what is skipped', 'America/Toronto', '1919-03-30', '1919-03-31T04:30:00.000Z'],
  ] as const) {
    test(why, () => {
      const calendar = calendarOf(zone)
      const sameDay: Length = { value: 0, unit: 'days' }
      assert.equal(iso(calendar.endOf(sameDay, day, 'minimum')), minimum)
      assert.equal(iso(calendar.endOf(sameDay, day, 'maximum')), maximum)
    })
  }
})

test('an instant falls on the day that clocks in the zone show', () => {
  for (const [zone, at, day] of [
    ['UTC', '2026-11-22T23:59:59.999Z', '2026-11-22'],
    ['America/New_York', '2026-11-23T04:59:59.999Z', '2026-11-22'],
    ['America/New_York', '2026-11-23T05:00:00.000Z', '2026-11-23'],
    ['Asia/Kathmandu', '2026-11-22T18:15:00.000Z', '2026-11-23'],
    ['Pacific/Kiritimati', '2026-11-22T10:00:00.000Z', '2026-11-23'],
    ['Pacific/Apia', '2011-12-30T09:59:59.999Z', '2011-12-29'],
    ['Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31'],
    ['America/St_Johns', '2010-11-07T02:30:30.000Z', '2010-11-07'],
    ['America/St_Johns', '2010-11-07T02:31:00.000Z', '2010-11-06'],
    ['America/St_Johns', '2010-11-07T03:30:00.000Z', '2010-11-07'],
  ] as const) {
    assert.equal(calendarOf(zone).dayOf(Date.parse(at)), day, `${zone} ${at}`)
  }
})

test('numbers of days that stand for years end early, for every day there is', () => {
  for (const [days, length] of [
    [2190, years(6)],
    [2555, years(7)],
  ] as const) {
    for (let at = Date.UTC(2024, 0, 1); at < Date.UTC(2028, 0, 1); at += 86_400_000) {
      const day = utc.dayOf(at)
      const short = utc.endOf(length, day, 'minimum') - utc.endOf({ value: days, unit: 'days' }, day, 'minimum')
      // 29 February ends with 1 March.
      assert.ok(short >= 86_400_000 && short <= (day.endsWith('-02-29') ? 3 : 2) * 86_400_000, day)
    }
  }
})

test('a fiscal year ends on its day, of this year or the next', () => {
  for (const [ends, day, end] of [
    ['12-31', '2026-11-22', '2026-12-31'],
    ['12-31', '2026-12-31', '2026-12-31'],
    ['09-30', '2026-10-01', '2027-09-30'],
    ['02-29', '2026-03-01', '2027-02-28'],
    ['02-29', '2027-03-01', '2028-02-29'],
  ] as const) {
    assert.equal(fiscalYearEnd(ends, day), end)
  }
})

test('a zone is one of the time zone database, in its spelling', () => {
  assert.equal(timeZoneNamed('America/New_York'), 'America/New_York')
  assert.equal(timeZoneNamed('america/new_york'), 'America/New_York')
  for (const name of ['', 'Mars/Olympus', '+01:00', '-05', 'New York']) assert.equal(timeZoneNamed(name), undefined)
})

test('a day is one that the calendar has', () => {
  for (const day of ['2024-02-29', '1999-12-31', '0001-01-01']) assert.ok(isCalendarDay(day), day)
  for (const day of ['2023-02-29', '2026-13-01', '2026-1-1', '26-01-01', '2026-11-22T00:00:00Z', '+002026-11-22']) {
    assert.ok(!isCalendarDay(day), day)
  }
})

test('what is remembered is what is answered', () => {
  const units: readonly PeriodUnit[] = ['calendar_years', 'calendar_months', 'days']
  const once = calendarOf('Europe/Paris')
  for (const unit of units) {
    for (const value of [1, 11]) {
      const asked = [{ value, unit }, '2024-02-29', 'minimum'] as const
      assert.equal(once.endOf(...asked), once.endOf(...asked))
      assert.equal(once.endOf(...asked), calendarOf('Europe/Paris').endOf(...asked))
    }
  }
})
