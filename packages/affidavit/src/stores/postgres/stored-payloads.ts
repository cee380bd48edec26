// Stored payloads as a verifier reads them: chunks are asked for by their number, and read where they have the length that they must
// have. Whatever else somebody put there is never read.

import type { ContentReference } from '../../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../../formats/sealed.ts'
import {
  MAX_CONTENT_KEY_BYTES,
  type PayloadHead,
  type PayloadNaming,
  type StoredChunk,
  type Unreadable,
} from '../../verify/stored/stored-log.ts'
import type { Snapshot } from './snapshot.ts'

export async function readFirstNamings(
  snapshot: Snapshot,
  no: number,
  from: number,
  names: readonly PayloadNaming[],
): Promise<boolean[]> {
  if (names.length === 0) return []
  const rows = await snapshot.tryRows(
    `SELECT w.no::text, EXISTS (SELECT 1 FROM affidavit.payload_uses u
       WHERE u.ledger_no = $1 AND u.blob_id = w.blob_id AND u.seq >= $2 AND u.seq < w.seq)
     FROM unnest($3::text[], $4::bigint[]) WITH ORDINALITY AS w(blob_id, seq, no)`,
    [no, from, names.map(({ blob_id }) => blob_id), names.map(({ seq }) => seq)],
  )
  const named = new Map('problem' in rows ? [] : rows.map(([at, before]) => [Number(at), before] as const))
  return names.map((_, i) => named.get(i + 1) === false)
}

const HEADS = `SELECT w.no::text, left(p.body_digest, 100),
    CASE WHEN octet_length(p.content_key) <= ${MAX_CONTENT_KEY_BYTES} THEN p.content_key END,
    (SELECT count(*) FROM affidavit.payload_chunks c WHERE c.ledger_no = p.ledger_no AND c.blob_id = p.blob_id)::text, octet_length(p.sealed) = 0
  FROM unnest($2::text[]) WITH ORDINALITY AS w(blob_id, no) JOIN affidavit.payloads p ON p.ledger_no = $1 AND p.blob_id = w.blob_id`

export async function readPayloadHeads(
  snapshot: Snapshot,
  no: number,
  blob_ids: readonly string[],
): Promise<(PayloadHead | Unreadable | undefined)[]> {
  if (blob_ids.length === 0) return []
  const rows = await snapshot.tryRows(HEADS, [no, blob_ids])
  if (!('problem' in rows)) {
    const heads = new Map(rows.map(([at, ...row]) => [Number(at), headOf(row)] as const))
    return blob_ids.map((_, i) => heads.get(i + 1))
  }
  // One that cannot be read keeps nobody from reading the others.
  if (blob_ids.length === 1) return [{ unreadable: rows.problem }]
  const heads: (PayloadHead | Unreadable | undefined)[] = []
  for (const blob_id of blob_ids) heads.push(...(await readPayloadHeads(snapshot, no, [blob_id])))
  return heads
}

function headOf([body_digest, content_key, more, left]: readonly unknown[]): PayloadHead | Unreadable {
  if (!(content_key instanceof Uint8Array)) return { unreadable: 'its content key is too long' }
  return { body_digest: String(body_digest), content_key, more: Number(more), ...(left === true ? { left } : {}) }
}

/** Chunks that are read at once: half a megabyte. */
const CHUNKS = 8

export async function* readChunks(
  snapshot: Snapshot,
  no: number,
  { blob_id, sealed_size }: Pick<ContentReference, 'blob_id' | 'sealed_size'>,
): AsyncGenerator<StoredChunk> {
  const count = Math.ceil(sealed_size / SEALED_CHUNK_BYTES)
  const sizeOf = (number: number): number => Math.min(SEALED_CHUNK_BYTES, sealed_size - number * SEALED_CHUNK_BYTES)
  for (let from = 0; from < count; from += CHUNKS) {
    const numbers = Array.from({ length: Math.min(CHUNKS, count - from) }, (_, i) => from + i)
    for (const chunk of await readSome(snapshot, no, blob_id, numbers, numbers.map(sizeOf))) {
      yield chunk
      if (!(chunk instanceof Uint8Array)) return
    }
  }
}

const SOME = `SELECT w.chunk_no::text, CASE WHEN octet_length(t.sealed) = w.bytes THEN t.sealed END
  FROM unnest($3::int[], $4::int[]) AS w(chunk_no, bytes) CROSS JOIN LATERAL (
    SELECT p.sealed FROM affidavit.payloads p WHERE p.ledger_no = $1 AND p.blob_id = $2 AND w.chunk_no = 0
    UNION ALL SELECT c.sealed FROM affidavit.payload_chunks c WHERE c.ledger_no = $1 AND c.blob_id = $2 AND c.chunk_no = w.chunk_no) t`

async function readSome(
  snapshot: Snapshot,
  no: number,
  blob_id: string,
  numbers: readonly number[],
  sizes: readonly number[],
): Promise<StoredChunk[]> {
  const rows = await snapshot.tryRows(SOME, [no, blob_id, numbers, sizes])
  if ('problem' in rows) return [{ unreadable: rows.problem }]
  const found = new Map(rows.map(([number, sealed]) => [Number(number), sealed] as const))
  return numbers.map((number) => {
    const sealed = found.get(number)
    return sealed instanceof Uint8Array ? sealed : 'absent'
  })
}
