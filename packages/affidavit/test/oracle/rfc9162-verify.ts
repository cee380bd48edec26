// The verification algorithms of RFC 9162, step by step on bigints, sharing nothing with src/merkle. A verdict, no reason.

import { createHash } from 'node:crypto'

/** RFC 9162 §2.1.3.2, for a leaf hash and a tree head. */
export function verifiesInclusion(
  proof: readonly Uint8Array[],
  index: bigint,
  leaf: Uint8Array,
  size: bigint,
  root: Uint8Array,
): boolean {
  if (index >= size || !areHashes([leaf, root, ...proof])) return false
  let fn = index
  let sn = size - 1n
  let r = leaf
  for (const p of proof) {
    if (sn === 0n) return false
    if (isOdd(fn) || fn === sn) {
      r = node(p, r)
      for (; !isOdd(fn) && fn !== 0n; fn >>= 1n) sn >>= 1n
    } else {
      r = node(r, p)
    }
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n && same(r, root)
}

/** RFC 9162 §2.1.4.2, for two tree heads; from size 0 it is refused. */
export function verifiesConsistency(
  proof: readonly Uint8Array[],
  first: bigint,
  second: bigint,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
): boolean {
  if (first === 0n || first > second || !areHashes([firstRoot, secondRoot, ...proof])) return false
  if (first === second) return proof.length === 0 && same(firstRoot, secondRoot)
  if (proof.length === 0) return false
  const [start, ...path] = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof
  if (start === undefined) return false
  let fn = first - 1n
  let sn = second - 1n
  for (; isOdd(fn); fn >>= 1n) sn >>= 1n
  let fr = start
  let sr = start
  for (const c of path) {
    if (sn === 0n) return false
    if (isOdd(fn) || fn === sn) {
      fr = node(c, fr)
      sr = node(c, sr)
      for (; !isOdd(fn) && fn !== 0n; fn >>= 1n) sn >>= 1n
    } else {
      sr = node(sr, c)
    }
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n && same(fr, firstRoot) && same(sr, secondRoot)
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest()
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === 32)
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function isOdd(value: bigint): boolean {
  return value % 2n === 1n
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n
}
