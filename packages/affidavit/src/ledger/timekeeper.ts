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
  /** The jump that nobody has confirmed; `undefined` where there is none. */
  standing(): Jump | undefined
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

  function jumpIn({ at, expected, step }: ReturnType<typeof read>): Jump | undefined {
    return step > JUMP_MILLIS ? { kind: 'jumped', expected, found: at.now, elapsed: at.elapsed } : undefined
  }

  return {
    look() {
      const reading = read()
      const jump = jumpIn(reading)
      if (jump !== undefined) return jump
      const { at, expected, step } = reading
      seen = at
      return Math.abs(step) > STEP_MILLIS ? { kind: 'stepped', expected, found: at.now } : { kind: 'steady' }
    },
    now() {
      const reading = read()
      return jumpIn(reading) === undefined ? reading.at.now : reading.expected
    },
    standing: () => jumpIn(read()),
    confirm({ found, elapsed }) {
      seen = { now: found, elapsed }
    },
  }
}
