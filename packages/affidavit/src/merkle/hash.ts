// The hashes of the tree (RFC 6962 §2.1, RFC 9162 §2.1.1). The first byte keeps an entry from passing for a node.

import { HASH_BYTES, type Hash, sha256, sha256Hex } from '../crypto/sha256.ts'

/** The root of the tree without entries: SHA-256 of nothing. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0))

// Each is filled and hashed within one synchronous call, so no two calls see each other's bytes. The first byte of the one stays 0x00, and it
// has room for the longest entry.
const leafInput = new Uint8Array(1 + 65_535)
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES).fill(0x01, 0, 1)

/** The hash of an entry's exact bytes: SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Hash {
  const input =
    entry.length < leafInput.length ? leafInput.subarray(0, 1 + entry.length) : new Uint8Array(1 + entry.length)
  input.set(entry, 1)
  return sha256(input)
}

/** The hash of the entry whose UTF-8 text this is, in lower-case hex: it need not become bytes first, which costs as much. */
export function leafHexOfText(entry: string): string {
  return sha256Hex(`\0${entry}`)
}

/**
 * What is hashed of an entry, 0x00 ‖ entry, as text: U+0000, then the text that the entry's bytes are the UTF-8 of. Whoever reads
 * entries reads them so, because putting the byte in front of a text that is there copies it.
 */
export type LeafText = string

/** The hash of the entry of a leaf text, in lower-case hex. */
export function leafHexOf(leaf: LeafText): string {
  return sha256Hex(leaf)
}

/** The text of the entry. */
export function entryOf(leaf: LeafText): string {
  return leaf.slice(1)
}

/** The hash of a node above two others: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  requireHash(left)
  requireHash(right)
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return sha256(nodeInput)
}

/** The root over adjacent subtrees, each at least as large as all that stand to its right. */
export function foldRoots(roots: readonly Hash[]): Hash {
  if (roots.length === 0) return EMPTY_ROOT
  return roots.reduceRight((right, left) => nodeHash(left, right))
}

/** Refuses what is no hash: a short one would be hashed together with bytes of an earlier call. */
export function requireHash(hash: Hash): void {
  if (hash.length !== HASH_BYTES) throw new RangeError(`a hash has ${HASH_BYTES} bytes, not ${hash.length}`)
}
