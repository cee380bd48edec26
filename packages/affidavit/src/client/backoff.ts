// How long to wait before a server is asked again: longer each time it failed, and never all clients at once (jitter).

import type { RandomSource } from '../crypto/random.ts'

export interface Backoff {
  /** Milliseconds to wait after one more failure; what the server asked for where that is longer. */
  failed(asked?: number): number
  /** It answers. */
  answered(): void
  /** Failures in a row. */
  failures(): number
}

const FIRST_MILLIS = 100
const MOST_MILLIS = 5_000

export function createBackoff(random: RandomSource, first: number = FIRST_MILLIS): Backoff {
  let failures = 0
  return {
    failed(asked = 0) {
      const ceiling = Math.min(MOST_MILLIS, first * 2 ** Math.min(failures++, 16))
      const share = Buffer.from(random(4)).readUInt32BE() / 2 ** 32
      return Math.max(asked, Math.ceil(ceiling * (0.5 + share / 2)))
    },
    answered() {
      failures = 0
    },
    failures: () => failures,
  }
}

/** The milliseconds that a Retry-After asks for (RFC 9110 §10.2.3); 0 for what is none. */
export function retryAfterMillis(header: string | undefined, now: number): number {
  if (header === undefined) return 0
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now)
}
