// Notices a wall clock that steps (spec/sequencing.md §4): the wall clock is held against one that only runs forward.

import type { Clock, UnixMillis } from '../clock/clock.ts'

/** Slewing and scheduling stay below this; a step is above. */
const STEP_MILLIS = 2_000
/** A forward jump beyond this poisons recorded_at for good if it is wrong, so a person confirms it. */
const JUMP_MILLIS = 24 * 3_600_000

/** What the clock did since the last look. Times in Unix milliseconds. */
export type ClockReading =
  | { readonly kind: 'steady' }
  | { readonly kind: 'stepped'; readonly expected: UnixMillis; readonly found: UnixMillis }
  | { readonly kind: 'jumped'; readonly expected: UnixMillis; readonly found: UnixMillis }

export interface Timekeeper {
  /** Looks at the clock. A step is told once; a jump is told until it is confirmed or gone. */
  look(): ClockReading
  /** Accepts the clock as it stands. */
  confirm(): void
}

export function createTimekeeper(clock: Clock): Timekeeper {
  let seen = { now: clock.now(), elapsed: clock.elapsed() }
  return {
    look() {
      const at = { now: clock.now(), elapsed: clock.elapsed() }
      const expected = Math.round(seen.now + (at.elapsed - seen.elapsed))
      const step = at.now - expected
      if (step > JUMP_MILLIS) return { kind: 'jumped', expected, found: at.now }
      seen = at
      return Math.abs(step) > STEP_MILLIS ? { kind: 'stepped', expected, found: at.now } : { kind: 'steady' }
    },
    confirm() {
      seen = { now: clock.now(), elapsed: clock.elapsed() }
    },
  }
}
