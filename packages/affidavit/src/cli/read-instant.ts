// An instant that retention is judged at, as a command line says it.

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { type Calendar, isCalendarDay } from '../retention/calendar.ts'
import { instantOf } from './options.ts'

/** A day means its beginning in the zone of the set. @throws LedgerError `invalid-query` */
export function readInstant(text: string | undefined, calendar: Calendar): UnixMillis | undefined {
  if (text === undefined) return undefined
  if (isCalendarDay(text)) return calendar.beginOf(text)
  const whole = instantOf('--at', text)
  return whole === undefined ? undefined : parseTimestamp(whole)
}
