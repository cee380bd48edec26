// A ledger in PostgreSQL, read with plain SQL as the superuser and judged as one in a file is: the second opinion on all that is there.

import assert from 'node:assert/strict'

import type { PostgresServer } from '../postgres-server.ts'
import { entriesOf, judgeLedger, ledgerOf, type NaiveLedger, type Row } from './naive-ledger.ts'

/** Reads and checks a ledger. Throws an AssertionError at the first thing wrong. */
export async function inspectPostgresLedger(
  server: Pick<PostgresServer, 'sql'>,
  database: string,
  origin: string,
): Promise<NaiveLedger> {
  // One statement, so that what it sees stands still.
  const { rows } = await server.sql(database, ALL)
  const [found] = rows.filter((row) => row.origin === origin)
  assert.ok(found !== undefined, 'the ledger is there')
  const rowsOf = (name: string): Row[] => listOf(found[name])
  const entries = entriesOf(
    rowsOf('entries').map((row) => ({ ...row, entry: bytesOf(row.entry), nodes: bytesOf(row.nodes) })),
    rowsOf('subjects'),
  )
  assert.equal(Number(found.size), entries.length, 'the head is where the entries end')
  const checkpoints = rowsOf('checkpoints').map(({ size, note }) => ({
    size: Number(size),
    note: Buffer.from(bytesOf(note)).toString('utf8'),
    lines: rowsOf('cosignatures')
      .filter((line) => line.size === size)
      .map(({ line }) => Buffer.from(bytesOf(line)).toString('utf8')),
  }))
  return judgeLedger(ledgerOf(origin, entries, checkpoints))
}

const ALL = `SELECT l.origin, h.size,
    (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.seq) FROM affidavit.entries e WHERE e.ledger_no = l.ledger_no) AS entries,
    (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.seq, s.subject_id) FROM affidavit.entry_subjects s WHERE s.ledger_no = l.ledger_no) AS subjects,
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.size) FROM affidavit.checkpoints c WHERE c.ledger_no = l.ledger_no) AS checkpoints,
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.line_no) FROM affidavit.cosignatures c WHERE c.ledger_no = l.ledger_no) AS cosignatures
  FROM affidavit.ledgers l JOIN affidavit.heads h USING (ledger_no)`

function listOf(value: unknown): Row[] {
  return Array.isArray(value) ? value : []
}

// As jsonb shows a bytea.
function bytesOf(value: unknown): Uint8Array {
  assert.ok(typeof value === 'string' && value.startsWith('\\x'), 'bytes')
  return Buffer.from(value.slice(2), 'hex')
}
