// Sealed payloads against the entries that name them (spec/vault.md §2, §3), without any key: what is listed, and, where it is
// asked for, every stored byte.

import type { ContentReference } from '../../formats/fields.ts'
import { checkContentKey, checkReference, createStoredCheck, isBlobId, type SealedFault } from '../../formats/sealed.ts'
import { type BesideCheck, type ChunkTask, placeOf } from '../../verify/chunk.ts'
import { type Finding, finding, type Place } from '../../verify/finding.ts'
import { blobColumn, column, type SqliteDatabase, textColumn } from './database.ts'
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
  const read = payloads === 'read' ? payloadReader(db, ledgerNo) : undefined
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
      const key = JSON.stringify(reference)
      if (sound.has(key)) return []
      const found = [...impossible(reference, place), ...(read?.(reference, place) ?? [])]
      if (found.length === 0 && sound.size < MAX_SEEN) sound.add(key)
      return found
    })
    return [...uses, ...faults]
  }
}

const NONE: readonly ContentReference[] = []
const NO_NAMES: readonly string[] = []

function impossible(reference: ContentReference, place: Place): Finding[] {
  return checkReference(reference).map((fault) =>
    finding('payload-altered', place, `${said(reference)}: ${sentence(fault)}`),
  )
}

type ReadPayload = (reference: ContentReference, place: Place) => readonly Finding[]

function payloadReader(db: SqliteDatabase, ledgerNo: number): ReadPayload {
  const first = statement(
    db,
    'SELECT body_digest, content_key, sealed FROM payloads WHERE ledger_no = ? AND blob_id = ?',
  )
  const more = statement(
    db,
    'SELECT chunk_no, sealed FROM payload_chunks WHERE ledger_no = ? AND blob_id = ? AND chunk_no > ? ORDER BY chunk_no LIMIT 1',
  )
  return (reference, place) => {
    const { blob_id, key_id } = reference
    if (!isBlobId(blob_id)) return []
    const row = tryRead(() => first().get(ledgerNo, blob_id))
    if ('problem' in row) return [unreadable(reference, place, row.problem)]
    if (row.value === undefined) {
      return [finding('payload-missing', place, `${said(reference)}: the payload ${blob_id} is not there`)]
    }
    const check = createStoredCheck(reference)
    const stored = tryRead(() => {
      check.push(blobColumn(row.value, 'sealed'))
      for (let at: unknown = 0; typeof at === 'number'; ) {
        const chunk = more().get(ledgerNo, blob_id, at)
        at = column(chunk, 'chunk_no')
        if (chunk !== undefined) check.push(blobColumn(chunk, 'sealed'))
      }
      return { key: blobColumn(row.value, 'content_key'), digest: textColumn(row.value, 'body_digest') }
    })
    if ('problem' in stored) return [unreadable(reference, place, stored.problem)]
    const bytes = check.end()
    const key = checkContentKey(stored.value.key, { key_id, body_digest: stored.value.digest })
    return [
      ...(bytes === undefined ? [] : [finding('payload-altered', place, `${said(reference)}: ${sentence(bytes)}`)]),
      ...(key === undefined ? [] : [finding('content-key-altered', place, `${said(reference)}: ${sentence(key)}`)]),
    ]
  }
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
