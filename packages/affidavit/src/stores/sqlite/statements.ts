// Every statement of the write path, prepared once per connection. The transaction control is here too, so that a
// database with fault hooks sees each write of a commit.

import type { SqliteDatabase, SqliteStatement } from './database.ts'

export interface Statements {
  readonly begin: SqliteStatement
  readonly commit: SqliteStatement
  readonly rollback: SqliteStatement
  readonly checkpointWal: SqliteStatement
  readonly emptyWal: SqliteStatement
  readonly insertLedger: SqliteStatement
  readonly ledgerNo: SqliteStatement
  readonly ledgers: SqliteStatement
  readonly insertEntry: SqliteStatement
  readonly insertSubject: SqliteStatement
  readonly lastSeq: SqliteStatement
  readonly entryAt: SqliteStatement
  readonly seqOfId: SqliteStatement
  readonly node: SqliteStatement
  readonly conversationTip: SqliteStatement
  readonly keyringFence: SqliteStatement
  readonly newestOfAction: SqliteStatement
  readonly insertPayload: SqliteStatement
  readonly insertUse: SqliteStatement
  readonly hasPayload: SqliteStatement
  readonly insertCheckpoint: SqliteStatement
  readonly insertCosignature: SqliteStatement
  readonly checkpoints: SqliteStatement
  readonly latestCheckpoint: SqliteStatement
  readonly cosignatures: SqliteStatement
}

export function prepareStatements(db: SqliteDatabase): Statements {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    checkpointWal: db.prepare('PRAGMA wal_checkpoint(PASSIVE)'),
    emptyWal: db.prepare('PRAGMA wal_checkpoint(TRUNCATE)'),
    insertLedger: db.prepare('INSERT INTO ledgers (origin) VALUES (?)'),
    ledgerNo: db.prepare('SELECT ledger_no FROM ledgers WHERE origin = ?'),
    ledgers: db.prepare('SELECT origin FROM ledgers ORDER BY ledger_no'),
    // The UTF-8 of a text, which is quicker than making the bytes here; connect.ts sees to the encoding.
    insertEntry: db.prepare('INSERT INTO entries (ledger_no, seq, nodes, entry) VALUES (?, ?, ?, CAST(? AS BLOB))'),
    insertSubject: db.prepare('INSERT INTO entry_subjects (ledger_no, seq, subject_id) VALUES (?, ?, ?)'),
    lastSeq: db.prepare('SELECT seq FROM entries WHERE ledger_no = ? ORDER BY seq DESC LIMIT 1'),
    entryAt: db.prepare('SELECT nodes, entry FROM entries WHERE ledger_no = ? AND seq = ?'),
    seqOfId: db.prepare('SELECT seq FROM entries WHERE ledger_no = ? AND id = ?'),
    node: db.prepare('SELECT substr(nodes, ?, 32) AS hash FROM entries WHERE ledger_no = ? AND seq = ?'),
    conversationTip: db.prepare(
      `SELECT conversation_seq, lower(hex(substr(nodes, 1, 32))) AS integrity_hash FROM entries
       WHERE ledger_no = ? AND conversation_id = ? ORDER BY conversation_seq DESC LIMIT 1`,
    ),
    keyringFence: db.prepare(
      `SELECT json_extract(CAST(entry AS TEXT), '$.details.keyring_generation') AS fence
       FROM entries INDEXED BY entries_by_action WHERE ledger_no = ? AND action = 'content_erased' ORDER BY seq DESC LIMIT 1`,
    ),
    newestOfAction: db.prepare(
      `SELECT seq FROM entries INDEXED BY entries_by_action WHERE ledger_no = ? AND action = ? ORDER BY seq DESC LIMIT 1`,
    ),
    insertPayload: db.prepare(
      `INSERT INTO payloads (ledger_no, blob_id, body_digest, content_key, sealed) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    insertUse: db.prepare('INSERT INTO payload_uses (ledger_no, blob_id, seq) VALUES (?, ?, ?)'),
    hasPayload: db.prepare('SELECT 1 FROM payloads WHERE ledger_no = ? AND blob_id = ? AND length(sealed) > 0'),
    insertCheckpoint: db.prepare('INSERT INTO checkpoints (ledger_no, size, note) VALUES (?, ?, ?)'),
    insertCosignature: db.prepare('INSERT INTO cosignatures (ledger_no, size, line_no, line) VALUES (?, ?, ?, ?)'),
    checkpoints: db.prepare(
      'SELECT size, note FROM checkpoints WHERE ledger_no = ? AND size > ? ORDER BY size LIMIT ?',
    ),
    latestCheckpoint: db.prepare(
      'SELECT size, note FROM checkpoints WHERE ledger_no = ? AND size <= ? ORDER BY size DESC LIMIT 1',
    ),
    cosignatures: db.prepare('SELECT line FROM cosignatures WHERE ledger_no = ? AND size = ? ORDER BY line_no'),
  }
}
