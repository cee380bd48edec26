// The rows of a stretch as the verifier takes them. What cannot be read is named and passed over: the rest still counts.

import { equalBytes } from '../../bytes/compare.ts'
import { toHex } from '../../bytes/hex.ts'
import { utf8 } from '../../bytes/text.ts'
import { MAX_ENTRY_BYTES } from '../../formats/fields.ts'
import { leafHash } from '../../merkle/hash.ts'
import { type ChunkResult, type ChunkTask, type Row, type RowCheck, verifyChunk } from '../../verify/chunk.ts'
import type { Lookback } from '../../verify/entries.ts'
import { blobColumn, column, integerColumn, type SqliteDatabase, type SqliteStatement } from './database.ts'
import { tryRead } from './unreadable.ts'

/** Rows read at once: enough to amortise the statement, little enough to keep memory flat. */
const PAGE = 512

/** Verifies a stretch of the database in this thread. */
export function verifyRows(db: SqliteDatabase, ledgerNo: number, chunk: ChunkTask): ChunkResult {
  return verifyChunk(chunk, readRows(db, ledgerNo, chunk), lookbackIn(db, ledgerNo), subjectCheck(db, ledgerNo, chunk))
}

// As text where it can be: that spares two buffers for each entry. More bytes than an entry may have stay bytes.
const AS_TEXT = `SELECT seq, lower(hex(nodes)) AS nodes, octet_length(entry) AS bytes,
    typeof(entry) = 'blob' AND typeof(nodes) = 'blob' AS blobs,
    CASE WHEN octet_length(entry) <= ${MAX_ENTRY_BYTES} THEN CAST(entry AS TEXT) END AS text
  FROM entries WHERE ledger_no = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?`
const AS_BYTES = 'SELECT seq, entry, nodes FROM entries WHERE ledger_no = ? AND seq = ?'

function* readRows(db: SqliteDatabase, ledgerNo: number, { from, to }: ChunkTask): Generator<Row> {
  const page = statement(db, AS_TEXT)
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
        const row = plainRow(stored) ?? rowAsBytes(() => one().get(ledgerNo, Number(column(stored, 'seq'))), next)
        yield row
        next = row.seq + 1
      }
      if (read.value.length < limit) return
    }
  }
}

/** The row where its entry is ASCII, every byte of it: as many characters as bytes, and none that stands for a bad byte. */
function plainRow(row: unknown): Row | undefined {
  const [seq, text, nodes] = [column(row, 'seq'), column(row, 'text'), column(row, 'nodes')]
  if (typeof seq !== 'number' || typeof text !== 'string' || typeof nodes !== 'string') return undefined
  if (column(row, 'blobs') !== 1 || column(row, 'bytes') !== text.length || text.includes('\ufffd')) return undefined
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
function statement(db: SqliteDatabase, sql: string): () => SqliteStatement {
  let prepared: SqliteStatement | undefined
  return () => {
    prepared ??= db.prepare(sql)
    return prepared
  }
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
  return { seq: integerColumn(row, 'seq'), subject: blobColumn(row, 'subject') }
}
