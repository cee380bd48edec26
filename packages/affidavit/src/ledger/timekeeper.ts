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
  | Jump

export interface Jump {
  readonly kind: 'jumped'
  readonly expected: UnixMillis
  readonly found: UnixMillis
  /** The clock that only runs forward, when the jump was found. */
  readonly elapsed: number
}

export interface Timekeeper {
  /** Looks at the clock. A step is told once; a jump is told until it is confirmed or gone. */
  look(): ClockReading
  /** The wall clock; while it stands where a jump took it that nobody confirmed, what it would say without. */
  now(): UnixMillis
  /** Accepts the clock as this jump left it. */
  confirm(jump: Jump): void
}

export function createTimekeeper(clock: Clock): Timekeeper {
  let seen = { now: clock.now(), elapsed: clock.elapsed() }

  function read(): { at: typeof seen; expected: UnixMillis; step: number } {
    const at = { now: clock.now(), elapsed: clock.elapsed() }
    const expected = Math.round(seen.now + (at.elapsed - seen.elapsed))
    return { at, expected, step: at.now - expected }
  }

  return {
    look() {
      const { at, expected, step } = read()
      if (step > JUMP_MILLIS) return { kind: 'jumped', expected, found: at.now, elapsed: at.elapsed }
      seen = at
      return Math.abs(step) > STEP_MILLIS ? { kind: 'stepped', expected, found: at.now } : { kind: 'steady' }
    },
    now() {
      const { at, expected, step } = read()
      return step > JUMP_MILLIS ? expected : at.now
    },
    confirm({ found, elapsed }) {
      seen = { now: found, elapsed }
    },
  }
}
