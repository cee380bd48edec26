// A clock that stands still until it is told otherwise.

import type { Clock, UnixMillis } from '../clock/clock.ts'

export interface FixedClock extends Clock {
  /** Time goes by: both readings move on. */
  pass(millis: number): void
  /** Somebody sets the wall clock; time does not go by. */
  set(now: UnixMillis): void
}

/** A clock whose wall reads `now`, and which has run for 0 ms. */
export function fixedClock(now: UnixMillis = Date.UTC(2026, 10, 21, 9, 30)): FixedClock {
  let wall = now
  let elapsed = 0
  return {
    now: () => wall,
    elapsed: () => elapsed,
    pass(millis) {
      if (!(millis >= 0)) throw new RangeError(`time runs forward only, not by ${millis} ms`)
      wall += millis
      elapsed += millis
    },
    set(next) {
      wall = next
    },
  }
}
