// The checkpoints of a ledger as a verifier reads them.

import type { KeptCheckpoint } from '../../verify/checkpoints.ts'
import type { Few } from '../../verify/stored/stored-log.ts'
import { column, integerColumn, type SqliteDatabase } from './database.ts'

const MAX = Number.MAX_SAFE_INTEGER

/** Every checkpoint of size `from` or more, with its cosignature lines. */
export function readKeptCheckpoints(db: SqliteDatabase, ledgerNo: number, from: number): KeptCheckpoint[] {
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

/** The largest ones of at least `from`, or the smallest ones: the largest, or the smallest, first. */
export function readFewCheckpoints(
  db: SqliteDatabase,
  ledgerNo: number,
  { from, order }: { readonly from: number; readonly order: 'ascending' | 'descending' },
  few: Few,
): KeptCheckpoint[] {
  const lines = db.prepare(
    `SELECT line FROM (SELECT line, line_no FROM cosignatures WHERE ledger_no = ? AND size = ?
     ORDER BY line_no DESC LIMIT ?) ORDER BY line_no`,
  )
  return db
    .prepare(
      `SELECT size, note FROM checkpoints WHERE ledger_no = ? AND size BETWEEN ? AND ${MAX}
       ORDER BY size ${order === 'ascending' ? 'ASC' : 'DESC'} LIMIT ?`,
    )
    .all(ledgerNo, from, few.checkpoints)
    .map((row) => keptOf(row, lines.all(ledgerNo, integerColumn(row, 'size'), few.cosignatures)))
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
