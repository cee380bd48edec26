// How long archived records stay in the database (spec/archive.md §4, §5): as their policies say, and what was restored as long as was said then.

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { parseRuns, seqsOf } from '../formats/seq-runs.ts'
import { readPages, recordOf } from '../ledger/read.ts'
import type { LedgerStore } from '../ledger/store.ts'

/** Where nobody says how long. */
export const DAYS_AT_HAND = 90
export const DAY = 86_400_000

/** Seqs of records that were brought back, and are to be at hand still. */
export async function restoredAt(store: LedgerStore, ledger: string, now: UnixMillis): Promise<ReadonlySet<number>> {
  const restored = new Set<number>()
  for await (const entry of readPages(store, ledger, { action: 'records_restored' })) {
    const { seqs, at_hand_until } = recordOf(entry).details ?? {}
    const runs = typeof seqs === 'string' ? parseRuns(seqs) : undefined
    const until = typeof at_hand_until === 'string' ? parseTimestamp(at_hand_until) : undefined
    if (runs !== undefined && until !== undefined && until > now) for (const seq of seqsOf(runs)) restored.add(seq)
  }
  return restored
}
