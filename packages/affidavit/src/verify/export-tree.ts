// The tree of an export, from its level-0 hashes up to the signed root, in memory of one tile a level. Where what is
// stored and what is computed part, the level above decides which of the two was altered.

import { equalBytes } from '../bytes/compare.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import { createGrowth, emptyFrontier } from '../merkle/growth.ts'
import { foldRoots, nodeHash } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import { tileHashes, tilePath, tileWidth } from '../merkle/tile.ts'
import { type FindingList, finding } from './finding.ts'
import type { Folder } from './folder.ts'

/** Entries below one tile. */
export const GROUP = 256

/** A hash for each place; `undefined` where none is known. */
export type Hashes = readonly (Hash | undefined)[]

export interface ExportTree {
  /** The hash that the tile holds for an entry: to find its place by, to be believed only once settled. */
  leafAt(seq: number): Hash | undefined
  /**
   * Holds the hashes of the next 256 entries, or of the last ones, against their tile and the tiles above.
   * Answers what the log has there, as far as the tree can tell.
   */
  settle(evidence: Hashes): Hashes
  /** Root of each size that was asked for and reached; `undefined` where hashes below are unknown. */
  readonly roots: ReadonlyMap<number, Hash | undefined>
  /** So many tiles are missing that the rest of the tree is not looked for. */
  isLost(): boolean
}

/** Neighbouring hashes that share a tile: as computed from below, and as stored where the tile could be read. */
interface Group {
  readonly level: number
  readonly index: number
  readonly computed: Hashes
  readonly stored: Hashes | undefined
}

/** Missing tiles of level 0, after which the size is taken for made up. */
const MAX_MISSING = 1_000

/** @param sizes whose roots are wanted */
export function createExportTree(
  head: TreeHead,
  folder: Folder,
  sizes: Iterable<number>,
  findings: FindingList,
): ExportTree {
  const read = createTileReader(head.size, folder)
  /** Of each level above 0: the hashes computed so far for the tile that is under way, and its index. */
  const rows: { hashes: (Hash | undefined)[]; index: number }[] = []
  const roots = new Map<number, Hash | undefined>()
  const wanted = [...new Set(sizes)].sort((a, b) => a - b)
  let settled = 0
  let missing = 0

  function storedAt(level: number, place: number): Hash | undefined {
    const hashes = read(level, Math.floor(place / GROUP))
    return typeof hashes === 'string' ? undefined : hashes[place % GROUP]
  }

  function groupOf(level: number, index: number, computed: Hashes): Group {
    const stored = read(level, index)
    if (typeof stored !== 'string') return { level, index, computed, stored }
    const what = tilePath(level, index, computed.length)
    if (level === 0) missing++
    findings.add(
      stored === 'missing'
        ? finding('tile-missing', { what }, 'the tile is missing')
        : finding('tile-altered', { what }, `it is no plain file of ${computed.length} hashes`),
    )
    return { level, index, computed, stored: undefined }
  }

  // A full tile has its root in the tile above, which so decides.
  function settleFull(group: Group): Hashes {
    const [first = group.computed, second] = candidates(group)
    const above = second === undefined ? undefined : storedAt(group.level + 1, group.index)
    const holds = (hashes: Hashes): boolean => isSame(perfectRoot(hashes), above)
    const accepted = second !== undefined && holds(second) && !holds(first) ? second : first
    report(group, accepted)
    return accepted
  }

  function raise(level: number, hash: Hash | undefined): void {
    const row = rows[level] ?? { hashes: [], index: 0 }
    rows[level] = row
    row.hashes.push(hash)
    if (row.hashes.length < GROUP) return
    const accepted = settleFull(groupOf(level, row.index, row.hashes))
    rows[level] = { hashes: [], index: row.index + 1 }
    raise(level + 1, perfectRoot(accepted))
  }

  // The partial tiles at the right edge have the signed root above them, all together.
  function settleEdge(computed: Hashes): Hashes {
    const groups = [{ hashes: computed, index: Math.floor(settled / GROUP) }, ...rows.slice(1)].flatMap((row, level) =>
      row.hashes.length === 0 ? [] : [groupOf(level, row.index, row.hashes)],
    )
    const choices = combinations(groups.map(candidates))
    const holding = choices.find((choice) => isSame(rootOf(choice), head.root))
    const accepted = holding ?? choices[0] ?? []
    for (const [i, group] of groups.entries()) report(group, accepted[i] ?? group.computed)
    if (holding === undefined && rootOf(accepted) !== undefined) {
      const problem = 'the hashes in the tiles do not lead to the root that was signed'
      findings.add(finding('tile-altered', { what: 'tile' }, problem))
    }
    return accepted[0] ?? []
  }

  function report({ level, index, computed, stored }: Group, accepted: Hashes): void {
    if (stored === undefined) return
    if (accepted !== stored) {
      const what = tilePath(level, index, stored.length)
      findings.add(finding('tile-altered', { what }, 'its hashes are not those of the log'))
    } else if (level > 0) reportBelow(level, index, computed, stored)
  }

  // What is stored above was believed: then the tile below, or what it was computed from, is not that of the log.
  function reportBelow(level: number, index: number, computed: Hashes, believed: Hashes): void {
    for (const [i, hash] of computed.entries()) {
      if (hash === undefined || isSame(hash, believed[i])) continue
      const below = index * GROUP + i
      const place = { what: tilePath(level - 1, below, GROUP), seq: below * GROUP ** level }
      findings.add(finding('tile-altered', place, 'its hashes do not lead to the hash in the tile above'))
    }
  }

  function noteRoots(accepted: Hashes): void {
    const reached = settled + accepted.length
    for (let size = wanted[0]; size !== undefined && size <= reached; size = wanted[0]) {
      roots.set(size, rootOf([accepted.slice(0, size - settled), ...rows.slice(1).map(({ hashes }) => hashes)]))
      wanted.shift()
    }
  }

  return {
    leafAt: (seq) => storedAt(0, seq),
    roots,
    isLost: () => missing > MAX_MISSING,
    settle(evidence) {
      if (evidence.length < GROUP) {
        const accepted = settleEdge(evidence)
        noteRoots(accepted)
        settled += evidence.length
        return accepted
      }
      const accepted = settleFull(groupOf(0, settled / GROUP, evidence))
      noteRoots(accepted)
      raise(1, perfectRoot(accepted))
      settled += GROUP
      if (settled === head.size) settleEdge([])
      return accepted
    },
  }
}

type ReadTile = (level: number, index: number) => readonly Hash[] | 'missing' | 'malformed'

// The last tile read of each level stays at hand.
function createTileReader(size: number, folder: Folder): ReadTile {
  const last = new Map<number, { readonly index: number; readonly hashes: ReturnType<ReadTile> }>()
  return (level, index) => {
    const known = last.get(level)
    if (known?.index === index) return known.hashes
    const hashes = readTile(folder, level, index, tileWidth(level, index, size))
    last.set(level, { index, hashes })
    return hashes
  }
}

function readTile(folder: Folder, level: number, index: number, width: number): ReturnType<ReadTile> {
  if (width === 0) return 'missing'
  const bytes = folder.read(tilePath(level, index, width), width * HASH_BYTES)
  if (typeof bytes === 'string') return bytes === 'missing' ? 'missing' : 'malformed'
  return tileHashes(bytes, width) ?? 'malformed'
}

/** What the log may have had there: what is stored; and, where that differs, what was computed. */
function candidates({ computed, stored }: Group): Hashes[] {
  if (stored === undefined) return [computed]
  const overlaid = stored.map((hash, i) => computed[i] ?? hash)
  return overlaid.every((hash, i) => isSame(hash, stored[i])) ? [stored] : [stored, overlaid]
}

function combinations(choices: readonly (readonly Hashes[])[]): (readonly Hashes[])[] {
  return choices.reduce<Hashes[][]>(
    (before, options) => options.flatMap((option) => before.map((chosen) => [...chosen, option])),
    [[]],
  )
}

function isSame(a: Hash | undefined, b: Hash | undefined): boolean {
  return a !== undefined && b !== undefined && equalBytes(a, b)
}

/** The root over 2^n hashes; `undefined` where one is unknown. */
function perfectRoot(hashes: Hashes): Hash | undefined {
  let row: Hash[] = []
  for (const hash of hashes) {
    if (hash === undefined) return undefined
    row.push(hash)
  }
  while (row.length > 1) row = pairUp(row)
  return row[0]
}

function pairUp(row: readonly Hash[]): Hash[] {
  const above: Hash[] = []
  for (let i = 0; i + 1 < row.length; i += 2) {
    const [left, right] = [row[i], row[i + 1]]
    if (left !== undefined && right !== undefined) above.push(nodeHash(left, right))
  }
  return above
}

/** The root of the tree whose right edge has these hashes, the lowest level first. */
function rootOf(edge: readonly Hashes[]): Hash | undefined {
  const frontier: Hash[] = []
  for (const hashes of edge.toReversed()) {
    const growth = createGrowth(emptyFrontier)
    for (const hash of hashes) {
      if (hash === undefined) return undefined
      growth.append(hash)
    }
    frontier.push(...growth.frontier().nodes)
  }
  return frontier.length === 0 ? undefined : foldRoots(frontier)
}
