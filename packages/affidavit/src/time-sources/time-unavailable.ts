// What is said where the time cannot be had from its source, or what it says cannot be so.

import type { UnixMillis } from '../clock/clock.ts'
import type { TimeReading } from '../clock/time-source.ts'
import { LedgerError } from '../errors/ledger-error.ts'

export function timeUnavailable(where: string, problem: string, cause?: unknown): LedgerError {
  return new LedgerError('time-unavailable', {
    problem: `${where} does not tell the time: ${problem}`,
    cure: 'check network and certificates, or name another time_source',
    cause,
  })
}

const FIRST = Date.UTC(2026, 0, 1)
const LAST = Date.UTC(2100, 0, 1)

/** @throws LedgerError `time-unavailable` for a time before this was written, or after anybody will run it */
export function plausible(where: string, at: UnixMillis, uncertainty_millis: number): TimeReading {
  if (at >= FIRST && at < LAST) return { at, uncertainty_millis }
  throw timeUnavailable(where, `it says that it is ${new Date(at).toISOString()}`)
}
