// What stands beside the entries, row by row in the order of seq: it is walked along with them, so that each entry's rows are
// there, and nothing else is.

import { equalBytes } from '../../bytes/compare.ts'
import { utf8 } from '../../bytes/text.ts'
import { type BesideCheck, type ChunkTask, placeOf } from '../../verify/chunk.ts'
import { type Finding, finding } from '../../verify/finding.ts'
import { ColumnFault, columnsOf, type SqliteDatabase } from './database.ts'
import { PAGE, statement } from './rows.ts'
import { tryRead } from './unreadable.ts'

/** Nearly always there is nothing to say, and nothing is made to say it. */
export const NOTHING: readonly Finding[] = []

/** A table of (ledger_no, seq, name) whose names follow from the entry at seq. */
export interface BesideTable {
  readonly table: 'entry_subjects' | 'payload_uses'
  readonly column: 'subject_id' | 'blob_id'
}

/** Each entry's subjects stand in entry_subjects, and nothing else does. */
export function subjectCheck(db: SqliteDatabase, ledgerNo: number, chunk: ChunkTask): BesideCheck {
  const differs = besideCheck(db, ledgerNo, chunk, { table: 'entry_subjects', column: 'subject_id' })
  return (seq, entry) => {
    const problem = differs(seq, entry?.subject_ids ?? NONE)
    return problem === undefined ? NOTHING : [finding('subjects-altered', placeOf(seq, entry), problem)]
  }
}

const NONE: readonly string[] = []

/** What differs between the names that an entry has and those that are listed for it. */
export function besideCheck(
  db: SqliteDatabase,
  ledgerNo: number,
  { from, to }: ChunkTask,
  beside: BesideTable,
): (seq: number, names: readonly string[]) => string | undefined {
  const rows = besideRows(db, ledgerNo, from, to, beside)
  let pending = rows.next()
  return (seq, names) => {
    if (names.length === 0 && (pending.done === true || pending.value.seq > seq)) return undefined
    const listed: Uint8Array[] = []
    let stray: number | undefined
    while (pending.done !== true && pending.value.seq <= seq) {
      if (pending.value.seq === seq) listed.push(pending.value.name)
      else stray ??= pending.value.seq
      pending = rows.next()
    }
    if (stray !== undefined) return `${beside.table} lists rows for seq ${stray}, which has none`
    const expected = names.map(utf8).sort(Buffer.compare)
    const same = expected.length === listed.length && expected.every((name, i) => equalsAt(listed, i, name))
    return same ? undefined : `${beside.table} does not list what the entry names`
  }
}

function equalsAt(listed: readonly Uint8Array[], i: number, name: Uint8Array): boolean {
  const other = listed[i]
  return other !== undefined && equalBytes(other, name)
}

interface BesideRow {
  readonly seq: number
  /** As bytes: text that is no UTF-8 would read as another text. */
  readonly name: Uint8Array
}

function* besideRows(
  db: SqliteDatabase,
  ledgerNo: number,
  from: number,
  to: number,
  { table, column }: BesideTable,
): Generator<BesideRow> {
  const page = statement(
    db,
    `SELECT seq, CAST(${column} AS BLOB) AS name, typeof(${column}) AS type FROM ${table}
     WHERE ledger_no = ?1 AND seq >= ?2 AND seq < ?4 AND (seq > ?2 OR ?3 IS NULL OR ${column} > CAST(?3 AS TEXT))
     ORDER BY seq, ${column} LIMIT ${PAGE}`,
    'arrays',
  )
  let after: { seq: number; name: Uint8Array | null } = { seq: from, name: null }
  for (;;) {
    const read = tryRead(() => page().all(ledgerNo, after.seq, after.name, to).map(besideRow))
    // What cannot be read is missing from the list of its entry; structure.ts says what is wrong with the table.
    const rows = 'value' in read ? read.value : []
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last
  }
}

function besideRow(row: unknown): BesideRow {
  const [seq, name, type] = columnsOf(row)
  // Another type sorts elsewhere than its bytes do: paging would never end.
  if (typeof seq !== 'number' || type !== 'text' || !(name instanceof Uint8Array))
    throw new ColumnFault('a name is no text')
  return { seq, name }
}
