// A tree of which only some entries are at hand (spec/archive.md §1): what else it takes to compute its root. Going down as RFC 6962 §2.1
// splits, each largest subtree without any of these entries is one hash.

import type { Hash } from '../crypto/sha256.ts'
import { nodeHash } from './hash.ts'
import { perfectSubtrees, requireCount } from './node.ts'
import type { NodePlan } from './plan.ts'

/** Entries one behind the other, both ends included. */
export interface SeqRun {
  readonly first: number
  readonly last: number
}

/**
 * The nodes to read for the hashes that the tree of `size` takes besides the entries of `runs`, from left to right.
 * @throws RangeError where the runs do not ascend, or go beyond the tree
 */
export function planRest(runs: readonly SeqRun[], size: number): NodePlan {
  checkRuns(runs, size)
  const plan: NodePlan[number][] = []
  walk(runs, size, {
    entry: () => undefined,
    rest: (begin, end) => void plan.push(perfectSubtrees(begin, end)),
    join: () => undefined,
  })
  return plan
}

/**
 * The root that these entries and the rest lead to; `undefined` where there are too few or too many of either.
 * @param leaves leaf hashes of the entries of `runs`, ascending
 * @throws RangeError where the runs do not ascend, or go beyond the tree
 */
export function rootWithRest(
  runs: readonly SeqRun[],
  size: number,
  leaves: readonly Hash[],
  rest: readonly Hash[],
): Hash | undefined {
  checkRuns(runs, size)
  let [nextLeaf, nextRest] = [0, 0]
  const root = walk<Hash | undefined>(runs, size, {
    entry: () => leaves[nextLeaf++],
    rest: () => rest[nextRest++],
    join: (left, right) => (left === undefined || right === undefined ? undefined : nodeHash(left, right)),
  })
  return nextLeaf === leaves.length && nextRest === rest.length ? root : undefined
}

interface Steps<T> {
  entry(seq: number): T
  rest(begin: number, end: number): T
  join(left: T, right: T): T
}

function walk<T>(runs: readonly SeqRun[], size: number, steps: Steps<T>): T {
  let next = 0
  return below(0, size)

  function below(begin: number, end: number): T {
    for (let run = runs[next]; run !== undefined && run.last < begin; run = runs[next]) next++
    const run = runs[next]
    if (run === undefined || run.first >= end) return steps.rest(begin, end)
    if (end - begin === 1) return steps.entry(begin)
    const middle = begin + splitOf(end - begin)
    const left = below(begin, middle)
    return steps.join(left, below(middle, end))
  }
}

/** The largest power of two below `count` (RFC 6962 §2.1). */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

function checkRuns(runs: readonly SeqRun[], size: number): void {
  requireCount(size, 'a tree size')
  let free = 0
  for (const { first, last } of runs) {
    if (first < free || last < first || last >= size || !Number.isSafeInteger(first + last))
      throw new RangeError(`entries ${first} to ${last} do not ascend in a tree of ${size}`)
    free = last + 1
  }
  if (runs.length === 0) throw new RangeError('at least one entry is at hand')
}
