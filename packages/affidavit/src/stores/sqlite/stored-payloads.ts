// Stored payloads as a verifier reads them: rows are asked for by their number, and read where they have the length that they
// must have. Whatever else somebody put there is never read.

import type { ContentReference } from '../../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../../formats/sealed.ts'
import {
  MAX_CONTENT_KEY_BYTES,
  type PayloadHead,
  type PayloadNaming,
  type StoredChunk,
  type Unreadable,
} from '../../verify/stored/stored-log.ts'
import { blobColumn, column, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { statement } from './rows.ts'
import { tryRead } from './unreadable.ts'

export interface StoredPayloads {
  firstNamings(from: number, names: readonly PayloadNaming[]): boolean[]
  heads(blob_ids: readonly string[]): (PayloadHead | Unreadable | undefined)[]
  chunks(reference: Pick<ContentReference, 'blob_id' | 'sealed_size'>): Generator<StoredChunk>
}

export function storedPayloads(db: SqliteDatabase, ledgerNo: number): StoredPayloads {
  const before = statement(
    db,
    'SELECT 1 AS n FROM payload_uses WHERE ledger_no = ? AND blob_id = ? AND seq >= ? AND seq < ? LIMIT 1',
  )
  const head = statement(
    db,
    `SELECT CASE typeof(body_digest) WHEN 'text' THEN substr(body_digest, 1, 100) END AS body_digest,
       CASE WHEN typeof(content_key) = 'blob' AND length(content_key) <= ${MAX_CONTENT_KEY_BYTES} THEN content_key END AS content_key,
       (SELECT count(*) FROM payload_chunks c WHERE c.ledger_no = p.ledger_no AND c.blob_id = p.blob_id) AS more,
       length(sealed) = 0 AS has_left
     FROM payloads p WHERE ledger_no = ? AND blob_id = ?`,
  )
  const sized = "CASE WHEN typeof(sealed) = 'blob' AND length(sealed) = ?1 THEN sealed END AS sealed"
  const first = statement(db, `SELECT ${sized} FROM payloads WHERE ledger_no = ?2 AND blob_id = ?3 AND ?4 = 0`)
  const further = statement(
    db,
    `SELECT ${sized} FROM payload_chunks WHERE ledger_no = ?2 AND blob_id = ?3 AND chunk_no = ?4`,
  )

  function chunk(blob_id: string, number: number, size: number): StoredChunk {
    const read = tryRead(() => (number === 0 ? first : further)().get(size, ledgerNo, blob_id, number))
    if ('problem' in read) return { unreadable: read.problem }
    const sealed = column(read.value, 'sealed')
    return sealed instanceof Uint8Array ? sealed : 'absent'
  }

  return {
    firstNamings: (from, names) =>
      names.map(({ seq, blob_id }) => {
        const row = tryRead(() => before().get(ledgerNo, blob_id, from, seq))
        return 'value' in row && row.value === undefined
      }),
    heads: (blob_ids) =>
      blob_ids.map((blob_id) => {
        const read = tryRead(() => headOf(head().get(ledgerNo, blob_id)))
        return 'problem' in read ? { unreadable: read.problem } : read.value
      }),
    *chunks({ blob_id, sealed_size }) {
      for (let number = 0, left = sealed_size; left > 0; number++, left -= SEALED_CHUNK_BYTES) {
        const stored = chunk(blob_id, number, Math.min(left, SEALED_CHUNK_BYTES))
        yield stored
        if (!(stored instanceof Uint8Array)) return
      }
    },
  }
}

function headOf(row: unknown): PayloadHead | undefined {
  if (row === undefined) return undefined
  return {
    body_digest: textColumn(row, 'body_digest'),
    content_key: blobColumn(row, 'content_key'),
    more: integerColumn(row, 'more'),
    ...(column(row, 'has_left') === 1 ? { left: true } : {}),
  }
}
