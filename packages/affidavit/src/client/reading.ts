// Reading a ledger on a server, in the name that the token stands for (spec/client.md §5).

import { fromBase64 } from '../bytes/base64.ts'
import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { SearchOptions } from '../ledger/read.ts'
import type { Reader } from '../ledger/reader.ts'
import type { ReadingFound } from '../ledger/readers.ts'
import type { Reading, Revealed, RevealedRecord } from '../ledger/reading.ts'
import type { EntryFilter, StoredEntry } from '../ledger/store.ts'
import type { Questions } from '../query/questions.ts'
import { unreadable } from './ask.ts'
import { type ExportAsked, type FetchingParts, fetchExport } from './fetch-export.ts'
import { follow } from './follow.ts'
import { countIn, isObject, type Members, textIn } from './members.ts'
import { readRecord, recordIn } from './read-record.ts'
import type { ServedLedger } from './served-ledger.ts'

/** What a server answers to whoever may read. */
export interface RemoteReading
  extends Pick<Reading, 'search' | 'reveal' | 'resolve' | 'readers' | 'destroyedIn'>,
    Pick<Questions, 'lineage' | 'grants' | 'versions' | 'gaps'> {
  /** The exact bytes of the record with this id, or at this seq. @throws LedgerError `not-found` */
  show(which: string | number): Promise<Pick<StoredEntry, 'seq' | 'entry'>>
  /** The C2SP proof file of a record. @throws LedgerError `not-found` */
  prove(which: string | number): Promise<string>
}

/** What a server does for whoever reads. */
export interface RemoteWork {
  /** Has an export made, and fetches it. @throws LedgerError as fetchExport does */
  exported(asked: ExportAsked): Promise<void>
  /** What comes, until the signal ends it. @throws LedgerError what the server says */
  follow(from_seq: number, tell: (record: AuditRecord) => void, signal: AbortSignal): Promise<void>
}

export type ReadingParts = Omit<FetchingParts, 'headers'>

const PAGE = 500

/** @throws LedgerError `not-allowed` for a reader that the token does not stand for */
export function createRemoteReading(
  parts: ReadingParts,
  served: ServedLedger,
  reader: Reader,
): RemoteReading & RemoteWork {
  expectOneself(served, reader)
  const { ask, path, origin } = parts
  const headers = reader.purpose === undefined ? {} : { 'affidavit-purpose': headerText(reader.purpose) }

  async function get(below: string, query: object = {}): Promise<Members> {
    const answer = await ask.json({ path: `${path}/${below}${queryText(query)}`, origin, headers })
    return isObject(answer) ? answer : refuse()
  }

  async function post(below: string, body: object): Promise<Members> {
    const answer = await ask.json({ path: `${path}/${below}`, origin, headers, body })
    return isObject(answer) ? answer : refuse()
  }

  async function* search(
    filter: EntryFilter = {},
    { order = 'ascending', limit = Number.POSITIVE_INFINITY }: SearchOptions = {},
  ): AsyncGenerator<AuditRecord, { readonly more: boolean }> {
    let query: object = { ...filter, order }
    for (let left = limit; ; ) {
      const answer = await get('records', { ...query, limit: Math.max(1, Math.min(PAGE, left)) })
      const records = listIn(answer, 'records').map((one) => readRecord(one, origin))
      const next = answer.next === undefined ? undefined : textIn(answer, 'next')
      if (left <= 0) return { more: records.length > 0 }
      yield* records
      left -= records.length
      if (next === undefined) return { more: false }
      if (left <= 0) return { more: true }
      if (records.length === 0) throw unreadable('an empty page that is not the last')
      query = { cursor: next }
    }
  }

  return {
    search,
    async show(which) {
      const place = `${path}/records/${encodeURIComponent(which)}/entry`
      const entry = await ask.bytes({ path: place, type: 'application/octet-stream', origin, headers })
      const { seq } = recordIn(entry, seqOf(entry), origin)
      return { seq, entry }
    },
    async reveal(what, { reason }) {
      const place =
        'record' in what
          ? `records/${encodeURIComponent(what.record)}`
          : `conversations/${encodeURIComponent(what.conversation_id)}`
      const answer = await post(`${place}/reveal`, { reason })
      return listIn(answer, 'records').map((one) => revealedRecord(one, origin))
    },
    resolve: async (token, { reason }) => textIn(await post('resolve', { token, reason }), 'id'),
    readers: async (filter) => listIn(await get('readers', filter), 'readers').map(readingFound),
    async destroyedIn(conversation_id) {
      const { destroyed_seqs = [] } = await get(`conversations/${encodeURIComponent(conversation_id)}`)
      return Array.isArray(destroyed_seqs) ? destroyed_seqs.map(Number) : refuse()
    },
    lineage: async (which) => answerOf(await get(`records/${encodeURIComponent(which)}/lineage`)),
    grants: async (about = {}) => answerOf(await get('grants', about)),
    versions: async (of) => answerOf(await get('versions', of)),
    gaps: async (within = {}) => answerOf(await get('gaps', within)),
    prove: (which) =>
      ask.text({ path: `${path}/records/${encodeURIComponent(which)}/proof`, type: 'text/plain', origin, headers }),
    exported: (asked) => fetchExport({ ...parts, headers }, asked),
    follow: (from_seq, tell, signal) => follow({ ...parts, headers }, from_seq, tell, signal),
  }
}

// The actor of every record about reading is whoever the token is for.
function expectOneself({ actor_id, actor_type }: ServedLedger, reader: Reader): void {
  const isOneself = reader.actor_id === actor_id && (reader.actor_type ?? actor_type) === actor_type
  if (isOneself) return
  throw new LedgerError('not-allowed', {
    problem: `this token stands for ${actor_id} (${actor_type}), and nobody else reads with it`,
    cure: 'read as whoever the token is for, or open the ledger with a token of this reader',
    path: 'actor_id',
  })
}

// A header is bytes: those of UTF-8.
function headerText(text: string): string {
  if (/[\0\r\n]/.test(text)) {
    throw new LedgerError('invalid-query', {
      problem: 'a purpose is one line of text',
      cure: 'leave out what ends a line',
      path: 'purpose',
    })
  }
  return Buffer.from(text).toString('latin1')
}

function queryText(query: object): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? '' : `?${given}`
}

function listIn(value: Members, name: string): readonly unknown[] {
  const list = value[name]
  return Array.isArray(list) ? list : refuse()
}

// The bytes of an entry say themselves where it stands; that they are an entry is seen behind this.
function seqOf(entry: Uint8Array): number {
  try {
    const value: unknown = JSON.parse(Buffer.from(entry).toString())
    return isObject(value) ? countIn(value, 'seq') : refuse()
  } catch (cause) {
    throw cause instanceof LedgerError ? cause : unreadable('no entry', cause)
  }
}

function revealedRecord(value: unknown, origin: string): RevealedRecord {
  if (!isObject(value)) return refuse()
  const { revealed, ...record } = value
  return { record: readRecord(record, origin), contents: listIn({ revealed }, 'revealed').map(revealedContent) }
}

function revealedContent(value: unknown): Revealed {
  if (!isObject(value)) return refuse()
  const named = { name: textIn(value, 'name'), media_type: textIn(value, 'media_type') }
  if (value.state === 'unavailable') return { ...named, state: 'unavailable' }
  const bytes = value.state === 'text' ? utf8(textIn(value, 'text')) : fromBase64(textIn(value, 'base64'))
  return bytes === undefined ? refuse() : { ...named, state: 'opened', body: once(bytes) }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function readingFound(value: unknown): ReadingFound {
  return isObject(value) ? answerOf(value) : refuse()
}

// What a server of this release answers to a question is shown to people, and nothing is done by it: its form is not looked at again.
function answerOf<Answer>(value: Members): Answer {
  return value as Answer
}

function refuse(): never {
  throw unreadable('not of the form that was asked for')
}
