// Sweeping what was kept for a record that never came: its process was killed, or its draft refused (spec/vault.md §6).

import type { UnixMillis } from '../clock/clock.ts'
import type { LedgerStore } from './store.ts'

/** Removes payloads that no entry names a day after they were made. Once an hour, before another large body is kept. */
export type Sweep = (now: UnixMillis) => Promise<void>

const HOUR = 3_600_000

export function createSweep(store: LedgerStore, ledger: string): Sweep {
  let last = Number.NEGATIVE_INFINITY
  return async (now) => {
    if (now - last < HOUR) return
    last = now
    await store.sweepPayloads(ledger, now - 24 * HOUR)
  }
}
