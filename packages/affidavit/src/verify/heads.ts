// Holding what was signed against what was computed from the bytes.

import { equalBytes } from '../bytes/compare.ts'
import type { Hash } from '../crypto/sha256.ts'
import type { TreeHead } from '../merkle/head.ts'
import { type Finding, finding } from './finding.ts'

/** What is known of a log's tree from its bytes. */
export interface ComputedTree {
  readonly size: number
  readonly roots: ReadonlyMap<number, Hash>
  /** Entries from here on have no computable place: something before is missing. */
  readonly holedFrom: number | undefined
}

/** A signed head and how to name it. */
export interface NamedHead extends TreeHead {
  readonly what: string
}

/**
 * What is wrong with a signed head.
 * @param agreedUntil size of a smaller head that agreed: what differs lies behind it
 */
export function compareHead(
  { what, size, root }: NamedHead,
  tree: ComputedTree,
  agreedUntil: number,
  code: 'root-mismatch' | 'anchor-mismatch',
): Finding | undefined {
  if (size > tree.size) {
    const gone = size - tree.size
    const problem = `it covers ${size} entries, but the log has ${tree.size}: the last ${gone} ${gone === 1 ? 'is' : 'are'} gone`
    return finding('tail-cut', { seq: tree.size, what }, problem)
  }
  // The root of the empty tree is part of the format; a checkpoint of size 0 with another one does not parse.
  if (size === 0) return undefined
  const computed = tree.roots.get(size)
  if (computed !== undefined && equalBytes(computed, root)) return undefined
  const problem =
    computed === undefined
      ? 'its tree cannot be computed: entries, or nodes that prove it, are missing'
      : `another history was signed: the log differs between seq ${agreedUntil} and ${size - 1}`
  const seq = computed === undefined ? (tree.holedFrom ?? agreedUntil) : agreedUntil
  return finding(code, { seq, what }, problem)
}

/** Heads in ascending order up to the first that contradicts the tree: what is wrong there is wrong in every later one. */
export function firstContradiction<Head extends NamedHead>(
  heads: readonly Head[],
  tree: ComputedTree,
  code: 'root-mismatch' | 'anchor-mismatch',
): { readonly agreed: readonly Head[]; readonly found?: Finding } {
  const agreed: Head[] = []
  for (const head of [...heads].sort((a, b) => a.size - b.size)) {
    const agreedUntil = agreed.findLast(({ size }) => size < head.size)?.size ?? 0
    const found = compareHead(head, tree, agreedUntil, code)
    if (found !== undefined) return { agreed, found }
    agreed.push(head)
  }
  return { agreed }
}
