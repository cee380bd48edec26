// What earlier incarnations lose with the same keys (spec/erasure.md §6): a keyring outlives them, so an erasure reaches what lies
// under the keys of its owners there as well. It is counted apart: the seqs of a plan are those of its own ledger.

import { readReach } from './erasure-reach.ts'
import type { Keeps } from './kept-content.ts'
import { incarnationsOf } from './leave-linked.ts'
import type { Owners } from './linked-content.ts'
import type { LedgerStore } from './store.ts'

export interface EarlierReach {
  /** Entries whose content becomes unreadable. */
  readonly records: number
  /** Those of them that must stay readable. */
  readonly refused: number
}

/** Earlier incarnations have come to their end. Links to subjects are not followed there. */
export async function readEarlierReach(
  store: LedgerStore,
  ledger: string,
  owners: Owners,
  keepsIn: (origin: string) => Keeps | Promise<Keeps>,
): Promise<EarlierReach> {
  let [records, refused] = [0, 0]
  for (const origin of await incarnationsOf(store, ledger)) {
    if (origin === ledger) continue
    const reach = await readReach(store, origin, owners, Number.MAX_SAFE_INTEGER, await keepsIn(origin), [])
    records += reach.records
    refused += reach.refused_count
  }
  return { records, refused }
}

/** For plan and certificate. */
export function earlierSentence(records: number): string {
  const others = records === 1 ? '1 record' : `${records} records`
  return `${others} of before a restore of this ledger ${records === 1 ? 'has' : 'have'} content under the same keys: it becomes unreadable too, and is not in the counts.`
}
