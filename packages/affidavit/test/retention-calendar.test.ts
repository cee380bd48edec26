// Days of retention against a second opinion that shares nothing with them: no day may be wrong, in any zone.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { calendarOf } from '../src/retention/calendar.ts'
import type { Length } from '../src/retention/policy.ts'
import { civilFromDays, daysFromCivil, naiveCalendar, writeDay } from './oracle/naive-calendar.ts'

/** Zones whose days are odd, and some where people work. */
const ZONES = [
  'UTC',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Europe/Paris',
  'Pacific/Apia',
  'Africa/Cairo',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'America/Havana',
  'Atlantic/Azores',
]

const LENGTHS: readonly Length[] = [
  ...[0, 1, 2, 3, 5, 6, 7, 10].map((value) => ({ value, unit: 'calendar_years' }) as const),
  ...[1, 3, 6, 12, 18, 24, 30].map((value) => ({ value, unit: 'calendar_months' }) as const),
  ...[0, 90].map((value) => ({ value, unit: 'days' }) as const),
]

const STRIDE = process.env.AFFIDAVIT_SOAK === '1' ? 1 : 211

/** Leap days and their neighbours, ends of months, and days between them, of the years that records are of. */
function anchors(zone: number): readonly string[] {
  const first = daysFromCivil({ year: 2008, month: 1, day: 1 })
  const last = daysFromCivil({ year: 2028, month: 12, day: 31 })
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .filter((day) => isEdge(day) || (day + zone) % STRIDE === 0)
    .map((day) => writeDay(civilFromDays(day)))
}

function isEdge(day: number): boolean {
  const { year, month, day: ofMonth } = civilFromDays(day)
  if (month === 2 || (month === 3 && ofMonth <= 2)) return ofMonth >= 27 || month === 3
  return year % 8 === 0 && civilFromDays(day + 1).day === 1
}

describe('no day is wrong', () => {
  for (const [i, zone] of ZONES.entries()) {
    test(zone, () => {
      const calendar = calendarOf(zone)
      const oracle = naiveCalendar(zone)
      for (const day of anchors(i)) {
        for (const length of LENGTHS) {
          for (const edge of ['minimum', 'maximum'] as const) {
            const [ours, theirs] = [calendar, oracle].map((one) => one.endOf(length, day, edge))
            if (ours !== theirs) assert.equal(ours, theirs, `${day} + ${length.value} ${length.unit}, ${edge}, ${zone}`)
          }
        }
      }
    })
  }
})

test('an instant falls on the same day for both', () => {
  for (const zone of ZONES) {
    const calendar = calendarOf(zone)
    const oracle = naiveCalendar(zone)
    for (let at = Date.UTC(2010, 0, 1); at < Date.UTC(2012, 0, 1); at += 150_342_857) {
      if (calendar.dayOf(at) !== oracle.dayOf(at)) assert.equal(calendar.dayOf(at), oracle.dayOf(at), `${zone} ${at}`)
    }
  }
})
