// The growing tree: one hash for each entry and node, appended to a few roots (spec/tree.md §1, §2).

import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import { foldRoots, nodeHash, requireHash } from './hash.ts'
import type { TreeHead } from './head.ts'
import { type NodeId, perfectSubtrees, requireCount } from './node.ts'

/** All that growing needs to know of a tree: the roots of the perfect subtrees that its size is the sum of, largest first. */
export interface Frontier {
  readonly size: number
  readonly nodes: readonly Hash[]
}

/** A tree that grows by one entry at a time. Given hashes are kept, not copied: nobody may change them. */
export interface Growth {
  readonly size: number
  /** Takes the next leaf hash; returns what is stored with that entry: the hashes of nodesCompletedBy(seq), end to end. */
  append(leaf: Hash): Uint8Array
  root(): Hash
  frontier(): Frontier
}

export const emptyFrontier: Frontier = { size: 0, nodes: [] }

/** The nodes of the frontier of a tree of `size`, largest first: one for each one bit of `size`. */
export function planFrontier(size: number): NodeId[] {
  requireCount(size, 'a tree size')
  return perfectSubtrees(0, size)
}

/** The root of the tree. */
export function rootOfFrontier(frontier: Frontier): Hash {
  requireFrontier(frontier)
  return foldRoots(frontier.nodes)
}

/** Continues the tree of `frontier`, which stays as it is: to give up a batch, drop the growth. */
export function createGrowth(frontier: Frontier): Growth {
  requireFrontier(frontier)
  const nodes = [...frontier.nodes]
  let size = frontier.size
  return {
    get size() {
      return size
    },
    append(leaf) {
      requireHash(leaf)
      requireCount(size + 1, 'a tree size')
      const completed = pushLeaf(nodes, size, leaf)
      size += 1
      return completed
    },
    root: () => foldRoots(nodes),
    frontier: () => ({ size, nodes: [...nodes] }),
  }
}

/**
 * The frontier of a tree from those of its first entries and of the chunk that follows, hashed apart as a tree of its own.
 * The size of the prefix must be a multiple of a power of two that is at least the size of the chunk, which is not empty.
 */
export function joinFrontiers(prefix: Frontier, chunk: Frontier): Frontier {
  requireFrontier(prefix)
  requireFrontier(chunk)
  requireAligned(prefix.size, chunk.size)
  const nodes = [...prefix.nodes, ...chunk.nodes]
  // Only a chunk that is one perfect subtree completes larger ones, as a leaf does.
  const merges = chunk.nodes.length === 1 ? trailingOnes(prefix.size / chunk.size) : 0
  for (let merged = 0; merged < merges; merged += 1) mergeLastTwo(nodes)
  return { size: prefix.size + chunk.size, nodes }
}

/** The root of a tree from the frontier of its first entries and the head of the chunk that follows; see joinFrontiers. */
export function joinRoot(prefix: Frontier, chunk: TreeHead): Hash {
  requireFrontier(prefix)
  requireHash(chunk.root)
  requireAligned(prefix.size, chunk.size)
  return foldRoots([...prefix.nodes, chunk.root])
}

/** Adds leaf number `seq` to the frontier `nodes` and returns the hashes that it completes, end to end. */
function pushLeaf(nodes: Hash[], seq: number, leaf: Hash): Uint8Array {
  const merges = trailingOnes(seq)
  const completed = new Uint8Array(HASH_BYTES * (1 + merges))
  completed.set(leaf)
  nodes.push(leaf)
  for (let level = 1; level <= merges; level += 1) completed.set(mergeLastTwo(nodes), HASH_BYTES * level)
  return completed
}

/** Replaces the roots of the last two subtrees, equally large, by the root over both. */
function mergeLastTwo(nodes: Hash[]): Hash {
  const right = nodes.pop()
  const left = nodes.pop()
  if (left === undefined || right === undefined) throw new RangeError('a frontier lost a node')
  const above = nodeHash(left, right)
  nodes.push(above)
  return above
}

function trailingOnes(value: number): number {
  let ones = 0
  for (let rest = value; rest % 2 === 1; rest = Math.floor(rest / 2)) ones += 1
  return ones
}

function requireFrontier({ size, nodes }: Frontier): void {
  const expected = planFrontier(size).length
  if (nodes.length !== expected) {
    throw new RangeError(`the frontier of a tree of ${size} has ${expected} nodes, not ${nodes.length}`)
  }
  nodes.forEach(requireHash)
}

function requireAligned(prefix: number, chunk: number): void {
  requireCount(prefix + chunk, 'a tree size')
  let width = 1
  while (width < chunk) width *= 2
  if (chunk < 1 || prefix % width !== 0) {
    throw new RangeError(`a chunk of ${chunk} entries does not join a tree of ${prefix}`)
  }
}
