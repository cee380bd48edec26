// Nodes of a server's tree, out of its hash tiles (C2SP tlog-tiles; spec/tree.md §4).

import type { Hash } from '../crypto/sha256.ts'
import type { NodeId } from '../merkle/node.ts'
import { type HashTile, nodeFromTile, tileHashes, tileOfNode, tilePath } from '../merkle/tile.ts'
import { unreadable } from './ask.ts'

export type ReadTile = (tile: HashTile) => Promise<Uint8Array>

/** Reads nodes of the tree of `size`; each tile once. */
export interface Nodes {
  /** @throws LedgerError what reading a tile throws */
  fetch(ids: readonly NodeId[]): Promise<void>
  /** What was fetched. */
  at(id: NodeId): Hash
}

export function createNodes(readTile: ReadTile, size: number): Nodes {
  const tiles = new Map<string, readonly Hash[]>()

  async function fetch(ids: readonly NodeId[]): Promise<void> {
    for (const id of ids) {
      const { tile } = tileOfNode(id, size)
      const path = tilePath(tile.level, tile.index, tile.width)
      if (!tiles.has(path)) tiles.set(path, hashesOf(await readTile(tile), tile.width))
    }
  }

  function at(id: NodeId): Hash {
    const { tile, level, position } = tileOfNode(id, size)
    const hashes = tiles.get(tilePath(tile.level, tile.index, tile.width))
    const node = hashes && nodeFromTile(hashes, level, position)
    if (node === undefined) throw new TypeError('a node that was not fetched; this is a bug')
    return node
  }

  return { fetch, at }
}

export function hashesOf(bytes: Uint8Array, width: number): readonly Hash[] {
  const hashes = tileHashes(bytes, width)
  if (hashes === undefined) throw unreadable(`no tile of ${width} hashes`)
  return hashes
}
