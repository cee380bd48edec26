// The rows of a stretch as the verifier takes them. What cannot be read is named and passed over: the rest still counts.

import { toHex } from '../../bytes/hex.ts'
import { leafHash } from '../../merkle/hash.ts'
import { type BesideCheck, type ChunkResult, type ChunkTask, verifyChunk } from '../../verify/chunk.ts'
import type { ContentReading, ContentTally } from '../../verify/content.ts'
import type { Lookback } from '../../verify/entries.ts'
import { column, type SqliteDatabase } from './database.ts'
import { readRows, statement } from './rows.ts'
import { tryRead } from './unreadable.ts'
import { NOTHING, subjectCheck } from './verify-beside.ts'
import { payloadCheck } from './verify-payloads.ts'

/** A stretch, and what was looked at of its sealed content. */
export interface VerifiedRows {
  readonly result: ChunkResult
  readonly content: ContentTally
}

/** Verifies a stretch of the database in this thread. */
export function verifyRows(
  db: SqliteDatabase,
  ledgerNo: number,
  chunk: ChunkTask,
  payloadBytes: ContentReading,
): VerifiedRows {
  const subjects = subjectCheck(db, ledgerNo, chunk)
  const payloads = payloadCheck(db, ledgerNo, chunk, payloadBytes)
  const beside: BesideCheck = (seq, entry) => {
    const found = subjects(seq, entry)
    const sealed = payloads.check(seq, entry)
    return sealed === NOTHING ? found : [...found, ...sealed]
  }
  const result = verifyChunk(chunk, readRows(db, ledgerNo, chunk), lookbackIn(db, ledgerNo), beside)
  return { result, content: payloads.tally() }
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
