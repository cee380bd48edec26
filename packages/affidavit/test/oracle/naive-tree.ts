// The tree as RFC 6962 §2.1 defines it: recursive, slow, sharing nothing with src/merkle. The second opinion of its tests.

import { createHash } from 'node:crypto'

export interface NaiveTree {
  readonly size: number
  /** MTH(D[begin:end]) */
  root(begin?: number, end?: number): Uint8Array
  /** PATH(index, D[0:size]) */
  path(index: number): Uint8Array[]
  /** PROOF(from, D[0:size]) */
  proof(from: number): Uint8Array[]
}

/** The tree over `entries`. */
export function naiveTree(entries: readonly Uint8Array[]): NaiveTree {
  const entry = (index: number): Uint8Array => entries[index] ?? outOfTree(index)
  return recursiveTree(
    entries.length,
    (index) => leafOf(entry(index)),
    (begin, end) => `${begin}:${end}`,
  )
}

/** The tree over leaf hashes. */
export function naiveTreeOver(leaves: readonly Uint8Array[]): NaiveTree {
  return recursiveTree(
    leaves.length,
    (index) => leaves[index] ?? outOfTree(index),
    (begin, end) => `${begin}:${end}`,
  )
}

/** A tree of any size up to 2^53 - 1: all entries are `filler` except the few in `special`. */
export function sparseTree(size: number, filler: Uint8Array, special: ReadonlyMap<number, Uint8Array>): NaiveTree {
  const indexes = [...special.keys()]
  const isPlain = (begin: number, end: number): boolean => !indexes.some((index) => begin <= index && index < end)
  return recursiveTree(
    size,
    (index) => leafOf(special.get(index) ?? filler),
    (begin, end) => (isPlain(begin, end) ? `${end - begin} fillers` : `${begin}:${end}`),
  )
}

/** Reads the nodes of a naive tree: MTH of the 2^level entries from index * 2^level on. */
export function readNaive(tree: NaiveTree): (id: { level: number; index: number }) => Uint8Array {
  return ({ level, index }) => tree.root(index * 2 ** level, (index + 1) * 2 ** level)
}

/** As many entries as asked for, all different. */
export function numberedEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index}`))
}

/** `nameOf` gives ranges with the same entries the same name, so that each is hashed once. */
function recursiveTree(
  size: number,
  leaf: (index: number) => Uint8Array,
  nameOf: (begin: number, end: number) => string,
): NaiveTree {
  const known = new Map<string, Uint8Array>()

  function mth(begin: number, end: number): Uint8Array {
    const name = nameOf(begin, end)
    const root = known.get(name) ?? hashRange(begin, end)
    known.set(name, root)
    return root
  }

  function hashRange(begin: number, end: number): Uint8Array {
    if (end === begin) return sha256()
    if (end - begin === 1) return leaf(begin)
    const middle = begin + splitOf(end - begin)
    return sha256(Uint8Array.of(1), mth(begin, middle), mth(middle, end))
  }

  function path(index: number, begin: number, end: number): Uint8Array[] {
    if (end - begin === 1) return []
    const middle = begin + splitOf(end - begin)
    if (index < middle) return [...path(index, begin, middle), mth(middle, end)]
    return [...path(index, middle, end), mth(begin, middle)]
  }

  function subproof(from: number, begin: number, end: number, isWhole: boolean): Uint8Array[] {
    if (from === end) return isWhole ? [] : [mth(begin, end)]
    const middle = begin + splitOf(end - begin)
    if (from <= middle) return [...subproof(from, begin, middle, isWhole), mth(middle, end)]
    return [...subproof(from, middle, end, false), mth(begin, middle)]
  }

  return {
    size,
    root: (begin = 0, end = size) => mth(begin, end),
    path: (index) => path(index, 0, size),
    proof: (from) => subproof(from, 0, size, true),
  }
}

function leafOf(entry: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0), entry)
}

/** The largest power of two below `count`. */
function splitOf(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

function outOfTree(index: number): never {
  throw new RangeError(`the naive tree has no entry ${index}`)
}
