// Stored payloads as a verifier reads them: rows are asked for by their number, and read where they have the length that they
// must have. Whatever else somebody put there is never read.

import type { ContentReference } from '../../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../../formats/sealed.ts'
import { blobColumn, column, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { statement } from './rows.ts'

/** What stands beside the first chunk of a payload. */
export interface PayloadHead {
  readonly body_digest: string
  readonly content_key: Uint8Array
  /** Further chunks that are stored. */
  readonly more: number
}

export interface SealedReading {
  /** `undefined` where there is no such payload. @throws what tryRead answers as a problem */
  head(blob_id: string): PayloadHead | undefined
  /**
   * The chunks of a payload of this size; `undefined` is one that is not there or has another size, and then the last.
   * @throws what tryRead answers as a problem
   */
  chunks(reference: Pick<ContentReference, 'blob_id' | 'sealed_size'>): Generator<Uint8Array | undefined>
}

/** One of as many scopes as there can be. */
const MAX_CONTENT_KEY_BYTES = 1_048_700

export function sealedReading(db: SqliteDatabase, ledgerNo: number): SealedReading {
  const head = statement(
    db,
    `SELECT CASE typeof(body_digest) WHEN 'text' THEN substr(body_digest, 1, 100) END AS body_digest,
       CASE WHEN typeof(content_key) = 'blob' AND length(content_key) <= ${MAX_CONTENT_KEY_BYTES} THEN content_key END AS content_key,
       (SELECT count(*) FROM payload_chunks c WHERE c.ledger_no = p.ledger_no AND c.blob_id = p.blob_id) AS more
     FROM payloads p WHERE ledger_no = ? AND blob_id = ?`,
  )
  const sized = "CASE WHEN typeof(sealed) = 'blob' AND length(sealed) = ?1 THEN sealed END AS sealed"
  const first = statement(db, `SELECT ${sized} FROM payloads WHERE ledger_no = ?2 AND blob_id = ?3 AND ?4 = 0`)
  const further = statement(
    db,
    `SELECT ${sized} FROM payload_chunks WHERE ledger_no = ?2 AND blob_id = ?3 AND chunk_no = ?4`,
  )
  return {
    head(blob_id) {
      const row = head().get(ledgerNo, blob_id)
      if (row === undefined) return undefined
      return {
        body_digest: textColumn(row, 'body_digest'),
        content_key: blobColumn(row, 'content_key'),
        more: integerColumn(row, 'more'),
      }
    },
    *chunks({ blob_id, sealed_size }) {
      for (let number = 0, left = sealed_size; left > 0; number++, left -= SEALED_CHUNK_BYTES) {
        const size = Math.min(left, SEALED_CHUNK_BYTES)
        const row = (number === 0 ? first : further)().get(size, ledgerNo, blob_id, number)
        const sealed = column(row, 'sealed')
        yield sealed instanceof Uint8Array ? sealed : undefined
        if (!(sealed instanceof Uint8Array)) return
      }
    },
  }
}
