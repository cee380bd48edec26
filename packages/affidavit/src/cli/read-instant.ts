// An instant that retention is judged at, as a command line says it.

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type Calendar, isCalendarDay } from '../retention/calendar.ts'
import { instantOf } from './options.ts'

/** A day means its beginning in the zone of the set. @throws LedgerError `invalid-query` */
export function readInstant(text: string | undefined, calendar: Calendar): UnixMillis | undefined {
  if (text === undefined) return undefined
  if (isCalendarDay(text)) return calendar.beginOf(text)
  const at = parseTimestamp(instantOf(text) ?? text)
  if (at !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(text)) return at
  throw new LedgerError('invalid-query', {
    problem: `--at: ${JSON.stringify(text)} is no day and no time`,
    cure: 'write a day, such as 2032-11-23, or a time in UTC, such as 2032-11-23T05:00:00Z',
    path: '--at',
  })
}
