// What of a ledger is there to be verified: which ledger, how many entries, which checkpoints.

import { LedgerError } from '../../errors/ledger-error.ts'
import type { Anchor } from '../../verify/anchors.ts'
import type { KeptCheckpoint } from '../../verify/checkpoints.ts'
import { type Finding, finding } from '../../verify/finding.ts'
import type { Trust } from '../../verify/trust.ts'
import { column, integerColumn, type SqliteDatabase, textColumn } from './database.ts'

export interface Wanted {
  readonly trust: Trust
  readonly anchors: readonly Anchor[]
  /** The ledger to verify; that of a pinned key, else the newest one, where left out. */
  readonly origin?: string
}

/** Which ledger of the database is meant. */
export interface Chosen {
  readonly origin: string
  /** `undefined` where the database has no such ledger: everything of it is gone. */
  readonly ledgerNo: number | undefined
  /** The other ledgers of the database, for what is not checked. */
  readonly others: readonly string[]
}

export interface Extent {
  /** Entries, as far as their numbers reach. */
  readonly size: number
  readonly findings: readonly Finding[]
}

export interface LedgerRow {
  readonly ledgerNo: number
  readonly origin: string
  readonly begun: boolean
}

/** Fewer missing entries than this are looked for one by one; more mean that a seq was made up. */
const MAX_HOLE = 10_000_000
const MAX = Number.MAX_SAFE_INTEGER

/**
 * The ledger that is wanted.
 * @throws LedgerError `not-found` where it was asked for by name, and neither the database nor an anchor knows it
 */
export function chooseLedger(db: SqliteDatabase, path: string, wanted: Wanted): Chosen {
  const ledgers = readLedgers(db)
  const anchored = originsIn(wanted.anchors)
  const origin = wanted.origin ?? chooseOrigin(ledgers, anchored, wanted.trust)
  const there = ledgers.map((row) => row.origin)
  if (wanted.origin !== undefined && ![...there, ...anchored].includes(wanted.origin))
    throw noSuchLedger(path, wanted.origin, there)
  return {
    origin,
    ledgerNo: ledgers.find((row) => row.origin === origin)?.ledgerNo,
    others: there.filter((other) => other !== origin),
  }
}

function noSuchLedger(path: string, wanted: string, there: readonly string[]): LedgerError {
  const cure = there.length === 0 ? 'it holds none' : `it holds ${there.join(', ')}`
  return new LedgerError('not-found', { problem: `${path} has no ledger ${wanted}`, cure })
}

// In a database with several ledgers, a row that somebody added must not draw the eye away from the one that is meant.
function chooseOrigin(ledgers: readonly LedgerRow[], anchored: readonly string[], trust: Trust): string {
  const pinned = trust.kind === 'pinned' ? trust.keys.map(({ name }) => name) : []
  const begun = ledgers.filter((row) => row.begun).map(({ origin }) => origin)
  const there = ledgers.map(({ origin }) => origin)
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

/** Every ledger that a database lists. */
export function readLedgers(db: SqliteDatabase): LedgerRow[] {
  return db
    .prepare(
      `SELECT ledger_no, origin,
         EXISTS (SELECT 1 FROM entries e WHERE e.ledger_no = l.ledger_no) AS begun
       FROM ledgers l WHERE ledger_no BETWEEN 1 AND ${MAX} ORDER BY ledger_no`,
    )
    .all()
    .map((row) => ({
      ledgerNo: integerColumn(row, 'ledger_no'),
      origin: textColumn(row, 'origin'),
      begun: integerColumn(row, 'begun') === 1,
    }))
}

/** How far the numbers of the entries reach. Counting reads every page, so it waits until a number looks made up. */
export function countEntries(db: SqliteDatabase, ledgerNo: number | undefined): Extent {
  if (ledgerNo === undefined) return { size: 0, findings: [] }
  const size = integerOf(
    db,
    `SELECT coalesce(CAST(max(seq) AS INTEGER), -1) + 1 AS n FROM entries ${OF_LEDGER}`,
    ledgerNo,
  )
  if (size <= MAX_HOLE) return { size, findings: [] }
  const count = integerOf(db, `SELECT count(*) AS n FROM entries ${OF_LEDGER}`, ledgerNo)
  if (size - count <= MAX_HOLE) return { size, findings: [] }
  const place = { seq: size - 1 }
  return {
    size: count,
    findings: [finding('entry-surplus', place, `an entry stands at seq ${size - 1} in a ledger of ${count}`)],
  }
}

const OF_LEDGER = `WHERE ledger_no = ? AND seq BETWEEN 0 AND ${MAX}`

function integerOf(db: SqliteDatabase, sql: string, ledgerNo: number): number {
  return integerColumn(db.prepare(sql).get(ledgerNo), 'n')
}

/** Every checkpoint of a ledger of size `from` or more, with its cosignature lines. */
export function readKeptCheckpoints(
  db: SqliteDatabase,
  ledgerNo: number | undefined,
  from: number = 0,
): KeptCheckpoint[] {
  if (ledgerNo === undefined) return []
  const rows = db
    .prepare(
      `SELECT size, line FROM cosignatures WHERE ledger_no = ? AND size BETWEEN ? AND ${MAX} ORDER BY size, line_no`,
    )
    .all(ledgerNo, from)
  const lines = Map.groupBy(rows, (row) => column(row, 'size'))
  return db
    .prepare(`SELECT size, note FROM checkpoints WHERE ledger_no = ? AND size BETWEEN ? AND ${MAX} ORDER BY size`)
    .all(ledgerNo, from)
    .map((row) => keptOf(row, lines.get(integerColumn(row, 'size')) ?? []))
}

/** Checkpoints that a part of a ledger is judged by, and their newest cosignatures: opening all would take long. */
const FEW_CHECKPOINTS = 20
const FEW_LINES = 50

/** The newest checkpoints of a ledger. */
export function readNewestCheckpoints(db: SqliteDatabase, ledgerNo: number): KeptCheckpoint[] {
  return readFew(db, ledgerNo, 'size >= ? ORDER BY size DESC', 0)
}

/** The checkpoints behind each announcement of a key, below `below`: the one that both keys signed is among them. */
export function readKeyCheckpoints(
  db: SqliteDatabase,
  ledgerNo: number,
  announcedAt: readonly number[],
  below: number = MAX,
): KeptCheckpoint[] {
  return announcedAt
    .flatMap((seq) => readFew(db, ledgerNo, 'size > ? ORDER BY size', seq))
    .filter(({ size }) => size < below)
}

function readFew(db: SqliteDatabase, ledgerNo: number, condition: string, value: number): KeptCheckpoint[] {
  const lines = db.prepare(
    `SELECT line FROM (SELECT line, line_no FROM cosignatures WHERE ledger_no = ? AND size = ?
     ORDER BY line_no DESC LIMIT ${FEW_LINES}) ORDER BY line_no`,
  )
  return db
    .prepare(
      `SELECT size, note FROM checkpoints WHERE ledger_no = ? AND size BETWEEN 0 AND ${MAX} AND ${condition}
       LIMIT ${FEW_CHECKPOINTS}`,
    )
    .all(ledgerNo, value)
    .map((row) => keptOf(row, lines.all(ledgerNo, integerColumn(row, 'size'))))
}

function keptOf(row: unknown, lines: readonly unknown[]): KeptCheckpoint {
  return {
    size: integerColumn(row, 'size'),
    note: textOf(column(row, 'note')),
    cosignatures: lines.map((line) => textOf(column(line, 'line'))),
  }
}

// What is no UTF-8, or no bytes at all, was changed; the verifier says so of the text that it reads as.
function textOf(bytes: unknown): string {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : ''
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
