// The nodes that a proof is made of, by one read.

import type { Hash } from '../crypto/sha256.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { NodeId } from '../merkle/node.ts'
import type { NodePlan } from '../merkle/plan.ts'
import type { LedgerStore } from './store.ts'

/** @throws LedgerError `store-corrupt` where nodes are missing */
export async function readPlanned(
  { nodes }: Pick<LedgerStore, 'nodes'>,
  ledger: string,
  plan: NodePlan,
): Promise<(id: NodeId) => Hash> {
  const ids = plan.flat()
  const hashes = await nodes(ledger, ids)
  const read = new Map(ids.map((id, i) => [key(id), hashes[i]]))
  return (id) => read.get(key(id)) ?? unreachable('a planned node was not read')
}

function key({ level, index }: NodeId): string {
  return `${level}/${index}`
}
