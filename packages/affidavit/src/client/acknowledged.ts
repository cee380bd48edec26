// What a server acknowledged, until a checkpoint of it covers that (spec/client.md §4): then the tree has the very hash at the very place.

import { equalBytes } from '../bytes/compare.ts'
import { bytesOfHex } from '../bytes/hex.ts'
import type { Hash } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Appended } from '../ledger/ledger.ts'
import type { TreeHead } from '../merkle/head.ts'
import { buildInclusion, checkInclusion, planInclusion } from '../merkle/inclusion.ts'
import { tileOfNode } from '../merkle/tile.ts'
import type { Nodes } from './read-nodes.ts'

/** A place, and the hash that was acknowledged there. */
export interface Claim {
  readonly seq: number
  readonly leaf: Hash
}

export interface Acknowledged {
  /** @throws LedgerError `forked` where another record was acknowledged at this place */
  add(appended: Appended): void
  /** Those that a tree of `size` covers. */
  coveredBy(size: number): readonly Claim[]
  /** They were held against it. */
  held(claims: readonly Claim[]): void
  /** How many wait for that. */
  waiting(): number
}

/** Beyond, the oldest goes unheld. */
const MOST = 16_384

export function createAcknowledged(most: number = MOST): Acknowledged {
  const waiting = new Map<number, string>()
  return {
    add({ seq, integrity_hash }) {
      const before = waiting.get(seq)
      if (before !== undefined && before !== integrity_hash) throw twoAtOnePlace(seq)
      waiting.set(seq, integrity_hash)
      const [oldest] = waiting.keys()
      if (waiting.size > most && oldest !== undefined) waiting.delete(oldest)
    },
    coveredBy: (size) =>
      [...waiting].filter(([seq]) => seq < size).map(([seq, hash]) => ({ seq, leaf: bytesOfHex(hash) })),
    held(claims) {
      for (const { seq } of claims) waiting.delete(seq)
    },
    waiting: () => waiting.size,
  }
}

/**
 * Holds claims against a tree. Answers the first that it does not have. One proof for each tile of 256 leaves: it is made of all of them.
 * @throws LedgerError what reading throws
 */
export async function findUnkept(
  claims: readonly Claim[],
  { size, root }: TreeHead,
  nodes: Nodes,
): Promise<Claim | undefined> {
  const proven = new Set<number>()
  for (const claim of claims) {
    const { seq, leaf } = claim
    const leafNode = { level: 0, index: seq }
    await nodes.fetch([leafNode])
    if (!equalBytes(nodes.at(leafNode), leaf)) return claim
    const { index } = tileOfNode(leafNode, size).tile
    if (proven.has(index)) continue
    const plan = planInclusion(seq, size)
    await nodes.fetch(plan.flat())
    const proof = buildInclusion(plan, nodes.at)
    if (checkInclusion({ proof, index: seq, leaf, size, root }) !== undefined) return claim
    proven.add(index)
  }
  return undefined
}

function twoAtOnePlace(seq: number): LedgerError {
  return new LedgerError('forked', {
    problem: `the server acknowledged two records at seq ${seq}`,
    cure: 'keep what this process logged, and have the ledger verified by somebody else',
  })
}
