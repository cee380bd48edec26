// What of a store is to be verified: which ledger, how many entries, which checkpoints.

import type { Anchor } from '../anchors.ts'
import type { KeptCheckpoint } from '../checkpoints.ts'
import { type Finding, finding } from '../finding.ts'
import type { NamedKeys, Trust } from '../trust.ts'
import { NO_LOG } from './no-log.ts'
import type { LedgerNo, ListedLedger, StoredLedgers, StoredLog } from './stored-log.ts'

export interface Wanted {
  readonly trust: Trust
  readonly anchors: readonly Anchor[]
  /** The ledger to verify; that of a pinned key, else the newest one, where left out. */
  readonly origin?: string
}

/** Which ledger of the store is meant. */
export interface Chosen {
  readonly origin: string
  /** `undefined` where the store has no such ledger: everything of it is gone. */
  readonly no: LedgerNo | undefined
  readonly log: StoredLog
  /** The other ledgers of the store. */
  readonly others: readonly ListedLedger[]
  /** Every ledger that the store lists. */
  readonly listed: readonly ListedLedger[]
}

/** Neither the store nor an anchor knows the ledger that was asked for by name. */
export interface UnknownLedger {
  readonly unknown: string
  /** What the store has instead, in words. */
  readonly cure: string
}

export interface Extent {
  /** Entries, as far as their numbers reach. */
  readonly size: number
  readonly findings: readonly Finding[]
}

/** Fewer missing entries than this are looked for one by one; more mean that a seq was made up. */
const MAX_HOLE = 10_000_000

/** The ledger that is wanted. */
export async function chooseLedger(ledgers: StoredLedgers, wanted: Wanted): Promise<Chosen | UnknownLedger> {
  const listed = await ledgers.list()
  const anchored = originsIn(wanted.anchors)
  const origin = wanted.origin ?? chooseOrigin(listed, anchored, wanted.trust)
  const there = listed.map((ledger) => ledger.origin)
  if (wanted.origin !== undefined && ![...there, ...anchored].includes(origin)) {
    return { unknown: origin, cure: there.length === 0 ? 'it holds none' : `it holds ${there.join(', ')}` }
  }
  const no = listed.find((ledger) => ledger.origin === origin)?.no
  return {
    origin,
    no,
    log: no === undefined ? NO_LOG : ledgers.log(no),
    others: listed.filter((other) => other.origin !== origin),
    listed,
  }
}

// In a store with several ledgers, a row that somebody added must not draw the eye away from the one that is meant.
function chooseOrigin(listed: readonly ListedLedger[], anchored: readonly string[], trust: Trust): string {
  const pinned = trust.kind === 'pinned' ? trust.keys.map(({ name }) => name) : []
  const begun = listed.filter((ledger) => ledger.begun).map(({ origin }) => origin)
  const there = listed.map(({ origin }) => origin)
  return (
    begun.findLast((origin) => pinned.includes(origin)) ??
    [...there, ...anchored].findLast((origin) => pinned.includes(origin)) ??
    begun.at(-1) ??
    there.at(-1) ??
    anchored.at(-1) ??
    ''
  )
}

/** Origins that anchors speak of, read loosely: whether a note holds is judged later. */
function originsIn(anchors: readonly Anchor[]): string[] {
  return anchors.flatMap(({ notes }) => notes.map((note) => note.slice(0, note.indexOf('\n'))))
}

/** What is not checked of a ledger beside the one that is verified. */
export function otherLedger({ origin }: Pick<ListedLedger, 'origin'>): string {
  return `${origin}: another ledger in this database; verify it with --origin`
}

/** How far the numbers of the entries reach. Counting reads every page, so it waits until a number looks made up. */
export async function measure(log: StoredLog): Promise<Extent> {
  const size = await log.reach()
  if (size <= MAX_HOLE) return { size, findings: [] }
  const count = await log.count()
  if (size - count <= MAX_HOLE) return { size, findings: [] }
  const problem = `an entry stands at seq ${size - 1} in a ledger of ${count}`
  return { size: count, findings: [finding('entry-surplus', { seq: size - 1 }, problem)] }
}

/** Checkpoints that a part of a ledger is judged by, and their newest cosignatures: opening all would take long. */
const FEW = { checkpoints: 20, cosignatures: 50 }

/** The checkpoints behind each announcement of a key: the one that both keys signed is among them. */
export async function keyCheckpoints(log: StoredLog, { rotations }: NamedKeys): Promise<readonly KeptCheckpoint[]> {
  const found: KeptCheckpoint[] = []
  for (const { seq } of rotations) found.push(...(await log.checkpointsAbove(seq, FEW)))
  return found
}

export function newestCheckpoints(log: StoredLog): Promise<readonly KeptCheckpoint[]> {
  return log.newestCheckpoints(FEW)
}

/** The same checkpoint once. */
export function distinct(checkpoints: readonly KeptCheckpoint[]): KeptCheckpoint[] {
  return [...new Map(checkpoints.map((kept) => [kept.size, kept])).values()]
}

/** Sizes that anchors speak of, read loosely: whether a note holds is judged later. */
export function anchoredSizes(anchors: readonly Anchor[]): number[] {
  return anchors.flatMap(({ notes }) =>
    notes.map((note) => Number(note.split('\n', 2)[1])).filter(Number.isSafeInteger),
  )
}
