// The time for what cannot be undone (spec/time.md): the clock of the system, where a source that does not depend on it says that it
// is not ahead.

import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { clockIsAhead, clockIsBehind, type TimeReading, type TimeSource } from '../clock/time-source.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { PublishClock } from './publisher.ts'

/** A day of a calendar is told apart; that two clocks agree to the second is not asked for. */
const TOLERANCE_MILLIS = 60_000

/** What nobody confirmed is no time to destroy anything by. @throws LedgerError as trustedTime; `clock-jump` where a jump stands */
export async function timeToDestroy(
  clock: Pick<Clock, 'now'>,
  { confirmed }: Pick<PublishClock, 'confirmed'>,
  source: TimeSource | undefined,
): Promise<UnixMillis> {
  await trustedTime(clock, source)
  return confirmed()
}

/** What is counted from now on counts from no earlier: the clock is not behind the source either. @throws LedgerError as timeToDestroy */
export async function timeToCountFrom(
  clock: Pick<Clock, 'now'>,
  { confirmed }: Pick<PublishClock, 'confirmed'>,
  source: TimeSource | undefined,
): Promise<UnixMillis> {
  const { now, reading, where } = await trustedTime(clock, source)
  if (clockIsBehind(now, reading, TOLERANCE_MILLIS)) throw clockOff('behind', now, reading, where)
  return confirmed()
}

/** For an erasure, which whoever is asked for it has to do, and for what leaves the database: where nobody named a source of time, the clock alone says it. */
export async function timeAsFarAsKnown(
  clock: Pick<Clock, 'now'>,
  confirmed: Pick<PublishClock, 'confirmed'>,
  source: TimeSource | undefined,
): Promise<UnixMillis> {
  return source === undefined ? clock.now() : timeToDestroy(clock, confirmed, source)
}

/** @throws LedgerError `time-unavailable` where there is no source, or it does not answer; `clock-jump` where the clock may be ahead of it */
async function trustedTime(
  clock: Pick<Clock, 'now'>,
  source: TimeSource | undefined,
): Promise<{ readonly now: UnixMillis; readonly reading: TimeReading; readonly where: string }> {
  if (source === undefined)
    throw new LedgerError('time-unavailable', {
      problem:
        'nothing is destroyed by the clock of this machine alone, and the retention policies name no source of time',
      cure: 'write time_source into retention.yaml: https://www.example.org, the endpoint of your object store, or ntp://ntp.example.org',
    })
  const reading = await source.read()
  const { where } = source
  const now = clock.now()
  if (clockIsAhead(now, reading, TOLERANCE_MILLIS)) throw clockOff('ahead of', now, reading, where)
  return { now, reading, where }
}

function clockOff(which: 'ahead of' | 'behind', now: UnixMillis, { at }: TimeReading, where: string): LedgerError {
  return new LedgerError('clock-jump', {
    problem: `the clock of this machine shows ${formatTimestamp(now)}, and may be ${which} ${where}, which says ${formatTimestamp(Math.floor(at))}; nothing was destroyed, and nothing left the database`,
    cure: 'set the clock; nothing is destroyed before its time',
  })
}
