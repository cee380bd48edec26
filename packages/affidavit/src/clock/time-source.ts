// The time as somebody else has it, for what must not happen early because a clock was set ahead (spec/time.md).

import type { UnixMillis } from './clock.ts'

export interface TimeReading {
  /** What time it was when the answer had come. */
  readonly at: UnixMillis
  /** It was no more than so much earlier or later. */
  readonly uncertainty_millis: number
}

export interface TimeSource {
  /** Where it is, for people. */
  readonly where: string
  /** Asks anew. @throws LedgerError `time-unavailable` */
  read(): Promise<TimeReading>
}

/** Whether a clock that shows `system` may be ahead of the source by more than `tolerance`: what cannot be excluded counts. */
export function clockIsAhead(system: UnixMillis, source: TimeReading, tolerance: number): boolean {
  // What is no number is in order with nothing.
  return !(system - (source.at - source.uncertainty_millis) <= tolerance)
}

/** Whether it may be behind the source by more than that. */
export function clockIsBehind(system: UnixMillis, source: TimeReading, tolerance: number): boolean {
  return !(source.at + source.uncertainty_millis - system <= tolerance)
}
