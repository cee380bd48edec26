// Entry bundles (c2sp.org/tlog-tiles; spec/proof.md §2): each entry behind its length, a big-endian uint16.

import { MAX_ENTRY_BYTES } from './fields.ts'

/** Entries in a full bundle: the width of a full tile. */
const MAX_BUNDLE_ENTRIES = 256

const LENGTH_BYTES = 2

/** Why bytes are not the bundle that their address names. Entries count from 0, offsets are bytes. */
export type BundleFault =
  | { readonly code: 'bundle-truncated'; readonly entry: number; readonly offset: number }
  | { readonly code: 'bundle-trailing-bytes'; readonly offset: number; readonly count: number }

/**
 * The bundle of 1 to 256 entries.
 * @throws RangeError for another number of entries, or an entry beyond 65,535 bytes
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  checkWidth(entries.length)
  const bundle = Buffer.alloc(entries.reduce((length, entry) => length + LENGTH_BYTES + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw new RangeError(`an entry has at most ${MAX_ENTRY_BYTES} bytes`)
    bundle.set(entry, bundle.writeUInt16BE(entry.length, at))
    at += LENGTH_BYTES + entry.length
  }
  return bundle
}

// Bundles of no entries do not exist: a tree that ends at a tile's edge has no partial one.
function checkWidth(width: number): void {
  if (Number.isInteger(width) && width >= 1 && width <= MAX_BUNDLE_ENTRIES) return
  throw new RangeError(`a bundle holds 1 to ${MAX_BUNDLE_ENTRIES} entries, not ${width}`)
}

/**
 * The entries of a bundle of exactly `width` entries, which its path says: 256, or W of `.p/W`. Views of `bytes`.
 * @throws RangeError for a width that no bundle has
 */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] | BundleFault {
  checkWidth(width)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: Uint8Array[] = []
  let at = 0
  while (entries.length < width) {
    const start = at + LENGTH_BYTES
    const end = start <= bytes.length ? start + view.getUint16(at) : start
    if (end > bytes.length) return { code: 'bundle-truncated', entry: entries.length, offset: at }
    entries.push(bytes.subarray(start, end))
    at = end
  }
  if (at < bytes.length) return { code: 'bundle-trailing-bytes', offset: at, count: bytes.length - at }
  return entries
}
