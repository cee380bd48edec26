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
  return new Date(at).toISOString()
}

/** The instant that the one canonical spelling names; `undefined` for any other text. */
export function parseTimestamp(text: string): UnixMillis | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)) return undefined
  const at = Date.parse(text)
  return !Number.isNaN(at) && formatTimestamp(at) === text ? at : undefined
}
