// That the tree of one size continues that of an earlier one (RFC 6962 §2.1.2; spec/proof.md).

import type { Hash } from '../crypto/sha256.ts'
import { buildConsistency, planConsistency } from '../merkle/consistency.ts'
import { readPlanned } from './planned-nodes.ts'
import type { LedgerStore } from './store.ts'

/** @throws RangeError where no proof leads from one to the other; LedgerError `store-corrupt` where nodes are missing */
export async function proveConsistency(
  store: LedgerStore,
  ledger: string,
  from: number,
  to: number,
): Promise<readonly Hash[]> {
  const plan = planConsistency(from, to)
  return buildConsistency(plan, await readPlanned(store, ledger, plan))
}
