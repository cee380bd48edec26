// Consistency proofs (RFC 6962 §2.1.2, RFC 9162 §2.1.4): that a tree continues an earlier one and changed nothing in it.

import { equalBytes } from '../bytes/compare.ts'
import type { Hash } from '../crypto/sha256.ts'
import { findWrongLength, type ProofFault, placesInProof } from './fault.ts'
import { nodeHash } from './hash.ts'
import type { TreeHead } from './head.ts'
import { isCount, type NodeId } from './node.ts'
import { climb, foldPlan, type NodePlan, type Sibling, siblingsAbove } from './plan.ts'

/** What a consistency proof is about: the first `from.size` entries of the tree `to` are the tree `from`. */
export interface ConsistencyClaim {
  readonly proof: readonly Hash[]
  readonly from: TreeHead
  readonly to: TreeHead
}

/** The nodes to read to prove that the tree of size `to` continues its own first `from` entries; `from` is at least 1. */
export function planConsistency(from: number, to: number): NodePlan {
  if (!isCount(from) || !isCount(to) || from < 1 || from > to) {
    throw new RangeError(`no consistency proof leads from size ${from} to size ${to}`)
  }
  if (from === to) return []
  const { start, siblings } = wayUp(from, to)
  const groups = siblings.map((sibling) => sibling.nodes)
  return start.index === 0 ? groups : [[start], ...groups]
}

/** The proof of a plan from planConsistency. */
export function buildConsistency(plan: NodePlan, read: (id: NodeId) => Hash): Hash[] {
  return foldPlan(plan, read)
}

/**
 * Checks that the tree `to` continues the tree `from`. Returns what is wrong, or nothing.
 * Each size and its root must come from one signed head, as for checkInclusion.
 * From size 0 it is refused as meaningless; who must accept that (a witness meeting a log) says so before calling.
 */
export function checkConsistency(claim: ConsistencyClaim): ProofFault | undefined {
  const { proof, from, to } = claim
  const fault =
    findWrongSizes(from.size, to.size) ??
    findWrongLength([
      ['from.root', from.root],
      ['to.root', to.root],
    ])
  if (fault) return fault
  return from.size === to.size ? checkSameSize(proof, from, to) : checkGrowth(proof, from, to)
}

function findWrongSizes(from: number, to: number): ProofFault | undefined {
  if (!isCount(from)) return { code: 'size-invalid', of: 'from.size', got: from }
  if (!isCount(to)) return { code: 'size-invalid', of: 'to.size', got: to }
  if (from === 0) return { code: 'size-zero' }
  return from > to ? { code: 'sizes-reversed', from, to } : undefined
}

function checkSameSize(proof: readonly Hash[], from: TreeHead, to: TreeHead): ProofFault | undefined {
  if (!equalBytes(from.root, to.root)) return { code: 'roots-differ', from: from.root, to: to.root }
  return proof.length === 0 ? undefined : { code: 'proof-length', expected: 0, got: proof.length }
}

function checkGrowth(proof: readonly Hash[], from: TreeHead, to: TreeHead): ProofFault | undefined {
  const { start, siblings } = wayUp(from.size, to.size)
  // Where the earlier tree is one perfect subtree, its root is the start of the way up and is not repeated in the proof.
  const [first, ...hashes] = start.index === 0 ? [from.root, ...proof] : proof
  if (first === undefined || hashes.length !== siblings.length) {
    return { code: 'proof-length', expected: siblings.length + (start.index === 0 ? 0 : 1), got: proof.length }
  }
  const fault = findWrongLength(placesInProof(proof))
  if (fault) return fault
  // What stands on the left was in the earlier tree too, and nothing on the right was.
  const oldRoot = hashes.reduce(
    (below, hash, step) => (siblings[step]?.side === 'left' ? nodeHash(hash, below) : below),
    first,
  )
  if (!equalBytes(oldRoot, from.root)) return { code: 'old-root-mismatch', expected: from.root, got: oldRoot }
  const root = climb(first, siblings, hashes)
  return equalBytes(root, to.root) ? undefined : { code: 'root-mismatch', expected: to.root, got: root }
}

/** The way up to the later root from the last perfect subtree of the earlier tree, which both trees contain. */
function wayUp(from: number, to: number): { start: NodeId; siblings: Sibling[] } {
  let level = 0
  let count = from
  for (; count % 2 === 0; count /= 2) level += 1
  const start = { level, index: count - 1 }
  return { start, siblings: siblingsAbove(start, to) }
}
