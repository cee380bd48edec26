// The rows of a stretch as the verifier takes them. What cannot be read is named and passed over: the rest still counts.

import { equalBytes } from '../../bytes/compare.ts'
import { toHex } from '../../bytes/hex.ts'
import { utf8 } from '../../bytes/text.ts'
import { leafHash } from '../../merkle/hash.ts'
import { type ChunkResult, type ChunkTask, type RowCheck, verifyChunk } from '../../verify/chunk.ts'
import type { Lookback } from '../../verify/entries.ts'
import { ColumnFault, column, columnsOf, type SqliteDatabase } from './database.ts'
import { PAGE, readRows, statement } from './rows.ts'
import { tryRead } from './unreadable.ts'

/** Verifies a stretch of the database in this thread. */
export function verifyRows(db: SqliteDatabase, ledgerNo: number, chunk: ChunkTask): ChunkResult {
  return verifyChunk(chunk, readRows(db, ledgerNo, chunk), lookbackIn(db, ledgerNo), subjectCheck(db, ledgerNo, chunk))
}

// An index that cannot be read gives no entry, which is a finding; structure.ts says what is wrong with the index.
function lookbackIn(db: SqliteDatabase, ledgerNo: number): Lookback {
  const find = statement(
    db,
    'SELECT entry FROM entries WHERE ledger_no = ? AND conversation_id = ? AND conversation_seq = ?',
  )
  return (conversation_id, conversation_seq) => {
    const read = tryRead(() => find().get(ledgerNo, conversation_id, conversation_seq))
    const entry = 'value' in read ? column(read.value, 'entry') : undefined
    return entry instanceof Uint8Array ? toHex(leafHash(entry)) : undefined
  }
}

/** Walks the subject rows along with the entries: each entry's subjects stand there, and nothing else does. */
function subjectCheck(db: SqliteDatabase, ledgerNo: number, { from, to }: ChunkTask): RowCheck {
  const rows = subjectRows(db, ledgerNo, from, to)
  let pending = rows.next()
  return (seq, subject_ids) => {
    if (subject_ids.length === 0 && (pending.done === true || pending.value.seq > seq)) return undefined
    const listed: Uint8Array[] = []
    let stray: number | undefined
    while (pending.done !== true && pending.value.seq <= seq) {
      if (pending.value.seq === seq) listed.push(pending.value.subject)
      else stray ??= pending.value.seq
      pending = rows.next()
    }
    if (stray !== undefined) return `entry_subjects lists subjects for seq ${stray}, which has none`
    const expected = subject_ids.map(utf8).sort(Buffer.compare)
    const same = expected.length === listed.length && expected.every((subject, i) => equalsAt(listed, i, subject))
    return same ? undefined : 'entry_subjects does not list the subjects of the entry'
  }
}

function equalsAt(listed: readonly Uint8Array[], i: number, subject: Uint8Array): boolean {
  const other = listed[i]
  return other !== undefined && equalBytes(other, subject)
}

interface SubjectRow {
  readonly seq: number
  /** As bytes: text that is no UTF-8 would read as another text. */
  readonly subject: Uint8Array
}

function* subjectRows(db: SqliteDatabase, ledgerNo: number, from: number, to: number): Generator<SubjectRow> {
  const page = statement(
    db,
    `SELECT seq, CAST(subject_id AS BLOB) AS subject FROM entry_subjects
     WHERE ledger_no = ?1 AND seq >= ?2 AND seq < ?4 AND (seq > ?2 OR ?3 IS NULL OR subject_id > CAST(?3 AS TEXT))
     ORDER BY seq, subject_id LIMIT ${PAGE}`,
    'arrays',
  )
  let after: { seq: number; subject: Uint8Array | null } = { seq: from, subject: null }
  for (;;) {
    const read = tryRead(() => page().all(ledgerNo, after.seq, after.subject, to).map(subjectRow))
    // What cannot be read is missing from the list of its entry; structure.ts says what is wrong with the table.
    const rows = 'value' in read ? read.value : []
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last
  }
}

function subjectRow(row: unknown): SubjectRow {
  const [seq, subject] = columnsOf(row)
  if (typeof seq !== 'number' || !(subject instanceof Uint8Array)) throw new ColumnFault('a subject is no text')
  return { seq, subject }
}
