// When a policy alone lets go, counted from a day (spec/retention.md §2). Pure.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type Calendar, type CalendarDay, calendarOf, isCalendarDay, timeZoneNamed } from './calendar.ts'
import type { RetentionPolicy } from './policy.ts'
import { type PolicySet, policyNamed } from './policy-set.ts'

/** What is counted from, and by what. */
export interface DueAsked {
  /** The id of a policy, such as `hipaa`. */
  readonly policy: string
  /** The day of its anchor, of several of the latest: YYYY-MM-DD. */
  readonly anchor: string
  /** Of the IANA time zone database; that of the set where left out. */
  readonly zone?: string
}

/** Instants in UTC, RFC 3339 with milliseconds; null where the policy gives none. */
export interface DueFound {
  /** May not be destroyed before. */
  readonly min_until: string | null
  /** Has to be destroyed by. */
  readonly max_until: string | null
}

/**
 * Until when a policy alone keeps what is counted from a day.
 * @param set of `parseRetentionSet`, or the `retention` of a ledger
 * @throws LedgerError `invalid-query` with the path `policy`, `anchor` or `zone`
 */
export function retentionDue(set: PolicySet, { policy: id, anchor, zone }: DueAsked): DueFound {
  const policy = policyNamed(set, id)
  if (policy === undefined)
    throw refused('policy', `there is no retention policy ${JSON.stringify(id)}`, 'affidavit policies lists them')
  if (!isCalendarDay(anchor)) {
    const problem = `${JSON.stringify(anchor)} is no day of the calendar`
    throw refused('anchor', problem, 'write a day that there is: YYYY-MM-DD, such as 2026-11-22')
  }
  const { min_until, max_until } = dueFrom(policy, anchor, zone === undefined ? set.calendar : zoneNamed(zone))
  return { min_until: written(min_until), max_until: written(max_until) }
}

function zoneNamed(name: string): Calendar {
  const zone = timeZoneNamed(name)
  if (zone !== undefined) return calendarOf(zone)
  const cure = 'write a name of the IANA time zone database, such as America/New_York or UTC'
  throw refused('zone', `${JSON.stringify(name)} is no time zone`, cure)
}

// RFC 3339 has four digits for the year.
function written(until: UnixMillis | undefined): string | null {
  if (until === undefined) return null
  if (until < YEAR_10000) return formatTimestamp(until)
  throw refused('anchor', 'the period ends behind the year 9999', 'name an earlier day')
}

const YEAR_10000 = Date.UTC(10_000, 0)

function refused(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path}: ${problem}`, cure, path })
}

interface Due {
  /** May not be destroyed before; `undefined` where the policy gives no minimum. */
  readonly min_until: UnixMillis | undefined
  /** Has to be destroyed by; `undefined` where it gives no maximum. */
  readonly max_until: UnixMillis | undefined
}

/** `anchor_day`: the day of its anchor; of several, of the latest. */
function dueFrom({ minimum, extension, maximum }: RetentionPolicy, anchor_day: CalendarDay, calendar: Calendar): Due {
  const ends = [minimum, extension].flatMap((period) =>
    period === undefined ? [] : calendar.endOf(period, anchor_day, 'minimum'),
  )
  return {
    min_until: ends.length === 0 ? undefined : Math.max(...ends),
    max_until: maximum === undefined ? undefined : calendar.endOf(maximum, anchor_day, 'maximum'),
  }
}
