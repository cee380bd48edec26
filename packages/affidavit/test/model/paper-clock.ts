// What somebody with a stopwatch sees of the wall clock.

export interface PaperClock {
  now: number
  elapsed: number
}

/** When an open ledger last looked at the clock. */
export interface Looked {
  seen: Readonly<PaperClock>
}

const STEP = 2_000
const JUMP = 24 * 3_600_000

export type Reading =
  | { readonly kind: 'steady' }
  | { readonly kind: 'stepped' | 'jumped'; readonly expected: number; readonly found: number }

function read({ seen }: Looked, clock: PaperClock): Reading {
  const expected = seen.now + clock.elapsed - seen.elapsed
  const found = clock.now
  if (found - expected > JUMP) return { kind: 'jumped', expected, found }
  return Math.abs(found - expected) > STEP ? { kind: 'stepped', expected, found } : { kind: 'steady' }
}

/** Reads the clock before a draft is taken: a step is seen once, a jump again and again. */
export function look(looked: Looked, clock: PaperClock): Reading {
  const reading = read(looked, clock)
  if (reading.kind !== 'jumped') looked.seen = { ...clock }
  return reading
}

/** The time that counts: a jump that nobody accepted does not. */
export function timeFor(looked: Looked, clock: PaperClock): number {
  const reading = read(looked, clock)
  return reading.kind === 'jumped' ? reading.expected : clock.now
}

export function stepSaid({ expected, found }: { expected: number; found: number }): Record<string, unknown> {
  const details = { expected: iso(expected), found: iso(found), step_millis: found - expected }
  return { action: 'clock_stepped', outcome: 'success', details }
}

export function iso(millis: number): string {
  return new Date(millis).toISOString()
}
