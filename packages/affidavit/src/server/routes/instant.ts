// An instant that retention is judged at, as a request says it.

import Type, { type TString } from 'typebox'

import { parseTimestamp, type UnixMillis } from '../../clock/clock.ts'
import { type Calendar, isCalendarDay } from '../../retention/calendar.ts'
import { RequestFault } from '../problem.ts'

export function instantSchema(description: string): TString {
  return Type.String({ description: `${description}: a day, or a time as records have it` })
}

/** A day means its beginning in the zone of the set. @throws RequestFault `invalid-request` */
export function instantIn(text: string | undefined, path: string, calendar: Calendar): UnixMillis | undefined {
  if (text === undefined) return undefined
  const at = isCalendarDay(text) ? calendar.beginOf(text) : parseTimestamp(text)
  if (at !== undefined) return at
  throw new RequestFault('invalid-request', `${path} is no day and no time`, {
    cure: 'write a day, such as 2026-11-21, or a time in UTC, such as 2026-11-21T09:30:00.000Z',
    path,
  })
}
