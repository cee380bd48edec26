// The clock of a ledger: in whole milliseconds, and not sworn to where nobody confirmed a jump of it.

import type { Clock } from '../clock/clock.ts'
import { clockJump } from './own-records.ts'
import type { PublishClock } from './publisher.ts'
import type { Timekeeper } from './timekeeper.ts'

/** Records, ids and signatures have the time in whole milliseconds, whatever the clock that was given says. */
export function inWholeMillis(clock: Clock): Clock {
  return { now: () => Math.floor(clock.now()), elapsed: () => clock.elapsed() }
}

// What nobody confirmed yet is not sworn to either.
export function confirmedClock(clock: Clock, timekeeper: Timekeeper): PublishClock {
  return {
    now: () => timekeeper.now(),
    elapsed: () => clock.elapsed(),
    confirmed() {
      const jump = timekeeper.standing()
      if (jump !== undefined) throw clockJump(jump.expected, jump.found)
      return clock.now()
    },
  }
}
