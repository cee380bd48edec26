// A worker thread that verifies: one read-only connection, one task after another (stores/sqlite/verify.ts hands them out).

import { parentPort, workerData } from 'node:worker_threads'

import { toHex } from '../../bytes/hex.ts'
import { leafHash } from '../../merkle/hash.ts'
import { type ChunkResult, type ChunkTask, type Row, type RowCheck, verifyChunk } from '../../verify/chunk.ts'
import type { Lookback } from '../../verify/entries.ts'
import type { Finding } from '../../verify/finding.ts'
import { connectSqliteForReading } from './connect.ts'
import { blobColumn, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { checkStructure } from './structure.ts'

export type VerifyTask =
  | { readonly kind: 'chunk'; readonly ledgerNo: number; readonly chunk: ChunkTask }
  | { readonly kind: 'structure' }

export type VerifyAnswer =
  | { readonly kind: 'chunk'; readonly result: ChunkResult }
  | { readonly kind: 'structure'; readonly findings: readonly Finding[] }
  | { readonly kind: 'failed'; readonly message: string }

/** Rows read at once: enough to amortise the statement, little enough to keep memory flat. */
const PAGE = 512

if (parentPort !== null) serve(parentPort, workerData)

function serve(port: NonNullable<typeof parentPort>, { path }: { readonly path: string }): void {
  const db = connectSqliteForReading(path)
  port.on('message', (task: VerifyTask) => port.postMessage(answer(db, task)))
}

function answer(db: SqliteDatabase, task: VerifyTask): VerifyAnswer {
  try {
    if (task.kind === 'structure') return { kind: 'structure', findings: checkStructure(db) }
    return { kind: 'chunk', result: verifyRows(db, task.ledgerNo, task.chunk) }
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}

/** Verifies a stretch of the database in this thread. */
export function verifyRows(db: SqliteDatabase, ledgerNo: number, chunk: ChunkTask): ChunkResult {
  return verifyChunk(chunk, readRows(db, ledgerNo, chunk), lookbackIn(db, ledgerNo), subjectCheck(db, ledgerNo, chunk))
}

function* readRows(db: SqliteDatabase, ledgerNo: number, { from, to }: ChunkTask): Generator<Row> {
  const page = db.prepare(
    'SELECT seq, entry, nodes FROM entries WHERE ledger_no = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?',
  )
  let next = from
  for (;;) {
    const rows = page.all(ledgerNo, next, to, PAGE)
    for (const row of rows) {
      const seq = integerColumn(row, 'seq')
      yield { seq, entry: blobColumn(row, 'entry'), nodes: blobColumn(row, 'nodes') }
      next = seq + 1
    }
    if (rows.length < PAGE) return
  }
}

function lookbackIn(db: SqliteDatabase, ledgerNo: number): Lookback {
  const find = db.prepare(
    'SELECT entry FROM entries WHERE ledger_no = ? AND conversation_id = ? AND conversation_seq = ?',
  )
  return (conversation_id, conversation_seq) => {
    const row = find.get(ledgerNo, conversation_id, conversation_seq)
    return row === undefined ? undefined : toHex(leafHash(blobColumn(row, 'entry')))
  }
}

/** Walks the subject rows along with the entries: each entry's subjects stand there, and nothing else does. */
function subjectCheck(db: SqliteDatabase, ledgerNo: number, { from, to }: ChunkTask): RowCheck {
  const rows = subjectRows(db, ledgerNo, from, to)
  let pending = rows.next()
  return (seq, subject_ids) => {
    const listed: string[] = []
    let stray: number | undefined
    while (pending.done !== true && pending.value.seq <= seq) {
      if (pending.value.seq === seq) listed.push(pending.value.subject_id)
      else stray ??= pending.value.seq
      pending = rows.next()
    }
    if (stray !== undefined) return `entry_subjects lists subjects for seq ${stray}, which has none`
    const expected = [...subject_ids].sort()
    const same = expected.length === listed.length && listed.sort().every((subject, i) => subject === expected[i])
    return same ? undefined : 'entry_subjects does not list the subjects of the entry'
  }
}

function* subjectRows(
  db: SqliteDatabase,
  ledgerNo: number,
  from: number,
  to: number,
): Generator<{ seq: number; subject_id: string }> {
  const page = db.prepare(
    `SELECT seq, subject_id FROM entry_subjects WHERE ledger_no = ?1 AND (seq, subject_id) > (?2, ?3) AND seq < ?4
     ORDER BY seq, subject_id LIMIT ${PAGE}`,
  )
  let after = { seq: from - 1, subject_id: '\u{10ffff}' }
  for (;;) {
    const rows = page.all(ledgerNo, after.seq, after.subject_id, to)
    for (const row of rows) {
      after = { seq: integerColumn(row, 'seq'), subject_id: textColumn(row, 'subject_id') }
      yield after
    }
    if (rows.length < PAGE) return
  }
}
