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
import { type ContentReading, type ContentTally, contentName } from '../content.ts'
import { type Finding, type FindingCode, finding, type Place } from '../finding.ts'
import type { PayloadHead, PayloadNaming, StoredLog, Unreadable } from './stored-log.ts'

/** Payloads of one stretch whose faults are remembered, so that what many entries share is read once. */
const MAX_SEEN = 50_000
/** Heads that are asked for at once: a content key can have a megabyte. */
const HEADS = 16

/** An entry that names content. */
export interface Naming {
  readonly seq: number
  readonly references: readonly ContentReference[]
  /** Whether it stands in its row, as it does where this is left out: content leaves with the last entry that does. */
  readonly entry?: Stands
}

type Stands = 'stands' | 'left'

/** Checks payloads against the references of entries; it counts what it looked at. */
export interface ContentCheck {
  /** Looks at what the entries of the next page name. Each payload is read once, and found at every entry that names it. */
  look(page: readonly Naming[]): Promise<void>
  /** What is wrong with what an entry of the page names. */
  check(place: Place, references: readonly ContentReference[], entry?: Stands): Finding[]
  tally(): ContentTally
}

export function createContentCheck(log: StoredLog, isFirst: IsFirst, reading: ContentReading): ContentCheck {
  const seen = new Map<string, readonly Fault[]>()
  // Those of the page that `seen` has no room for.
  let page = new Map<string, readonly Fault[]>()
  let payloads = 0
  let bytes = 0

  async function look(entries: readonly Naming[]): Promise<void> {
    page = new Map()
    const unseen = new Map<string, Unseen>()
    for (const { seq, references, entry = 'stands' } of entries) {
      for (const reference of references) {
        const key = identity(reference, entry)
        if (seen.has(key) || unseen.has(key)) continue
        unseen.set(key, { key, seq, reference, entry, impossible: checkReference(reference) })
      }
    }
    if (unseen.size === 0) return
    const wanted = [...unseen.values()]
    const firsts = await isFirst(wanted.map(({ seq, reference: { blob_id } }) => ({ seq, blob_id })))
    for (let at = 0; at < wanted.length; at += HEADS) {
      const some = wanted.slice(at, at + HEADS)
      const heads = await readHeads(log, some)
      for (const [i, one] of some.entries()) {
        const stored = reading === 'read' ? await checkBytes(log, one.reference, heads[i]) : undefined
        remember(one, faultsOf(one, heads[i], stored), firsts[at + i] === true)
      }
    }
  }

  function remember({ key, reference }: Unseen, faults: readonly Fault[], first: boolean): void {
    if (seen.size < MAX_SEEN) seen.set(key, faults)
    else page.set(key, faults)
    if (first) payloads++
    if (first && faults.length === 0 && reading === 'read') bytes += reference.sealed_size
  }

  return {
    look,
    check: (place, references, entry = 'stands') =>
      references.flatMap((reference) => {
        const key = identity(reference, entry)
        const faults = seen.get(key) ?? page.get(key) ?? NOT_READ
        return faults.map(({ code, problem }) => finding(code, place, `${contentName(reference)}: ${problem}`))
      }),
    tally: () => ({ payloads, bytes }),
  }
}

interface Unseen {
  readonly key: string
  /** Of the entry of the page that names it first. */
  readonly seq: number
  readonly reference: ContentReference
  readonly entry: Stands
  /** What it says that cannot be, whatever is stored. */
  readonly impossible: readonly SealedFault[]
}

/** Everything that decides what is wrong with it. */
function identity(
  { blob_id, key_id, plain_size, sealed_size, ciphertext_sha256 }: ContentReference,
  entry: Stands,
): string {
  return `${entry} ${blob_id} ${key_id} ${plain_size} ${sealed_size} ${ciphertext_sha256}`
}

/** Which of these name their payload first: no entry before does. Each may be asked about once. */
export type IsFirst = (names: readonly PayloadNaming[]) => Promise<readonly boolean[]>

/** Among the entries from `from` on, by the list of uses. */
export function firstNaming(log: StoredLog, from: number): IsFirst {
  return (names) => log.firstNamings(from, names)
}

/** Among those that are asked about, in the order of seq. */
export function firstAsked(): IsFirst {
  const asked = new Set<string>()
  return async (names) =>
    names.map(({ blob_id }) => {
      const first = !asked.has(blob_id)
      asked.add(blob_id)
      return first
    })
}

/** What is wrong with a payload, at whichever entry names it. */
interface Fault {
  readonly code: FindingCode
  readonly problem: string
}

const SOUND: readonly Fault[] = []
/** Of what `look` was never given: it must not pass for sound. */
const NOT_READ: readonly Fault[] = [altered('the payload was not read')]

type Head = PayloadHead | Unreadable | undefined

/** Nothing is asked for what cannot be. */
async function readHeads(log: StoredLog, unseen: readonly Unseen[]): Promise<readonly Head[]> {
  const possible = unseen.filter(({ impossible }) => impossible.length === 0)
  const heads = possible.length === 0 ? [] : await log.payloadHeads(possible.map(({ reference }) => reference.blob_id))
  let next = 0
  return unseen.map(({ impossible }) => (impossible.length === 0 ? heads[next++] : undefined))
}

/** @param bytes what came of reading them, where they were read */
function faultsOf({ reference, entry, impossible }: Unseen, head: Head, bytes: BytesProblem): readonly Fault[] {
  if (impossible.length > 0) return impossible.map((fault) => altered(sentence(fault)))
  if (head === undefined) return [{ code: 'payload-missing', problem: `the payload ${reference.blob_id} is not there` }]
  if ('unreadable' in head) return [unreadable(head)]
  if (head.left === true && entry === 'stands')
    return [{ code: 'payload-missing', problem: `the payload ${reference.blob_id} has left, and this entry has not` }]
  if (typeof bytes === 'object') return [unreadable(bytes)]
  const stored = countChunks(reference, head) ?? bytes
  const key = checkContentKey(head.content_key, { key_id: reference.key_id, body_digest: head.body_digest })
  if (stored === undefined && key === undefined) return SOUND
  return [
    ...(stored === undefined ? [] : [altered(stored)]),
    ...(key === undefined ? [] : [{ code: 'content-key-altered', problem: sentence(key) } as const]),
  ]
}

function countChunks({ sealed_size }: ContentReference, { more, left }: PayloadHead): string | undefined {
  if (left === true && more === 0) return undefined
  const surplus = more + 1 - Math.ceil(sealed_size / SEALED_CHUNK_BYTES)
  if (surplus > 0) return `${surplus} chunks too many are stored`
  return surplus < 0 ? `${-surplus} of its chunks are not there` : undefined
}

type BytesProblem = string | Unreadable | undefined

/** What is wrong with the stored bytes, or why they cannot be read. Of a payload with too many chunks or too few none is read. */
async function checkBytes(log: StoredLog, reference: ContentReference, head: Head): Promise<BytesProblem> {
  if (head === undefined || 'unreadable' in head || countChunks(reference, head) !== undefined) return undefined
  const check = createStoredCheck(reference)
  let number = 0
  for await (const chunk of log.chunks(reference)) {
    if (chunk === 'absent') return `its chunk ${number} is not there, or has another size`
    if ('unreadable' in chunk) return chunk
    check.push(chunk)
    number++
  }
  const fault = check.end()
  return fault === undefined ? undefined : sentence(fault)
}

function altered(problem: string): Fault {
  return { code: 'payload-altered', problem }
}

function unreadable({ unreadable: why }: Unreadable): Fault {
  return altered(`the payload cannot be read: ${why}`)
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
