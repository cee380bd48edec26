// Hash tiles (C2SP tlog-tiles; spec/tree.md §4): up to 256 neighbouring nodes of one level, served as one file.

import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import { createGrowth, emptyFrontier } from './growth.ts'
import { isCount, locateNode, type NodeId, requireCount } from './node.ts'

const TILE_HEIGHT = 8
const TILE_WIDTH = 2 ** TILE_HEIGHT
const MAX_TILE_LEVEL = 63

/** The first `width` hashes of tile `index` at tile level `level`: nodes of tree level 8 * level, from 256 * index on. */
export interface HashTile {
  readonly level: number
  readonly index: number
  readonly width: number
}

/** The first `width` entries of the 256 below the hash tile of level 0 with the same index. */
export interface EntryBundle {
  readonly level: 'entries'
  readonly index: number
  readonly width: number
}

export type TileId = HashTile | EntryBundle

/** Where a reader of the tree finds a node: in that tile, as the root over 2^level hashes from position * 2^level on. */
export interface NodeInTile {
  readonly tile: HashTile
  readonly level: number
  readonly position: number
}

/** How many hashes (or entries) a tile has in the tree of `size`: 256 where it is full, 0 where there is no such tile. */
export function tileWidth(level: TileId['level'], index: number, size: number): number {
  const count = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level))
  return Math.min(TILE_WIDTH, Math.max(0, count - index * TILE_WIDTH))
}

/** Every hash tile of the tree of `size`, level by level. The entry bundles are those of level 0. */
export function* tilesOfTree(size: number): Generator<HashTile> {
  requireCount(size, 'a tree size')
  for (let level = 0; tileWidth(level, 0, size) > 0; level += 1) {
    for (let index = 0; tileWidth(level, index, size) > 0; index += 1) {
      yield { level, index, width: tileWidth(level, index, size) }
    }
  }
}

/** The nodes whose hashes, end to end, are the tile. */
export function planTile(tile: HashTile): NodeId[] {
  requireTile(tile)
  const first = tile.index * TILE_WIDTH
  const nodes = Array.from({ length: tile.width }, (_, i) => ({ level: tile.level * TILE_HEIGHT, index: first + i }))
  // Refuses what lies beyond every tree.
  nodes.forEach(locateNode)
  return nodes
}

/** Where a reader of the tree of `size` finds a node of one of its perfect subtrees. */
export function tileOfNode(id: NodeId, size: number): NodeInTile {
  if (locateNode(id).seq >= size) throw new RangeError(`a tree of ${size} has no node ${id.index} at level ${id.level}`)
  const level = id.level % TILE_HEIGHT
  const nodesInTile = 2 ** (TILE_HEIGHT - level)
  const tileLevel = (id.level - level) / TILE_HEIGHT
  const index = Math.floor(id.index / nodesInTile)
  const tile = { level: tileLevel, index, width: tileWidth(tileLevel, index, size) }
  return { tile, level, position: id.index % nodesInTile }
}

/** The hashes of a tile, as views into its bytes; `undefined` where these are not exactly `width` hashes. */
export function tileHashes(bytes: Uint8Array, width: number): Hash[] | undefined {
  requireWidth(width)
  if (bytes.length !== width * HASH_BYTES) return undefined
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
}

/** The node `level` levels (0 to 8) above a tile's hashes at `position`; `undefined` where the tile does not cover it. */
export function nodeFromTile(hashes: readonly Hash[], level: number, position: number): Hash | undefined {
  const width = 2 ** level
  const begin = position * width
  if (!isCount(level) || !isCount(position) || begin + width > hashes.length) return undefined
  const growth = createGrowth(emptyFrontier)
  for (const hash of hashes.slice(begin, begin + width)) growth.append(hash)
  return growth.root()
}

/** The path of a tile below the log's prefix, such as `tile/0/x001/234/067.p/5`. */
export function tilePath(level: TileId['level'], index: number, width: number): string {
  requireTile({ level, index, width })
  const groups = [threeDigits(index % 1000)]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${threeDigits(rest % 1000)}`)
  }
  const full = `tile/${level}/${groups.join('/')}`
  return width === TILE_WIDTH ? full : `${full}.p/${width}`
}

/** The tile that a path names; `undefined` unless it is spelled as tilePath spells it. */
export function parseTilePath(path: string): TileId | undefined {
  const parts = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path)
  if (!parts) return undefined
  const [, level = '', indexText = '', widthText = `${TILE_WIDTH}`] = parts
  const index = Number(indexText.replaceAll(/[x/]/g, ''))
  const width = Number(widthText)
  const tile: TileId = level === 'entries' ? { level, index, width } : { level: Number(level), index, width }
  if (!isCount(index) || !isWidth(width) || !isTileLevel(tile.level)) return undefined
  return tilePath(tile.level, index, width) === path ? tile : undefined
}

function requireTile(tile: { level: TileId['level']; index: number; width: number }): void {
  if (!isTileLevel(tile.level)) throw new RangeError(`a tile level is 0 to ${MAX_TILE_LEVEL}, not ${tile.level}`)
  requireCount(tile.index, 'a tile index')
  requireWidth(tile.width)
}

function isTileLevel(level: TileId['level']): boolean {
  return level === 'entries' || (isCount(level) && level <= MAX_TILE_LEVEL)
}

function isWidth(width: number): boolean {
  return isCount(width) && width >= 1 && width <= TILE_WIDTH
}

function requireWidth(width: number): void {
  if (!isWidth(width)) throw new RangeError(`a tile has 1 to ${TILE_WIDTH} hashes, not ${width}`)
}

function threeDigits(value: number): string {
  return `${value}`.padStart(3, '0')
}
