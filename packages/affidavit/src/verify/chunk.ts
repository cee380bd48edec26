// Verifying one stretch of a log by itself, so that stretches can be verified side by side and joined (verify/log.ts).
// A stretch begins at a multiple of a power of two that is not shorter than it: then its tree is a subtree of the log's.

import { bytesOfHex, toHex } from '../bytes/hex.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import type { Skimmed } from '../formats/skim-entry.ts'
import { isStub, isStubText } from '../formats/stub.ts'
import { createGrowth, emptyFrontier, type Frontier } from '../merkle/growth.ts'
import type { LeafText } from '../merkle/hash.ts'
import {
  type ConversationPlace,
  createEntryChecker,
  type Edge,
  type Edges,
  type KeyEntry,
  type Lookback,
  type ReadEntry,
  readEntry,
} from './entries.ts'
import { createFindings, type Finding, type FindingList, finding, type Place } from './finding.ts'
import { type FromArchive, type LeftEntries, metIn, readLeft, tallyLeft } from './left.ts'
import type { NumberSet } from './numbers.ts'

/** What a store keeps at a place in a log. */
export interface StoredRow {
  readonly seq: number
  /** The exact bytes; or, which is quicker, the leaf text, where they are valid UTF-8. */
  readonly entry: Uint8Array | LeafText
  /** The tree nodes stored beside it, in lower-case hex. */
  readonly nodes: string
  /** What the store keeps to search by, under the names of members of the entry; absent where it derives that from the bytes. */
  readonly columns?: StoredColumns
  /** Of a stub: what the archive gave for its entry; absent where none was asked. */
  readonly archived?: FromArchive
}

/** Members of an entry that a store may keep beside it. */
export const QUERY_MEMBERS = [
  'id',
  'action',
  'actor_id',
  'conversation_id',
  'conversation_seq',
  'parent_id',
  'resource_type',
  'resource_id',
  'timestamp',
  'recorded_at',
] as const

/** `null`: the entry has no such member. */
export type StoredColumns = { readonly [member in (typeof QUERY_MEMBERS)[number]]?: string | number | null }

/** A row as read, or why it cannot be read. */
export type Row = StoredRow | { readonly seq: number; readonly unreadable: string }

/** A row, and what its bytes say by themselves. */
export interface ReadRow {
  readonly row: Row
  /** Absent where it cannot be read. */
  readonly read?: ReadEntry
}

export function readRow(row: Row): ReadRow {
  if ('unreadable' in row) return { row }
  return { row, read: hasLeft(row.entry) ? readLeft(row) : readEntry(row.entry) }
}

function hasLeft(entry: StoredRow['entry']): boolean {
  return typeof entry === 'string' ? isStubText(entry, 1) : isStub(entry)
}

export interface ChunkTask {
  readonly origin: string
  /** Entries `from` inclusive to `to` exclusive. */
  readonly from: number
  readonly to: number
  /** Sizes of checkpoints whose root is wanted, ascending, above `from` and at most `to`. */
  readonly sizes: readonly number[]
  /** What is known of the log before `from`; `undefined` where the stretch is hashed by itself and joined later. */
  readonly continues: Continued | undefined
}

export interface Continued {
  readonly frontier: Frontier
  readonly last: Edge
}

/** Plain data: it crosses threads. */
export interface ChunkResult {
  readonly from: number
  readonly to: number
  /** Entries whose bytes were read and hashed. */
  readonly checked: number
  /** Entries from here on have no computable place in the tree: one is missing. */
  readonly holedFrom: number | undefined
  readonly frontier: Frontier
  /** Stored nodes of the last entry above the chunk, end to end in hex, for the join to compare. */
  readonly closing: string
  /** Root of the entries `from` to `size`, for each size asked. */
  readonly roots: readonly { readonly size: number; readonly root: Hash }[]
  readonly edges: Edges
  readonly producers: ReadonlyMap<string, NumberSet>
  readonly keyEntries: readonly KeyEntry[]
  readonly uninterpreted: number
  /** Entries that have left. */
  readonly left: LeftEntries
  readonly findings: Pick<FindingList, 'first' | 'counts'>
}

const HASH_DIGITS = 2 * HASH_BYTES

/** Checks what the store keeps beside an entry: the subjects it is listed under, its payloads. */
export type BesideCheck = (row: StoredRow, entry: Skimmed | undefined, read: ReadEntry) => readonly Finding[]

/** Takes the rows of a stretch one after another. */
export interface ChunkVerifier {
  /** What `lookback` is asked about the rows that are pushed next. */
  lookups(page: readonly ReadRow[]): ConversationPlace[]
  push(row: ReadRow): void
  end(): ChunkResult
}

export function createChunkVerifier(task: ChunkTask, lookback: Lookback, checkBeside: BesideCheck): ChunkVerifier {
  const findings = createFindings()
  const checker = createEntryChecker(task.origin, findings, lookback, task.continues?.last)
  const growth = createGrowth(task.continues?.frontier ?? emptyFrontier)
  const apart = task.continues === undefined
  const roots: { size: number; root: Hash }[] = []
  const wanted = [...task.sizes]
  let next = task.from
  let checked = 0
  let holedFrom: number | undefined
  let closing = ''
  const leaving = tallyLeft()

  function push({ row, read }: ReadRow): void {
    if (row.seq !== next) {
      findings.add(missing(next, row.seq))
      holedFrom ??= next
    }
    next = row.seq + 1
    if ('unreadable' in row) {
      findings.add(finding('database-unreadable', { seq: row.seq }, row.unreadable))
      holedFrom ??= row.seq
    } else if (read !== undefined) {
      take(row, read)
    }
  }

  function take(row: StoredRow, read: ReadEntry): void {
    const entry = checker.check(row.seq, read)
    const { problem } = read
    if (problem !== undefined) findings.add(finding(problem.code, placeOf(row.seq, entry), problem.problem))
    const isLeft = 'left' in read.parsed
    const met = isLeft || read.stub !== undefined ? metIn(row, read) : undefined
    if (met !== undefined) leaving.add(met)
    // Behind a hole no entry has its place in the tree any more, but each still has its own hash.
    if (read.hash.length !== HASH_DIGITS) holedFrom ??= row.seq
    const completed = holedFrom === undefined ? growth.append(bytesOfHex(read.hash)) : undefined
    // Every other entry completes its leaf and nothing more.
    const computed = completed === undefined || completed.length === HASH_BYTES ? read.hash : toHex(completed)
    if (computed !== row.nodes) {
      const position = apart && next === task.to ? 'closes the chunk' : 'inside'
      const found = compareNodes(placeOf(row.seq, entry), computed, row.nodes, position)
      if (found !== undefined && (holedFrom === undefined || found.code === 'entry-altered')) findings.add(found)
    }
    for (const found of checkBeside(row, entry, read)) findings.add(found)
    if (!isLeft) checked++
    closing = row.nodes.slice(computed.length)
    if (next === wanted[0]) {
      if (holedFrom === undefined) roots.push({ size: next, root: growth.root() })
      wanted.shift()
    }
  }

  function end(): ChunkResult {
    if (next < task.to) {
      findings.add(missing(next, task.to))
      holedFrom ??= next
    }
    return {
      from: task.from,
      to: task.to,
      checked,
      holedFrom,
      frontier: growth.frontier(),
      closing,
      roots,
      edges: checker.edges(),
      producers: checker.producers,
      keyEntries: checker.keyEntries,
      uninterpreted: checker.uninterpreted(),
      left: leaving.left(),
      findings: { first: findings.first, counts: findings.counts },
    }
  }

  return { lookups: (page) => checker.lookups(page.flatMap(({ read }) => read ?? [])), push, end }
}

export function placeOf(seq: number, entry: Skimmed | undefined): Place {
  return entry === undefined ? { seq } : { seq, id: entry.id }
}

function missing(from: number, to: number): Finding {
  const entries = to - from === 1 ? `the entry at seq ${from} is` : `the entries at seq ${from} to ${to - 1} are`
  return finding('entry-missing', { seq: from }, `${entries} missing`)
}

// What is not the same. The last entry of a chunk can complete nodes above the chunk; those are compared where the chunks are joined.
function compareNodes(
  place: Place,
  computed: string,
  stored: string,
  position: 'closes the chunk' | 'inside',
): Finding | undefined {
  if (computed.slice(0, HASH_DIGITS) !== stored.slice(0, HASH_DIGITS)) {
    return finding('entry-altered', place, 'the bytes of the entry do not have the hash that was stored with them')
  }
  if (position === 'closes the chunk' && stored.startsWith(computed)) return undefined
  return finding('node-altered', place, 'tree nodes stored with the entry are not those of the log')
}
