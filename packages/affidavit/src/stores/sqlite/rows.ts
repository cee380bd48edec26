// Rows of the entries table as a verifier and a publisher take them, in order.

import { toHex } from '../../bytes/hex.ts'
import { MAX_ENTRY_BYTES } from '../../formats/fields.ts'
import type { Row } from '../../verify/chunk.ts'
import { column, columnsOf, type SqliteDatabase, type SqliteStatement } from './database.ts'
import { tryRead } from './unreadable.ts'

/** Rows read at once: enough to amortise the statement, little enough to keep memory flat. */
export const PAGE = 512

// As leaf text where it can be: that spares two buffers for each entry. More bytes than an entry may have stay bytes. Rows are
// arrays, because an object with names costs as much as its values.
const AS_TEXT = `SELECT seq, lower(hex(nodes)) AS nodes, octet_length(entry) AS bytes,
    CASE WHEN typeof(entry) = 'blob' AND typeof(nodes) = 'blob' AND octet_length(entry) <= ${MAX_ENTRY_BYTES}
      THEN CAST(x'00' || entry AS TEXT) END AS text
  FROM entries WHERE ledger_no = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?`
const AS_BYTES = 'SELECT seq, entry, nodes FROM entries WHERE ledger_no = ? AND seq = ?'

/** The rows of a stretch. What cannot be read is named and passed over. */
export function* readRows(
  db: SqliteDatabase,
  ledgerNo: number,
  { from, to }: { readonly from: number; readonly to: number },
): Generator<Row> {
  const page = statement(db, AS_TEXT, 'arrays')
  const one = statement(db, AS_BYTES)
  let next = from
  // Behind a page that cannot be read, its rows are tried one by one up to here.
  let oneByOneUntil = from
  while (next < to) {
    const limit = next < oneByOneUntil ? 1 : PAGE
    const read = tryRead(() => page().all(ledgerNo, next, to, limit))
    if ('problem' in read && limit > 1) {
      oneByOneUntil = next + PAGE
    } else if ('problem' in read) {
      yield { seq: next, unreadable: read.problem }
      next++
    } else {
      for (const stored of read.value) {
        const columns = columnsOf(stored)
        const row = plainRow(columns) ?? rowAsBytes(() => one().get(ledgerNo, Number(columns[0])), next)
        yield row
        next = row.seq + 1
      }
      if (read.value.length < limit) return
    }
  }
}

/** The row where its entry is ASCII, every byte of it: as many characters as bytes, and none that stands for a bad byte. */
function plainRow([seq, nodes, bytes, text]: readonly unknown[]): Row | undefined {
  if (typeof seq !== 'number' || typeof text !== 'string' || typeof nodes !== 'string') return undefined
  if (bytes !== text.length - 1 || text.includes('\ufffd')) return undefined
  return Number.isSafeInteger(seq) ? { seq, entry: text, nodes } : undefined
}

// STRICT keeps other types out; whoever edits the file's pages does not.
function rowAsBytes(get: () => unknown, next: number): Row {
  const read = tryRead(get)
  if ('problem' in read) return { seq: next, unreadable: read.problem }
  const [seq, entry, nodes] = ['seq', 'entry', 'nodes'].map((name) => column(read.value, name))
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq)) return { seq: next, unreadable: 'its seq is no integer' }
  if (entry instanceof Uint8Array && nodes instanceof Uint8Array) return { seq, entry, nodes: toHex(nodes) }
  return { seq, unreadable: 'its entry or its nodes are no bytes' }
}

// Prepared at its first use: with an altered schema that fails like a read.
export function statement(
  db: SqliteDatabase,
  sql: string,
  rows: 'objects' | 'arrays' = 'objects',
): () => SqliteStatement {
  let prepared: SqliteStatement | undefined
  return () => {
    if (prepared === undefined) {
      prepared = db.prepare(sql)
      if (rows === 'arrays') prepared.setReturnArrays?.(true)
    }
    return prepared
  }
}
