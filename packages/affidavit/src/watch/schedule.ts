// When a watcher runs (spec/watch.md §1). Pure: the wall clock, which people may set, is an argument.

import { Cron } from 'croner'

import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'

export type Schedule =
  | { readonly kind: 'every'; readonly millis: number }
  /** Five fields, in UTC. */
  | { readonly kind: 'cron'; readonly pattern: string }

const MINUTE = 60_000
export const DEFAULT_EVERY: Schedule = { kind: 'every', millis: 15 * MINUTE }
export const DEFAULT_COMPLETE_EVERY_MILLIS: number = 24 * 60 * MINUTE

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE }

/** `90s`, `15m`, `24h`, `7d`; `undefined` for anything else, and for nothing at all. */
export function parseInterval(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  const factor = UNITS[unit]
  return factor === undefined ? undefined : Number(digits) * factor
}

/** @throws LedgerError `invalid-query` where it is no pattern of five fields, or names no time that ever comes */
export function cronSchedule(pattern: string, now: UnixMillis): Schedule {
  if (nextOf(pattern, now) !== undefined) return { kind: 'cron', pattern }
  throw noPattern(pattern, 'no time that ever comes')
}

/** When the run behind one that began at `last` is due. */
export function dueAfter(schedule: Schedule, last: UnixMillis): UnixMillis {
  if (schedule.kind === 'every') return last + schedule.millis
  return nextOf(schedule.pattern, last) ?? unreachable('a pattern that came once, and never again')
}

/** A run that failed is tried again after a minute, two, four, …, and never later than the schedule says. */
export function dueAfterFault(schedule: Schedule, last: UnixMillis, faults: number): UnixMillis {
  return Math.min(last + MINUTE * 2 ** Math.min(faults - 1, 20), dueAfter(schedule, last))
}

/** How long until then. A last run that is still to come was written under another clock: nothing says when it was. */
export function millisUntil(due: UnixMillis, last: UnixMillis, now: UnixMillis): number {
  return now < last ? 0 : Math.max(0, due - now)
}

function nextOf(pattern: string, after: UnixMillis): UnixMillis | undefined {
  try {
    return new Cron(pattern, { timezone: 'UTC', mode: '5-part', paused: true }).nextRun(new Date(after))?.getTime()
  } catch (cause) {
    throw noPattern(pattern, `no pattern (${cause instanceof Error ? cause.message : String(cause)})`, cause)
  }
}

function noPattern(pattern: string, what: string, cause?: unknown): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `--cron: ${JSON.stringify(pattern.slice(0, 120))} is ${what}`,
    cure: 'five fields in UTC: minute, hour, day of the month, month, day of the week, such as "*/15 * * * *"',
    path: '--cron',
    cause,
  })
}
