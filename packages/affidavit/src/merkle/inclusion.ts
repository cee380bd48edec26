// Inclusion proofs (RFC 6962 §2.1.1, RFC 9162 §2.1.3): that an entry stands at an index. Plan, read elsewhere, build, check.

import { equalBytes } from '../bytes/compare.ts'
import type { Hash } from '../crypto/sha256.ts'
import { findWrongLength, type ProofFault, placesInProof } from './fault.ts'
import { isCount, type NodeId } from './node.ts'
import { climb, foldPlan, type NodePlan, siblingsAbove } from './plan.ts'

/** What an inclusion proof is about: the tree's entry at `index` has the leaf hash `leaf`. */
export interface InclusionClaim {
  readonly proof: readonly Hash[]
  readonly index: number
  readonly leaf: Hash
  readonly size: number
}

/** The nodes to read to prove that the tree of `size` has its entry at `index`: the leaf's sibling first. */
export function planInclusion(index: number, size: number): NodePlan {
  if (!isCount(size) || !isCount(index) || index >= size)
    throw new RangeError(`a tree of ${size} has no entry ${index}`)
  return siblingsAbove({ level: 0, index }, size).map((sibling) => sibling.nodes)
}

/** The proof of a plan from planInclusion. */
export function buildInclusion(plan: NodePlan, read: (id: NodeId) => Hash): Hash[] {
  return foldPlan(plan, read)
}

/** The root of the tree that a claim is true of, or why there is none. */
export function rootFromInclusion(claim: InclusionClaim): { readonly root: Hash } | { readonly fault: ProofFault } {
  const { proof, index, leaf, size } = claim
  if (!isCount(size)) return { fault: { code: 'size-invalid', of: 'size', got: size } }
  if (!isCount(index)) return { fault: { code: 'index-invalid', got: index } }
  if (index >= size) return { fault: { code: 'index-beyond-size', index, size } }
  const siblings = siblingsAbove({ level: 0, index }, size)
  if (proof.length !== siblings.length) {
    return { fault: { code: 'proof-length', expected: siblings.length, got: proof.length } }
  }
  const fault = findWrongLength([['leaf', leaf], ...placesInProof(proof)])
  return fault ? { fault } : { root: climb(leaf, siblings, proof) }
}

/**
 * Checks that the tree with `root` and `size` has the entry with hash `leaf` at `index`. Returns what is wrong, or nothing.
 * Size and root must come from one signed head: a proof does not bind the size where another size asks for the same hashes.
 */
export function checkInclusion(claim: InclusionClaim & { readonly root: Hash }): ProofFault | undefined {
  const computed = rootFromInclusion(claim)
  if ('fault' in computed) return computed.fault
  const fault = findWrongLength([['root', claim.root]])
  if (fault) return fault
  if (equalBytes(computed.root, claim.root)) return undefined
  return { code: 'root-mismatch', expected: claim.root, got: computed.root }
}
