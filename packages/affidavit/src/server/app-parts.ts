// What a server is made of.

import type { Clock } from '../clock/clock.ts'
import type { Served } from './served.ts'

export interface AppParts {
  /** By NAME. */
  readonly ledgers: ReadonlyMap<string, Served>
  /** Bytes of a body, packed and unpacked. */
  readonly bodyLimit: number
  /** Requests of one credential, or of an address that has none, in a minute. */
  readonly requestsPerMinute: number
  /** PEM. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
  readonly state: { draining: boolean }
  /** How long readiness waits for a commit; 5 seconds where left out: one that takes longer is none that an agent would wait for. */
  readonly readyMillis?: number
  /** That of the system where left out. */
  readonly clock?: Clock
  /** Takes a line of the operator's log. */
  readonly log: (line: string) => void
}
