// Which stored nodes a proof is made of. Planning reads nothing: a store can fetch all the nodes of a plan at once.

import type { Hash } from '../crypto/sha256.ts'
import { foldRoots, nodeHash } from './hash.ts'
import { type NodeId, perfectSubtrees } from './node.ts'

/** One group for each hash of a proof, in its order: the perfect subtrees, largest first, that fold into that hash. */
export type NodePlan = readonly (readonly NodeId[])[]

/** A subtree beside the way from a node up to the root: on which side it stands, and what it consists of. */
export interface Sibling {
  readonly side: 'left' | 'right'
  readonly nodes: readonly NodeId[]
}

/** The hashes of a plan, each stored node taken from `read`. */
export function foldPlan(plan: NodePlan, read: (id: NodeId) => Hash): Hash[] {
  return plan.map((nodes) => foldRoots(nodes.map((id) => read(id))))
}

/** The siblings on the way from `node` up to the root of the tree of `size`, the node's own sibling first. */
export function siblingsAbove(node: NodeId, size: number): Sibling[] {
  const siblings: Sibling[] = []
  let { index } = node
  let width = 2 ** node.level
  for (let last = Math.floor((size - 1) / width); last > 0; last = Math.floor(last / 2)) {
    // The last subtree of a level, where it is a left one, has no sibling: it rises alone, never paired with itself.
    if (index % 2 === 1) {
      siblings.push({ side: 'left', nodes: perfectSubtrees((index - 1) * width, index * width) })
    } else if (index < last) {
      siblings.push({ side: 'right', nodes: perfectSubtrees((index + 1) * width, Math.min((index + 2) * width, size)) })
    }
    index = Math.floor(index / 2)
    width *= 2
  }
  return siblings
}

/** The root that `start` and the hashes of its siblings lead to. Both lists have the same length. */
export function climb(start: Hash, siblings: readonly Sibling[], hashes: readonly Hash[]): Hash {
  return hashes.reduce(
    (below, hash, step) => (siblings[step]?.side === 'left' ? nodeHash(hash, below) : nodeHash(below, hash)),
    start,
  )
}
