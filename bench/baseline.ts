// What an application would write without us: the same bytes into the same tables, indexes and triggers, on a connection
// with the same promises, in a plain loop.

import { connectSqlite, connectSqliteForReading } from '../packages/affidavit/src/stores/sqlite/connect.ts'
import { blobColumn, integerColumn, textColumn } from '../packages/affidavit/src/stores/sqlite/database.ts'

/** An entry of ours as rows. */
export interface RawEntry {
  readonly seq: number
  readonly nodes: Uint8Array
  readonly entry: Uint8Array
  readonly subject_ids: readonly string[]
}

export interface RawDatabase {
  /** Inserts in transactions of so many entries. */
  insert(entries: readonly RawEntry[], perTransaction: number): void
  close(): void
}

export function createRawDatabase(path: string): RawDatabase {
  const db = connectSqlite(path, 'create')
  db.exec("INSERT INTO ledgers (origin) VALUES ('bench.example/raw')")
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const insertEntry = db.prepare('INSERT INTO entries (ledger_no, seq, nodes, entry) VALUES (1, ?, ?, ?)')
  const insertSubject = db.prepare('INSERT INTO entry_subjects (ledger_no, seq, subject_id) VALUES (1, ?, ?)')
  return {
    insert(entries, perTransaction) {
      for (let from = 0; from < entries.length; from += perTransaction) {
        begin.run()
        for (const { seq, nodes, entry, subject_ids } of entries.slice(from, from + perTransaction)) {
          insertEntry.run(seq, nodes, entry)
          for (const subject_id of subject_ids) insertSubject.run(seq, subject_id)
        }
        commit.run()
      }
    },
    close: () => {
      db.close()
    },
  }
}

/** The entries that a ledger of ours holds from `from` on. */
export function readRawEntries(path: string, from: number): RawEntry[] {
  const db = connectSqliteForReading(path)
  try {
    const subjects = db.prepare('SELECT subject_id FROM entry_subjects WHERE ledger_no = 1 AND seq = ?')
    return db
      .prepare('SELECT seq, nodes, entry FROM entries WHERE ledger_no = 1 AND seq >= ? ORDER BY seq')
      .all(from)
      .map((row) => ({
        seq: integerColumn(row, 'seq'),
        nodes: blobColumn(row, 'nodes'),
        entry: blobColumn(row, 'entry'),
        subject_ids: subjects.all(integerColumn(row, 'seq')).map((subject) => textColumn(subject, 'subject_id')),
      }))
  } finally {
    db.close()
  }
}
