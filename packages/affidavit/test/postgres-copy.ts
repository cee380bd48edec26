// A ledger of a file, row by row in PostgreSQL: the same bytes, so that both stores are verified to the same report.

import { DatabaseSync } from 'node:sqlite'

import type pg from 'pg'

const TABLES = {
  ledgers: ['ledger_no', 'origin'],
  payloads: ['ledger_no', 'blob_id', 'body_digest', 'content_key', 'sealed'],
  payload_chunks: ['ledger_no', 'blob_id', 'chunk_no', 'sealed'],
  entries: ['ledger_no', 'seq', 'entry', 'nodes'],
  checkpoints: ['ledger_no', 'size', 'note'],
  cosignatures: ['ledger_no', 'size', 'line_no', 'line'],
} as const

/** @param owner connected as the owner of the schema; `role` gets the ledgers */
export async function copyIntoPostgres(file: string, owner: pg.Pool, role: string): Promise<void> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    for (const [table, columns] of Object.entries(TABLES)) {
      for (const row of db.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).all()) {
        const values: unknown[] = columns.map((name) => row[name])
        const names: string[] = [...columns]
        if (table === 'ledgers') {
          names.push('role')
          values.push(role)
        }
        const places = values.map((_, i) => `$${i + 1}`).join(', ')
        const identity = table === 'ledgers' ? 'OVERRIDING SYSTEM VALUE' : ''
        await owner.query(`INSERT INTO affidavit.${table} (${names.join(', ')}) ${identity} VALUES (${places})`, values)
      }
    }
    await owner.query(`INSERT INTO affidavit.heads (ledger_no, size)
      SELECT l.ledger_no, (SELECT count(*) FROM affidavit.entries e WHERE e.ledger_no = l.ledger_no) FROM affidavit.ledgers l`)
  } finally {
    db.close()
  }
}
