// What is listed beside the entries of a stretch, as a verifier reads it: in the order of seq, along with the pages of entries.

import { type Listed, MAX_LISTED } from '../../verify/stored/stored-log.ts'
import { ColumnFault, columnsOf, type SqliteDatabase } from './database.ts'
import { PAGE, statement } from './rows.ts'
import { tryRead } from './unreadable.ts'

/** A table of (ledger_no, seq, name) whose names follow from the entry at seq. */
export type ListTable =
  | { readonly table: 'entry_subjects'; readonly column: 'subject_id' }
  | { readonly table: 'payload_uses'; readonly column: 'blob_id' }

/** Takes the rows of a stretch up to one entry after another. */
export type ListedUntil = (seq: number) => Listed[]

export function listedIn(
  db: SqliteDatabase,
  ledgerNo: number,
  stretch: { readonly from: number; readonly to: number },
  list: ListTable,
): ListedUntil {
  const rows = listedRows(db, ledgerNo, stretch, list)
  let pending = rows.next()
  return (seq) => {
    const taken: Listed[] = []
    let first = 0
    for (; pending.done !== true && pending.value.seq <= seq; pending = rows.next()) {
      if (taken[first]?.seq !== pending.value.seq) first = taken.length
      if (taken.length - first < MAX_LISTED) taken.push(pending.value)
    }
    return taken
  }
}

function* listedRows(
  db: SqliteDatabase,
  ledgerNo: number,
  { from, to }: { readonly from: number; readonly to: number },
  { table, column }: ListTable,
): Generator<Listed> {
  const page = statement(
    db,
    `SELECT seq, CAST(${column} AS BLOB) AS name, typeof(${column}) AS type FROM ${table}
     WHERE ledger_no = ?1 AND seq >= ?2 AND seq < ?4 AND (seq > ?2 OR ?3 IS NULL OR ${column} > CAST(?3 AS TEXT))
     ORDER BY seq, ${column} LIMIT ${PAGE}`,
    'arrays',
  )
  let after: { seq: number; name: Uint8Array | null } = { seq: from, name: null }
  for (;;) {
    const read = tryRead(() => page().all(ledgerNo, after.seq, after.name, to).map(listedRow))
    // What cannot be read is missing from the list of its entry; structure.ts says what is wrong with the table.
    const rows = 'value' in read ? read.value : []
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last
  }
}

function listedRow(row: unknown): Listed {
  const [seq, name, type] = columnsOf(row)
  // Another type sorts elsewhere than its bytes do: paging would never end.
  if (typeof seq !== 'number' || type !== 'text' || !(name instanceof Uint8Array))
    throw new ColumnFault('a name is no text')
  return { seq, name }
}
