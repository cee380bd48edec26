// Hash tiles out of the store (C2SP tlog-tiles; spec/tree.md §4): what an export or a server hands on.

import { concatBytes } from '../bytes/compare.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type HashTile, planTile, tilePath, tileWidth } from '../merkle/tile.ts'
import type { LedgerStore } from './store.ts'

/**
 * The bytes of a hash tile, by one read of planned nodes.
 * @throws LedgerError `not-found` where the tree does not reach so far; RangeError where no tree has such a tile
 */
export async function readTile(store: LedgerStore, ledger: string, tile: HashTile): Promise<Uint8Array> {
  const nodes = planTile(tile)
  const { level, index, width } = tile
  const size = (await store.head(ledger))?.size ?? 0
  if (tileWidth(level, index, size) < width) {
    throw new LedgerError('not-found', {
      problem: `a tree of ${size} entries has no ${tilePath(level, index, width)}`,
      cure: 'ask for the tiles of a published size',
    })
  }
  return concatBytes(...(await store.nodes(ledger, nodes)))
}
