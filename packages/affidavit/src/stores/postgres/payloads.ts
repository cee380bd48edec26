// Sealed payloads beside the entries: kept before the entry that names them, and read back as they lie.

import type { ConversationBodies, KeptBody, StoredPayload } from '../../ledger/store.ts'
import { bytesColumn, integerColumn, type Statement, textColumn } from './database.ts'

export function insertChunks(
  ledgerNo: number,
  blob_id: string,
  from: number,
  chunks: readonly Uint8Array[],
): Statement[] {
  return chunks.map((sealed, i) => ({
    name: 'affidavit insert chunk',
    text: `INSERT INTO affidavit.payload_chunks (ledger_no, blob_id, chunk_no, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    values: [ledgerNo, blob_id, from + i, sealed],
  }))
}

export function selectPayload(ledgerNo: number, blob_id: string): Statement {
  return {
    text: `SELECT p.body_digest, p.content_key, p.sealed, (SELECT count(*) FROM affidavit.payload_chunks c
        WHERE c.ledger_no = p.ledger_no AND c.blob_id = p.blob_id) AS more
      FROM affidavit.payloads p WHERE p.ledger_no = $1 AND p.blob_id = $2`,
    values: [ledgerNo, blob_id],
  }
}

export function storedPayload(row: unknown): StoredPayload {
  return {
    body_digest: textColumn(row, 'body_digest'),
    content_key: bytesColumn(row, 'content_key'),
    sealed: bytesColumn(row, 'sealed'),
    more: integerColumn(row, 'more'),
  }
}

export function selectChunks(ledgerNo: number, blob_id: string, from: number, limit: number): Statement {
  return {
    text: `SELECT sealed FROM affidavit.payload_chunks WHERE ledger_no = $1 AND blob_id = $2 AND chunk_no >= $3
      ORDER BY chunk_no LIMIT $4`,
    values: [ledgerNo, blob_id, from, limit],
  }
}

/** Records that are looked through, and bodies of them that are told: what comes again mostly comes again soon. */
const NEWEST = 1_000

const OF_LEDGER = `SELECT DISTINCT u.seq FROM affidavit.payload_uses u WHERE u.ledger_no = $1 AND u.seq >= $2
  ORDER BY u.seq DESC LIMIT ${NEWEST}`
// Cut before they are held against `from_seq`: otherwise the whole conversation is gone through for enough that are late.
const OF_CONVERSATION = `SELECT n.seq FROM (SELECT e.seq FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.conversation_id = $3
  ORDER BY e.conversation_seq DESC LIMIT ${NEWEST}) n WHERE n.seq >= $2`

/** What the newest records of a conversation name, or those of the ledger that name anything. */
export function selectKeptBodies(ledgerNo: number, { conversation, from_seq }: ConversationBodies): Statement {
  const isLedger = conversation === ''
  return {
    text: `SELECT n.seq, p.blob_id, p.body_digest FROM (
        SELECT max(r.seq) AS seq, u.blob_id FROM (${isLedger ? OF_LEDGER : OF_CONVERSATION}) r
          JOIN affidavit.payload_uses u ON u.ledger_no = $1 AND u.seq = r.seq
        GROUP BY u.blob_id ORDER BY max(r.seq) DESC LIMIT ${NEWEST}) n
      JOIN affidavit.payloads p ON p.ledger_no = $1 AND p.blob_id = n.blob_id AND octet_length(p.sealed) > 0 ORDER BY n.seq, p.blob_id`,
    values: isLedger ? [ledgerNo, from_seq] : [ledgerNo, from_seq, conversation],
  }
}

export function keptBody(row: unknown): KeptBody {
  return {
    seq: integerColumn(row, 'seq'),
    blob_id: textColumn(row, 'blob_id'),
    body_digest: textColumn(row, 'body_digest'),
  }
}

export function selectContentKeys(ledgerNo: number, after: string, limit: number): Statement {
  return {
    text: `SELECT p.blob_id, p.content_key FROM affidavit.payloads p
      WHERE p.ledger_no = $1 AND p.blob_id > $2 ORDER BY p.blob_id LIMIT $3`,
    values: [ledgerNo, after, limit],
  }
}

export function selectLastUse(ledgerNo: number, blob_id: string): Statement {
  return {
    text: `SELECT e.entry FROM affidavit.payload_uses u JOIN affidavit.entries e ON e.ledger_no = u.ledger_no AND e.seq = u.seq
      WHERE u.ledger_no = $1 AND u.blob_id = $2 ORDER BY u.seq DESC LIMIT 1`,
    values: [ledgerNo, blob_id],
  }
}

/** Payloads whose record never came, because the process that kept them was killed or its draft refused. */
export function sweepPayloads(ledgerNo: number, before: number): Statement {
  return {
    text: 'SELECT affidavit.sweep_payloads($1, $2) AS swept',
    values: [ledgerNo, Math.max(0, before).toString(16).padStart(12, '0')],
  }
}
