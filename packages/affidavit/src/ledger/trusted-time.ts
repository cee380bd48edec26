// The time for what cannot be undone (spec/time.md): the clock of the system, where a source that does not depend on it says that it
// is not ahead.

import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { clockIsAhead, type TimeSource } from '../clock/time-source.ts'
import { LedgerError } from '../errors/ledger-error.ts'

/** A day of a calendar is told apart; that two clocks agree to the second is not asked for. */
const TOLERANCE_MILLIS = 60_000

/** @throws LedgerError `time-unavailable` where there is no source, or it does not answer; `clock-jump` where the clock may be ahead of it */
export async function trustedTime(clock: Pick<Clock, 'now'>, source: TimeSource | undefined): Promise<UnixMillis> {
  if (source === undefined)
    throw new LedgerError('time-unavailable', {
      problem:
        'nothing is destroyed by the clock of this machine alone, and the retention policies name no source of time',
      cure: 'write time_source into retention.yaml: https://www.example.org, the endpoint of your object store, or ntp://ntp.example.org',
    })
  const reading = await source.read()
  const now = clock.now()
  if (!clockIsAhead(now, reading, TOLERANCE_MILLIS)) return now
  throw new LedgerError('clock-jump', {
    problem: `the clock of this machine shows ${formatTimestamp(now)}, and may be ahead of ${source.where}, which says ${formatTimestamp(Math.floor(reading.at))}; nothing was destroyed`,
    cure: 'set the clock; nothing is destroyed before its time',
  })
}
