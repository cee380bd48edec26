// That the tree of one size continues that of an earlier one, by one read of planned nodes (RFC 6962 §2.1.2; spec/proof.md).

import type { Hash } from '../crypto/sha256.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { buildConsistency, planConsistency } from '../merkle/consistency.ts'
import type { NodeId } from '../merkle/node.ts'
import type { LedgerStore } from './store.ts'

/** @throws RangeError where no proof leads from one to the other; LedgerError `store-corrupt` where nodes are missing */
export async function proveConsistency(
  store: LedgerStore,
  ledger: string,
  from: number,
  to: number,
): Promise<readonly Hash[]> {
  const plan = planConsistency(from, to)
  const ids = plan.flat()
  const hashes = await store.nodes(ledger, ids)
  const read = new Map(ids.map((id, i) => [key(id), hashes[i]]))
  return buildConsistency(plan, (id) => read.get(key(id)) ?? unreachable('a planned node was not read'))
}

function key({ level, index }: NodeId): string {
  return `${level}/${index}`
}
