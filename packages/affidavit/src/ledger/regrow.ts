// Growing the tree from the stored bytes (spec/sequencing.md §6): a flipped bit is found before it is sworn to.

import { bytesOfHex, toHex } from '../bytes/hex.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { isStub, isStubText } from '../formats/stub.ts'
import { createGrowth, type Frontier } from '../merkle/growth.ts'
import { type LeafText, leafHash, leafHexOf } from '../merkle/hash.ts'

/** An entry as read back, or why it cannot be read. */
export type Reread =
  | {
      readonly seq: number
      /** The exact bytes, or the leaf text. */
      readonly entry: Uint8Array | LeafText
      /** The tree nodes stored beside it, in lower-case hex. */
      readonly nodes: string
    }
  | { readonly seq: number; readonly unreadable: string }

/**
 * The tree of `size`, grown from `from`. The store calls it where its rows are, so that they need not travel.
 * @param rows the entries from `from` to `size`, in order
 * @throws LedgerError `store-corrupt`
 */
export function regrow(from: Frontier, size: number, rows: Iterable<Reread>): Frontier {
  const growth = createGrowth(from)
  for (const row of rows) {
    if (row.seq !== growth.size) break
    if ('unreadable' in row) throw corrupt(`the entry at seq ${row.seq} cannot be read: ${row.unreadable}`)
    if (toHex(growth.append(leafOf(row.entry, row.nodes))) !== row.nodes)
      throw corrupt(`the entry at seq ${row.seq} does not have the hash it was stored with`)
  }
  if (growth.size < size) throw corrupt(`the entry at seq ${growth.size} is missing`)
  return growth.frontier()
}

// Of what left, the leaf that was stored: a checkpoint covered it before it went, and whoever signs compares the tree with that.
function leafOf(entry: Uint8Array | LeafText, nodes: string): Hash {
  const hasLeft = nodes.length >= LEAF_DIGITS && (typeof entry === 'string' ? isStubText(entry, 1) : isStub(entry))
  if (hasLeft) return bytesOfHex(nodes.slice(0, LEAF_DIGITS))
  return typeof entry === 'string' ? bytesOfHex(leafHexOf(entry)) : leafHash(entry)
}

const LEAF_DIGITS = 2 * HASH_BYTES

/** What keeps a checkpoint from being signed. */
export function corrupt(problem: string): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `${problem}; nothing was signed`,
    cure: 'keep the files as evidence and run affidavit verify: it says what was changed',
  })
}
