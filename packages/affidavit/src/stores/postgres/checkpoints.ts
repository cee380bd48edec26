// Checkpoints and the cosignatures that came later: read with one statement, whatever their number.

import { decodeUtf8, utf8 } from '../../bytes/text.ts'
import type { StoredCheckpoint } from '../../ledger/store.ts'
import { bytesColumn, column, integerColumn, type Statement } from './database.ts'

const WITH_LINES = `c.size, c.note, ARRAY(SELECT s.line FROM affidavit.cosignatures s
  WHERE s.ledger_no = c.ledger_no AND s.size = c.size ORDER BY s.line_no) AS lines FROM affidavit.checkpoints c`

export function selectCheckpoints(ledgerNo: number, after: number, limit: number): Statement {
  return {
    text: `SELECT ${WITH_LINES} WHERE c.ledger_no = $1 AND c.size > $2 ORDER BY c.size LIMIT $3`,
    values: [ledgerNo, after, limit],
  }
}

export function selectLatestCheckpoint(ledgerNo: number, atMost: number): Statement {
  return {
    text: `SELECT ${WITH_LINES} WHERE c.ledger_no = $1 AND c.size <= $2 ORDER BY c.size DESC LIMIT 1`,
    values: [ledgerNo, atMost],
  }
}

export function storedCheckpoint(row: unknown): StoredCheckpoint {
  const lines = column(row, 'lines')
  return {
    size: integerColumn(row, 'size'),
    note: textOf(bytesColumn(row, 'note')),
    cosignatures: Array.isArray(lines) ? lines.filter((line) => line instanceof Uint8Array).map(textOf) : [],
  }
}

export function insertCheckpoint(ledgerNo: number, size: number, note: string): Statement {
  return {
    text: 'INSERT INTO affidavit.checkpoints (ledger_no, size, note) VALUES ($1, $2, $3)',
    values: [ledgerNo, size, utf8(note)],
  }
}

export function insertCosignature(ledgerNo: number, size: number, line_no: number, line: string): Statement {
  return {
    text: 'INSERT INTO affidavit.cosignatures (ledger_no, size, line_no, line) VALUES ($1, $2, $3, $4)',
    values: [ledgerNo, size, line_no, utf8(line)],
  }
}

// A checkpoint that is no UTF-8 was changed; the verifier says so of the replacement characters.
function textOf(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? Buffer.from(bytes).toString('utf8')
}
