// What can be wrong with a proof: one code for one cause. A check returns a fault or nothing, and never throws.

import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'

export type ProofFault =
  /** The index is no integer from 0 to 2^53 - 1. */
  | { readonly code: 'index-invalid'; readonly got: number }
  /** A tree size is no integer from 0 to 2^53 - 1. */
  | { readonly code: 'size-invalid'; readonly of: 'size' | 'from.size' | 'to.size'; readonly got: number }
  /** The tree has no entry of that index. */
  | { readonly code: 'index-beyond-size'; readonly index: number; readonly size: number }
  /** Every tree continues the empty one: a proof from size 0 would prove nothing. */
  | { readonly code: 'size-zero' }
  /** The tree that is said to come later is the smaller one. */
  | { readonly code: 'sizes-reversed'; readonly from: number; readonly to: number }
  /** A hash is not 32 bytes long. */
  | { readonly code: 'hash-length'; readonly of: HashPlace; readonly expected: number; readonly got: number }
  /** The proof has not exactly the hashes that index and sizes call for. */
  | { readonly code: 'proof-length'; readonly expected: number; readonly got: number }
  /** The proof leads to another root than the (later) tree's. */
  | { readonly code: 'root-mismatch'; readonly expected: Hash; readonly got: Hash }
  /** The proof leads to another root than the earlier tree's. */
  | { readonly code: 'old-root-mismatch'; readonly expected: Hash; readonly got: Hash }
  /** Two trees of one size have different roots: whoever signed both shows two histories. */
  | { readonly code: 'roots-differ'; readonly from: Hash; readonly to: Hash }

/** Which of the hashes given to a check. */
export type HashPlace = 'leaf' | 'root' | 'from.root' | 'to.root' | `proof[${number}]`

/** The first of `hashes` that is not 32 bytes long. */
export function findWrongLength(hashes: Iterable<readonly [HashPlace, Hash]>): ProofFault | undefined {
  for (const [of, hash] of hashes) {
    if (hash.length !== HASH_BYTES) return { code: 'hash-length', of, expected: HASH_BYTES, got: hash.length }
  }
  return undefined
}

/** The hashes of a proof with their places. */
export function* placesInProof(proof: readonly Hash[]): Generator<readonly [HashPlace, Hash]> {
  for (const [position, hash] of proof.entries()) yield [`proof[${position}]`, hash]
}
