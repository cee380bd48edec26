// Sealed payloads against the entries that name them (spec/vault.md §2, §3), without any key: what is listed, and, where it is
// asked for, every stored byte.

import type { ContentReference } from '../../formats/fields.ts'
import {
  checkContentKey,
  checkReference,
  createStoredCheck,
  SEALED_CHUNK_BYTES,
  type SealedFault,
} from '../../formats/sealed.ts'
import { type BesideCheck, type ChunkTask, placeOf } from '../../verify/chunk.ts'
import { type Finding, finding, type Place } from '../../verify/finding.ts'
import { blobColumn, column, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { statement } from './rows.ts'
import { tryRead } from './unreadable.ts'
import { besideCheck, NOTHING } from './verify-beside.ts'

/** Payloads of one stretch that were found as they should be, so that what many entries share is read once. */
const MAX_SEEN = 50_000

/** Checks what an entry says of its content; reads the payloads where that is asked for. */
export function payloadCheck(
  db: SqliteDatabase,
  ledgerNo: number,
  chunk: ChunkTask,
  payloads: 'read' | 'not read',
): BesideCheck {
  const differs = besideCheck(db, ledgerNo, chunk, { table: 'payload_uses', column: 'blob_id' })
  const read = payloads === 'read' ? payloadReader(db, ledgerNo) : presence(db, ledgerNo)
  const sound = new Set<string>()
  return (seq, entry) => {
    const references = entry?.content ?? NONE
    const place = placeOf(seq, entry)
    const problem = differs(
      seq,
      references.length === 0 ? NO_NAMES : [...new Set(references.map(({ blob_id }) => blob_id))],
    )
    const uses = problem === undefined ? NOTHING : [finding('payload-uses-altered', place, problem)]
    if (references.length === 0) return uses
    const faults = references.flatMap((reference) => {
      const wrong = impossible(reference, place)
      if (wrong.length > 0) return wrong
      const { blob_id, key_id, sealed_size, ciphertext_sha256 } = reference
      const key = `${blob_id} ${key_id} ${sealed_size} ${ciphertext_sha256}`
      if (sound.has(key)) return []
      const found = read(reference, place)
      if (found.length === 0 && sound.size < MAX_SEEN) sound.add(key)
      return found
    })
    return [...uses, ...faults]
  }
}

/** One of as many scopes as there can be. */
const MAX_CONTENT_KEY_BYTES = 1_048_700

const NONE: readonly ContentReference[] = []
const NO_NAMES: readonly string[] = []

function impossible(reference: ContentReference, place: Place): Finding[] {
  return checkReference(reference).map((fault) =>
    finding('payload-altered', place, `${said(reference)}: ${sentence(fault)}`),
  )
}

type ReadPayload = (reference: ContentReference, place: Place) => readonly Finding[]

/** Only that a payload is there. */
function presence(db: SqliteDatabase, ledgerNo: number): ReadPayload {
  const find = statement(db, 'SELECT 1 AS n FROM payloads WHERE ledger_no = ? AND blob_id = ?')
  return (reference, place) => {
    const row = tryRead(() => find().get(ledgerNo, reference.blob_id))
    if ('problem' in row) return [unreadable(reference, place, row.problem)]
    return row.value === undefined ? [missing(reference, place)] : []
  }
}

// Rows are asked for by their number, and read where they have the length that they must have: whatever else somebody put
// there is never read.
function payloadReader(db: SqliteDatabase, ledgerNo: number): ReadPayload {
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

  /** What is wrong with the stored bytes. */
  function checkBytes(reference: ContentReference): string | undefined {
    const { blob_id, sealed_size } = reference
    const check = createStoredCheck(reference)
    for (let number = 0, left = sealed_size; left > 0; number++, left -= SEALED_CHUNK_BYTES) {
      const size = Math.min(left, SEALED_CHUNK_BYTES)
      const row = (number === 0 ? first : further)().get(size, ledgerNo, blob_id, number)
      const sealed = column(row, 'sealed')
      if (!(sealed instanceof Uint8Array)) return `its chunk ${number} is not there, or has not ${size} bytes`
      check.push(sealed)
    }
    const fault = check.end()
    return fault === undefined ? undefined : sentence(fault)
  }

  return (reference, place) => {
    const { blob_id, key_id, sealed_size } = reference
    const read = tryRead(() => {
      const row = head().get(ledgerNo, blob_id)
      if (row === undefined) return undefined
      const more = integerColumn(row, 'more') - Math.ceil(sealed_size / SEALED_CHUNK_BYTES) + 1
      const problem = more > 0 ? `${more} chunks too many are stored` : checkBytes(reference)
      const [key, body_digest] = [blobColumn(row, 'content_key'), textColumn(row, 'body_digest')]
      return { problem, key: checkContentKey(key, { key_id, body_digest }) }
    })
    if ('problem' in read) return [unreadable(reference, place, read.problem)]
    if (read.value === undefined) return [missing(reference, place)]
    const { problem, key } = read.value
    return [
      ...(problem === undefined ? [] : [finding('payload-altered', place, `${said(reference)}: ${problem}`)]),
      ...(key === undefined ? [] : [finding('content-key-altered', place, `${said(reference)}: ${sentence(key)}`)]),
    ]
  }
}

function missing(reference: ContentReference, place: Place): Finding {
  return finding('payload-missing', place, `${said(reference)}: the payload ${reference.blob_id} is not there`)
}

function unreadable(reference: ContentReference, place: Place, problem: string): Finding {
  return finding('payload-altered', place, `${said(reference)}: the payload cannot be read: ${problem}`)
}

function said({ name }: ContentReference): string {
  return `content ${JSON.stringify(name)}`
}

function sentence(fault: SealedFault): string {
  switch (fault.code) {
    case 'blob-id-form':
      return 'its blob_id is none'
    case 'key-id-form':
      return 'its key_id is none'
    case 'sealed-size-mismatch':
      return `sealed to ${fault.got} bytes, where ${fault.expected} are right`
    case 'stored-size-mismatch':
      return `${fault.got} bytes are stored of ${fault.expected}`
    case 'ciphertext-mismatch':
      return 'other bytes are stored than were recorded'
    case 'key-id-mismatch':
      return 'another content key is stored than was recorded'
    case 'body-digest-mismatch':
      return 'it is listed under the digest of another body'
    default:
      return `the content key that was recorded is none (${fault.code})`
  }
}
