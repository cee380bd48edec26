// Joining verified stretches of a log into one: the links between them, the tree above them, the producers across them.

import { toHex } from '../bytes/hex.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import { createGrowth, emptyFrontier, type Frontier, rootOfFrontier } from '../merkle/growth.ts'
import { foldRoots } from '../merkle/hash.ts'
import type { ChunkResult, ChunkTask, Continued } from './chunk.ts'
import { BEGINNING, checkFollows, type Edge, type KeyEntry } from './entries.ts'
import { createFindings, type FindingList, finding } from './finding.ts'
import { joinLeft, type LeftEntries } from './left.ts'
import { addInterval, type NumberSet } from './numbers.ts'

/** Entries of a chunk: a power of two, so that each chunk is a subtree; large enough that joining costs nothing. */
const CHUNK_ENTRIES = 16_384

const NOTHING: Continued = { frontier: emptyFrontier, last: BEGINNING }

export interface JoinedLog {
  readonly size: number
  readonly checked: number
  /** Root of the tree of each size asked for that could be computed, and of the whole log. */
  readonly roots: ReadonlyMap<number, Hash>
  /** Entries from here on have no computable place: something before is missing. */
  readonly holedFrom: number | undefined
  readonly producers: ReadonlyMap<string, NumberSet>
  readonly keyEntries: readonly KeyEntry[]
  readonly uninterpreted: number
  /** Entries that have left. */
  readonly left: LeftEntries
  readonly findings: FindingList
}

/**
 * The stretches of a log of `size`, with the checkpoint sizes that fall into each.
 * @param width entries of a stretch, a power of two
 */
export function planChunks(
  origin: string,
  size: number,
  checkpointSizes: Iterable<number>,
  width: number = CHUNK_ENTRIES,
): ChunkTask[] {
  const sizes = [...new Set(checkpointSizes)].filter((wanted) => wanted > 0 && wanted <= size).sort((a, b) => a - b)
  const tasks: ChunkTask[] = []
  for (let from = 0; from < size; from += width) {
    const to = Math.min(from + width, size)
    const within = sizes.filter((wanted) => wanted > from && wanted <= to)
    tasks.push({ origin, from, to, sizes: within, continues: from === 0 ? NOTHING : undefined })
  }
  return tasks
}

/** Joins the results of all chunks of planChunks, given in any order; or of one that continues a known tree. */
export function joinChunks(results: readonly ChunkResult[]): JoinedLog {
  const ordered = [...results].sort((a, b) => a.from - b.from)
  const findings = createFindings()
  const roots = new Map<number, Hash>()
  const producers = new Map<string, NumberSet>()
  const above = createGrowth(emptyFrontier)
  let holedFrom: number | undefined
  let last: Edge | undefined
  const width = widthOf(ordered)

  for (const chunk of ordered) {
    findings.addAll(chunk.findings)
    if (last !== undefined && chunk.edges.first !== undefined) checkFollows(chunk.edges.first, last, findings)
    if (holedFrom === undefined) {
      addRoots(roots, above.frontier(), chunk)
      if (chunk.holedFrom === undefined) raise(above.append(rootOfFrontier(chunk.frontier)), chunk, width, findings)
      holedFrom = chunk.holedFrom
    }
    addProducers(producers, chunk)
    last = chunk.edges.last ?? last
  }
  return {
    size: ordered.at(-1)?.to ?? 0,
    checked: sum(ordered.map(({ checked }) => checked)),
    roots,
    holedFrom,
    producers,
    keyEntries: ordered.flatMap(({ keyEntries }) => keyEntries),
    uninterpreted: sum(ordered.map(({ uninterpreted }) => uninterpreted)),
    left: joinLeft(ordered.map(({ left }) => left)),
    findings,
  }
}

// All chunks but the last are equally long.
function widthOf([first]: readonly ChunkResult[]): number {
  return first === undefined ? CHUNK_ENTRIES : first.to - first.from
}

// All subtrees of the frontier above are at least as high as a chunk, so the chunk's part is always the last to be folded.
function addRoots(roots: Map<number, Hash>, above: Frontier, chunk: ChunkResult): void {
  for (const { size, root } of chunk.roots) roots.set(size, foldRoots([...above.nodes, root]))
  if (chunk.holedFrom === undefined) roots.set(chunk.to, foldRoots([...above.nodes, rootOfFrontier(chunk.frontier)]))
}

// The last entry of a full chunk completes the nodes above it, which are stored with it.
function raise(completed: Uint8Array, chunk: ChunkResult, width: number, findings: FindingList): void {
  const expected = chunk.to - chunk.from === width ? toHex(completed.subarray(HASH_BYTES)) : ''
  if (expected === chunk.closing) return
  const id = chunk.edges.last?.id
  const place = { seq: chunk.to - 1, ...(id === undefined ? {} : { id }) }
  findings.add(finding('node-altered', place, 'tree nodes stored with the entry are not those of the log'))
}

function addProducers(producers: Map<string, NumberSet>, chunk: ChunkResult): void {
  for (const [producer, numbers] of chunk.producers) {
    const known = producers.get(producer) ?? []
    for (const [from, to] of numbers) addInterval(known, from, to)
    producers.set(producer, known)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
