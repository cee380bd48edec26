// Sealed payloads beside the entries: written with the entry that names them, or before it; read back as they lie.

import type { UnixMillis } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { ConversationBodies, DraftPayload, KeptBody, SealedPayload, StoredPayload } from '../../ledger/store.ts'
import { blobColumn, integerColumn, textColumn } from './database.ts'
import type { Prepare } from './prepared.ts'
import type { Statements } from './statements.ts'

/** A payload that came with a draft, and that the entry at `seq` names it. */
export function insertDraftPayload(statements: Statements, ledgerNo: number, seq: number, payload: DraftPayload): void {
  if (payload.state === 'sealed') insertPayload(statements, ledgerNo, payload)
  else if (statements.hasPayload.get(ledgerNo, payload.blob_id) === undefined) throw payloadGone(payload.blob_id)
  statements.insertUse.run(ledgerNo, payload.blob_id, seq)
}

/** One that is there is left as it is: its entry has its hash. */
export function insertPayload(statements: Statements, ledgerNo: number, payload: SealedPayload): void {
  const { blob_id, body_digest, content_key, sealed } = payload
  statements.insertPayload.run(ledgerNo, blob_id, body_digest, content_key, sealed)
}

export function insertChunks(
  prepare: Prepare,
  ledgerNo: number,
  blob_id: string,
  from: number,
  chunks: readonly Uint8Array[],
): void {
  const insert = prepare(
    'INSERT INTO payload_chunks (ledger_no, blob_id, chunk_no, sealed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  for (const [i, sealed] of chunks.entries()) insert.run(ledgerNo, blob_id, from + i, sealed)
}

export function readPayload(prepare: Prepare, ledgerNo: number, blob_id: string): StoredPayload | undefined {
  const row = prepare(
    `SELECT body_digest, content_key, sealed, (SELECT count(*) FROM payload_chunks c
       WHERE c.ledger_no = p.ledger_no AND c.blob_id = p.blob_id) AS more
     FROM payloads p WHERE ledger_no = ? AND blob_id = ?`,
  ).get(ledgerNo, blob_id)
  if (row === undefined) return undefined
  return {
    body_digest: textColumn(row, 'body_digest'),
    content_key: blobColumn(row, 'content_key'),
    sealed: blobColumn(row, 'sealed'),
    more: integerColumn(row, 'more'),
  }
}

export function readChunks(
  prepare: Prepare,
  ledgerNo: number,
  blob_id: string,
  from: number,
  limit: number,
): Uint8Array[] {
  return prepare(
    `SELECT sealed FROM payload_chunks WHERE ledger_no = ? AND blob_id = ? AND chunk_no >= ?
     ORDER BY chunk_no LIMIT ?`,
  )
    .all(ledgerNo, blob_id, from, limit)
    .map((row) => blobColumn(row, 'sealed'))
}

/** Records that are looked through, and bodies of them that are told: what comes again mostly comes again soon. */
const NEWEST = 1_000

const OF_LEDGER = `SELECT DISTINCT ledger_no, seq FROM payload_uses WHERE ledger_no = ? AND seq >= ?
  ORDER BY seq DESC LIMIT ${NEWEST}`
// Cut before they are held against `from_seq`: otherwise the whole conversation is gone through for enough that are late.
const OF_CONVERSATION = `SELECT ledger_no, seq FROM (SELECT ledger_no, seq FROM entries INDEXED BY entries_by_conversation
  WHERE ledger_no = ? AND conversation_id = ? ORDER BY conversation_seq DESC LIMIT ${NEWEST}) WHERE seq >= ?`

/** What the newest records of a conversation name, or those of the ledger that name anything. */
export function readKeptBodies(
  prepare: Prepare,
  ledgerNo: number,
  { conversation, from_seq }: ConversationBodies,
): KeptBody[] {
  const rows =
    conversation === ''
      ? prepare(bodiesOf(OF_LEDGER)).all(ledgerNo, from_seq)
      : prepare(bodiesOf(OF_CONVERSATION)).all(ledgerNo, conversation, from_seq)
  return rows.map((row) => ({
    seq: integerColumn(row, 'seq'),
    blob_id: textColumn(row, 'blob_id'),
    body_digest: textColumn(row, 'body_digest'),
  }))
}

// Records that hand over all that was said name the same bodies again and again.
function bodiesOf(records: string): string {
  return `SELECT n.seq, p.blob_id, p.body_digest FROM (
      SELECT r.ledger_no, max(r.seq) AS seq, u.blob_id FROM (${records}) r
        CROSS JOIN payload_uses u ON u.ledger_no = r.ledger_no AND u.seq = r.seq
      GROUP BY u.blob_id ORDER BY max(r.seq) DESC LIMIT ${NEWEST}) n
    CROSS JOIN payloads p ON p.ledger_no = n.ledger_no AND p.blob_id = n.blob_id AND length(p.sealed) > 0 ORDER BY n.seq`
}

export function readContentKeys(
  prepare: Prepare,
  ledgerNo: number,
  after: string,
  limit: number,
): Pick<SealedPayload, 'blob_id' | 'content_key'>[] {
  return prepare(
    'SELECT blob_id, content_key FROM payloads WHERE ledger_no = ? AND blob_id > ? ORDER BY blob_id LIMIT ?',
  )
    .all(ledgerNo, after, limit)
    .map((row) => ({ blob_id: textColumn(row, 'blob_id'), content_key: blobColumn(row, 'content_key') }))
}

export function readLastUse(prepare: Prepare, ledgerNo: number, blob_id: string): Uint8Array | undefined {
  const row = prepare(
    `SELECT e.entry FROM payload_uses u INDEXED BY payload_uses_by_blob
       CROSS JOIN entries e ON e.ledger_no = u.ledger_no AND e.seq = u.seq
     WHERE u.ledger_no = ? AND u.blob_id = ? ORDER BY u.seq DESC LIMIT 1`,
  ).get(ledgerNo, blob_id)
  return row === undefined ? undefined : blobColumn(row, 'entry')
}

/** Payloads whose record never came, because the process that kept them was killed or its draft refused. */
export function sweepPayloads(prepare: Prepare, ledgerNo: number, before: UnixMillis): number {
  const unused = `ledger_no = ? AND blob_id < ? AND NOT EXISTS
    (SELECT 1 FROM payload_uses u WHERE u.ledger_no = t.ledger_no AND u.blob_id = t.blob_id)`
  const until = Math.max(0, before).toString(16).padStart(12, '0')
  const [{ n } = { n: 0 }] = prepare(`SELECT count(*) AS n FROM payloads t WHERE ${unused}`)
    .all(ledgerNo, until)
    .map((row) => ({ n: integerColumn(row, 'n') }))
  prepare(`DELETE FROM payload_chunks AS t WHERE ${unused}`).run(ledgerNo, until)
  prepare(`DELETE FROM payloads AS t WHERE ${unused}`).run(ledgerNo, until)
  return n
}

function payloadGone(blob_id: string): LedgerError {
  return new LedgerError('not-committed', {
    problem: `the payload ${blob_id} is not there any more; nothing was recorded`,
    cure: 'append the same drafts again with the same ids: their content is sealed anew',
  })
}
