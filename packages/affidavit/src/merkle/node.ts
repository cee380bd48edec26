// Nodes of the tree, and where they are stored (spec/tree.md §2). Sizes reach 2^53 - 1, so this divides and never shifts.

import { HASH_BYTES } from '../crypto/sha256.ts'

/** The root of the perfect subtree over the 2^level entries from index * 2^level on. */
export interface NodeId {
  readonly level: number
  readonly index: number
}

/** Whether `value` can count or number entries: an integer from 0 to 2^53 - 1. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** Refuses what can neither count nor number entries. */
export function requireCount(value: number, what: string): void {
  if (!isCount(value)) throw new RangeError(`${what} is an integer from 0 to 2^53 - 1, not ${value}`)
}

/** The nodes stored with entry `seq`, in stored order: its leaf, then each larger perfect subtree that it completes. */
export function nodesCompletedBy(seq: number): NodeId[] {
  requireCount(seq, 'an entry number')
  const nodes = [{ level: 0, index: seq }]
  for (let index = seq; index % 2 === 1; ) {
    index = Math.floor(index / 2)
    nodes.push({ level: nodes.length, index })
  }
  return nodes
}

/** Where a node is stored: with the last entry below it, after the nodes of the levels below. */
export function locateNode(id: NodeId): { seq: number; offset: number } {
  const seq = (id.index + 1) * 2 ** id.level - 1
  if (!isCount(id.level) || !isCount(id.index) || !isCount(seq)) {
    throw new RangeError(`no tree has a node ${id.index} at level ${id.level}`)
  }
  return { seq, offset: HASH_BYTES * id.level }
}

/**
 * The perfect subtrees that the entries from `begin` to `end` (not included) consist of, largest first.
 * `begin` must be a multiple of a power of two that is at least `end - begin`.
 */
export function perfectSubtrees(begin: number, end: number): NodeId[] {
  const nodes: NodeId[] = []
  for (let at = begin; at < end; ) {
    const level = levelWithin(end - at)
    nodes.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return nodes
}

/** The level of the largest perfect subtree with at most `count` entries. */
function levelWithin(count: number): number {
  let level = 0
  for (let width = 2; width <= count; width *= 2) level += 1
  return level
}
