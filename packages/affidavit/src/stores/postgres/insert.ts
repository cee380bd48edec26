// Writing sequenced entries: few statements for any number of them. Bytes go as one value each, cut apart by the database, which
// derives the query columns, the subjects and the uses of payloads from them (schema/0001.sql).

import { concatBytes } from '../../bytes/compare.ts'
import { bytesOfHex } from '../../bytes/hex.ts'
import { utf8 } from '../../bytes/text.ts'
import type { NewEntry, Tip } from '../../ledger/sequence.ts'
import type { SealedPayload } from '../../ledger/store.ts'
import type { Statement } from './database.ts'
import type { Decided } from './transaction.ts'

/**
 * Appends entries behind the tip, with the payloads that came with them. Also where there is none: a transaction that writes is one
 * that its commit waits for, and so does whoever settles an unknown outcome (spec/postgres.md §3).
 */
export function appendStatements(
  ledgerNo: number,
  { frontier: { size }, integrity_hash }: Tip,
  entries: readonly NewEntry[],
  patienceMillis: number,
): Pick<Decided<unknown>, 'writes' | 'alone'> {
  const payloads = entries.flatMap((entry) => entry.payloads).filter((payload) => payload.state === 'sealed')
  const bytes = endToEnd(entries.map(({ entry }) => utf8(entry)))
  const nodes = endToEnd(entries.map((entry) => entry.nodes))
  const cut = [bytes.starts, bytes.lengths, nodes.starts, nodes.lengths]
  const append = {
    name: 'affidavit append',
    text: 'SELECT affidavit.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    values: [ledgerNo, size, bytesOfHex(integrity_hash), Math.ceil(patienceMillis), bytes.joined, nodes.joined, ...cut],
  }
  // Uses follow from the entries, and need their payloads there.
  if (payloads.length > 0) return { writes: [insertPayloads(ledgerNo, payloads), append] }
  return { writes: [append], alone: append }
}

const PAYLOADS = `INSERT INTO affidavit.payloads (ledger_no, blob_id, body_digest, content_key, sealed)
  SELECT $1, p.blob_id, p.body_digest, substr($2::bytea, p.key_at, p.key_bytes), substr($3::bytea, p.at, p.bytes)
  FROM unnest($4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::int[])
    AS p(blob_id, body_digest, key_at, key_bytes, at, bytes)
  ON CONFLICT DO NOTHING`

/** One that is there is left as it is: its entry has its hash. */
export function insertPayloads(ledgerNo: number, payloads: readonly SealedPayload[]): Statement {
  const keys = endToEnd(payloads.map(({ content_key }) => content_key))
  const sealed = endToEnd(payloads.map((payload) => payload.sealed))
  const words = [payloads.map(({ blob_id }) => blob_id), payloads.map(({ body_digest }) => body_digest)]
  return {
    name: 'affidavit insert payloads',
    text: PAYLOADS,
    values: [ledgerNo, keys.joined, sealed.joined, ...words, keys.starts, keys.lengths, sealed.starts, sealed.lengths],
  }
}

interface Joined {
  readonly joined: Uint8Array
  /** From 1, as SQL counts. */
  readonly starts: readonly number[]
  readonly lengths: readonly number[]
}

function endToEnd(parts: readonly Uint8Array[]): Joined {
  const lengths = parts.map(({ length }) => length)
  let at = 1
  const starts = lengths.map((length) => {
    const start = at
    at += length
    return start
  })
  return { joined: concatBytes(...parts), starts, lengths }
}
