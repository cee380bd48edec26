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
import { type ContentReading, type ContentTally, contentName } from '../../verify/content.ts'
import { type Finding, type FindingCode, finding, type Place } from '../../verify/finding.ts'
import type { SqliteDatabase } from './database.ts'
import { statement } from './rows.ts'
import { type PayloadHead, type SealedReading, sealedReading } from './sealed-reading.ts'
import { tryRead } from './unreadable.ts'
import { besideCheck, NOTHING } from './verify-beside.ts'

/** Payloads of one stretch whose faults are remembered, so that what many entries share is read once. */
const MAX_SEEN = 50_000

/** Checks what entries say of their content; it counts what it looked at. */
export interface PayloadCheck {
  readonly check: BesideCheck
  tally(): ContentTally
}

/** Checks what each entry of a stretch says of its content, and what is listed for it. */
export function payloadCheck(
  db: SqliteDatabase,
  ledgerNo: number,
  chunk: ChunkTask,
  reading: ContentReading,
): PayloadCheck {
  const differs = besideCheck(db, ledgerNo, chunk, { table: 'payload_uses', column: 'blob_id' })
  // A stretch that continues nothing is one of a whole log.
  const isFirst = firstNaming(db, ledgerNo, chunk.continues === undefined ? 0 : chunk.from)
  const contents = contentCheck(sealedReading(db, ledgerNo), isFirst, reading)
  return {
    check(seq, entry) {
      const references = entry?.content ?? NONE
      const place = placeOf(seq, entry)
      const problem = differs(
        seq,
        references.length === 0 ? NO_NAMES : [...new Set(references.map(({ blob_id }) => blob_id))],
      )
      const uses = problem === undefined ? NOTHING : [finding('payload-uses-altered', place, problem)]
      return references.length === 0 ? uses : [...uses, ...contents.check(seq, place, references)]
    },
    tally: contents.tally,
  }
}

const NONE: readonly ContentReference[] = []
const NO_NAMES: readonly string[] = []

export interface ContentCheck {
  check(seq: number, place: Place, references: readonly ContentReference[]): Finding[]
  tally(): ContentTally
}

/** Checks payloads against the references of entries. Each is read once, and found at every entry that names it. */
export function contentCheck(sealed: SealedReading, isFirst: IsFirst, reading: ContentReading): ContentCheck {
  const seen = new Map<string, readonly Fault[]>()
  let payloads = 0
  let bytes = 0

  function look(seq: number, reference: ContentReference): readonly Fault[] {
    const first = isFirst(seq, reference.blob_id)
    if (first) payloads++
    const faults = faultsOf(sealed, reference, reading)
    if (first && faults.length === 0 && reading === 'read') bytes += reference.sealed_size
    return faults
  }

  function faultsAt(seq: number, reference: ContentReference): readonly Fault[] {
    const { blob_id, key_id, plain_size, sealed_size, ciphertext_sha256 } = reference
    const key = `${blob_id} ${key_id} ${plain_size} ${sealed_size} ${ciphertext_sha256}`
    const known = seen.get(key)
    if (known !== undefined) return known
    const faults = look(seq, reference)
    if (seen.size < MAX_SEEN) seen.set(key, faults)
    return faults
  }

  return {
    check: (seq, place, references) =>
      references.flatMap((reference) =>
        faultsAt(seq, reference).map(({ code, problem }) =>
          finding(code, place, `${contentName(reference)}: ${problem}`),
        ),
      ),
    tally: () => ({ payloads, bytes }),
  }
}

/** Whether no entry before `seq` names a payload. It may be asked once for each. */
export type IsFirst = (seq: number, blob_id: string) => boolean

/** Among the entries from `from` on, by the list of uses. */
export function firstNaming(db: SqliteDatabase, ledgerNo: number, from: number): IsFirst {
  const before = statement(
    db,
    'SELECT 1 AS n FROM payload_uses WHERE ledger_no = ? AND blob_id = ? AND seq >= ? AND seq < ? LIMIT 1',
  )
  return (seq, blob_id) => {
    const row = tryRead(() => before().get(ledgerNo, blob_id, from, seq))
    return 'value' in row && row.value === undefined
  }
}

/** Among those that are asked about, in the order of seq. */
export function firstAsked(): IsFirst {
  const asked = new Set<string>()
  return (_, blob_id) => {
    const first = !asked.has(blob_id)
    asked.add(blob_id)
    return first
  }
}

/** What is wrong with a payload, at whichever entry names it. */
interface Fault {
  readonly code: FindingCode
  readonly problem: string
}

const SOUND: readonly Fault[] = []

function faultsOf(sealed: SealedReading, reference: ContentReference, reading: ContentReading): readonly Fault[] {
  const impossible = checkReference(reference)
  if (impossible.length > 0) return impossible.map((fault) => altered(sentence(fault)))
  const read = tryRead(() => {
    const head = sealed.head(reference.blob_id)
    return head === undefined ? 'missing' : checkPayload(sealed, reference, head, reading)
  })
  if ('problem' in read) return [altered(`the payload cannot be read: ${read.problem}`)]
  if (read.value !== 'missing') return read.value
  return [{ code: 'payload-missing', problem: `the payload ${reference.blob_id} is not there` }]
}

function checkPayload(
  sealed: SealedReading,
  reference: ContentReference,
  { content_key, body_digest, more }: PayloadHead,
  reading: ContentReading,
): readonly Fault[] {
  const problem = countChunks(reference, more) ?? (reading === 'read' ? checkBytes(sealed, reference) : undefined)
  const key = checkContentKey(content_key, { key_id: reference.key_id, body_digest })
  if (problem === undefined && key === undefined) return SOUND
  return [
    ...(problem === undefined ? [] : [altered(problem)]),
    ...(key === undefined ? [] : [{ code: 'content-key-altered', problem: sentence(key) } as const]),
  ]
}

function countChunks({ sealed_size }: ContentReference, more: number): string | undefined {
  const surplus = more + 1 - Math.ceil(sealed_size / SEALED_CHUNK_BYTES)
  if (surplus > 0) return `${surplus} chunks too many are stored`
  return surplus < 0 ? `${-surplus} of its chunks are not there` : undefined
}

/** What is wrong with the stored bytes. */
function checkBytes(sealed: SealedReading, reference: ContentReference): string | undefined {
  const check = createStoredCheck(reference)
  let number = 0
  for (const chunk of sealed.chunks(reference)) {
    if (chunk === undefined) return `its chunk ${number} is not there, or has another size`
    check.push(chunk)
    number++
  }
  const fault = check.end()
  return fault === undefined ? undefined : sentence(fault)
}

function altered(problem: string): Fault {
  return { code: 'payload-altered', problem }
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
