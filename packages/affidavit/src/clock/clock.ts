// Time as an argument. Two readings: the wall clock, which people may set, and a clock that only runs forward.

/** Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored. */
export type UnixMillis = number

export interface Clock {
  /** The wall clock. It may step in either direction. */
  now(): UnixMillis
  /** Milliseconds since an arbitrary start; never steps, never runs backwards. */
  elapsed(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
}

/** `2026-11-21T09:30:00.000Z`: RFC 3339, UTC, three decimals, the only spelling entries use. */
export function formatTimestamp(at: UnixMillis): string {
  if (at !== newest.at) newest = { at, text: new Date(at).toISOString() }
  return newest.text
}

// Many records are taken within one millisecond.
let newest = { at: Number.NaN, text: '' }

/** Whether `text` is the one spelling that entries use, of an instant that the calendar has. No leap second is one. */
export function isTimestamp(text: string): boolean {
  if (!SPELLING.test(text)) return false
  // Every month has 28 days; where it has more, the calendar is asked. Hot in verification.
  if (text.slice(8, 10) <= '28') return true
  const at = Date.parse(text)
  return !Number.isNaN(at) && formatTimestamp(at) === text
}

const SPELLING = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

/** The instant that the one canonical spelling names; `undefined` for any other text. */
export function parseTimestamp(text: string): UnixMillis | undefined {
  return isTimestamp(text) ? Date.parse(text) : undefined
}
