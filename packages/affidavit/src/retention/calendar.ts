// Days of a time zone, and where periods of calendar years, months and days end in it (spec/retention.md §2). Pure; a calendar remembers
// what it was asked, since a plan asks for the same days a million times.

import { Temporal } from 'temporal-polyfill'

import type { UnixMillis } from '../clock/clock.ts'
import type { Length } from './policy.ts'

/** A day of the calendar, `YYYY-MM-DD`. */
export type CalendarDay = string

/** Which of two ends counts where a day, or the end of one, is there twice or not at all: the later for a minimum, the earlier for a maximum. */
export type Edge = 'minimum' | 'maximum'

export interface Calendar {
  /** IANA name. */
  readonly zone: string
  /** The day on which an instant fell in the zone. */
  dayOf(at: UnixMillis): CalendarDay
  /** The first instant of a day. */
  beginOf(day: CalendarDay): UnixMillis
  /** The end of the anniversary of a day, which is not counted: the instant at which the next day begins. */
  endOf(length: Length, day: CalendarDay, edge: Edge): UnixMillis
}

/** Days, and ends of periods, that are remembered at once: of a century, and of several policies. */
const REMEMBERED = 100_000
const DAY_MILLIS = 86_400_000

/** @param zone one that `timeZoneNamed` answers */
export function calendarOf(zone: string): Calendar {
  const stretches = createMemory<number, readonly Stretch[]>()
  const ends = createMemory<string, UnixMillis>()
  const dayEnds = createMemory<string, UnixMillis>()
  return {
    zone,
    dayOf(at) {
      const utcDay = Math.floor(at / DAY_MILLIS)
      const around = stretches(utcDay, () => stretchesAround(zone, utcDay))
      return around.find(({ from, until }) => from <= at && at < until)?.day ?? dayAt(zone, at)
    },
    beginOf: (day) => Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds,
    endOf(length, day, edge) {
      return ends(`${edge} ${day} ${length.value} ${length.unit}`, () => {
        const last = anniversary(length, Temporal.PlainDate.from(day), edge)
        return dayEnds(`${edge} ${last}`, () => endOfDay(zone, last, edge))
      })
    },
  }
}

/** The name as the time zone database writes it; `undefined` where it knows no such zone. An offset is none: its days know no law. */
export function timeZoneNamed(name: string): string | undefined {
  if (/^[+\-−]/.test(name)) return undefined
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = Date.parse(`${text}T00:00:00.000Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

/** The last day of the fiscal year that a day falls in. `ends`: MM-DD; 02-29 is the end of February. */
export function fiscalYearEnd(ends: string, day: CalendarDay): CalendarDay {
  const date = Temporal.PlainDate.from(day)
  const inYear = (year: number): Temporal.PlainDate =>
    Temporal.PlainDate.from({ year, month: Number(ends.slice(0, 2)), day: Number(ends.slice(3)) })
  const end = inYear(date.year)
  return (Temporal.PlainDate.compare(date, end) <= 0 ? end : inYear(date.year + 1)).toString()
}

interface Stretch {
  readonly day: CalendarDay
  /** Instants that fall on this day alone. */
  readonly from: UnixMillis
  readonly until: UnixMillis
}

// No zone is a whole day or more off UTC but for what its clocks skip.
function stretchesAround(zone: string, utcDay: number): readonly Stretch[] {
  const middle = Temporal.Instant.fromEpochMilliseconds(utcDay * DAY_MILLIS)
    .toZonedDateTimeISO('UTC')
    .toPlainDate()
  return [-1, 0, 1].map((days) => {
    const date = middle.add({ days })
    return {
      day: date.toString(),
      from: endOfDay(zone, date.subtract({ days: 1 }), 'minimum'),
      until: endOfDay(zone, date, 'maximum'),
    }
  })
}

function dayAt(zone: string, at: UnixMillis): CalendarDay {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate().toString()
}

function anniversary({ value, unit }: Length, day: Temporal.PlainDate, edge: Edge): Temporal.PlainDate {
  if (unit === 'days') return day.add({ days: value })
  const length = unit === 'calendar_years' ? { years: value } : { months: value }
  const clamped = day.add(length, { overflow: 'constrain' })
  return clamped.day === day.day || edge === 'maximum' ? clamped : clamped.add({ days: 1 })
}

// Midnight may be skipped, and the day begins with the change of the clock; or be there twice. Where the clock is set back behind it,
// the day before comes again; where it is set back to it, or less far, nothing does.
function endOfDay(zone: string, day: Temporal.PlainDate, edge: Edge): UnixMillis {
  const next = day.add({ days: 1 })
  const begins = next.toZonedDateTime(zone)
  if (edge === 'maximum') return begins.epochMilliseconds
  const again = next.toPlainDateTime().toZonedDateTime(zone, { disambiguation: 'later' })
  const isBehindDayBefore = again.subtract({ milliseconds: 1 }).toPlainDate().equals(day)
  return isBehindDayBefore ? again.epochMilliseconds : begins.epochMilliseconds
}

type Memory<Asked, Answer> = (asked: Asked, answer: () => Answer) => Answer

function createMemory<Asked, Answer>(): Memory<Asked, Answer> {
  const known = new Map<Asked, Answer>()
  return (asked, answer) => {
    const before = known.get(asked)
    if (before !== undefined) return before
    if (known.size >= REMEMBERED) known.clear()
    const found = answer()
    known.set(asked, found)
    return found
  }
}
