// Reading a ledger as somebody: every read is a record before it is an answer (spec/reading.md).

import type { AccessPolicy } from '../access/policy.ts'
import type { Scope } from '../access/scope.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import { TOKEN } from '../formats/token.ts'
import type { Keyring } from '../vault/keyring.ts'
import { maskedFilter } from './masked-filter.ts'
import { missingRecord } from './missing-record.ts'
import { type OpeningParts, openContent, rememberingKeys } from './open-content.ts'
import { answerOf, type Question } from './question.ts'
import { checkFilter, findEntry, recordOf, type SearchOptions } from './read.ts'
import { destroyedIn } from './read-through.ts'
import { deniedDraft, expectAllowed, type Read, type Reader, readDraft } from './reader.ts'
import { type ReadersParts, type ReadingFound, readersOf } from './readers.ts'
import { expectWhole, inPeriod } from './scope.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'

/** One content that was revealed. `unavailable`: its key is destroyed, or not in this keyring. */
export type Revealed = { readonly name: string; readonly media_type: string } & (
  | { readonly state: 'opened'; readonly body: AsyncGenerator<Uint8Array> }
  | { readonly state: 'unavailable' }
)

export interface RevealedRecord {
  readonly record: AuditRecord
  readonly contents: readonly Revealed[]
}

export interface AnswerRevealed<Answer> {
  readonly answer: Answer
  readonly revealed: readonly RevealedRecord[]
}

export interface Reading {
  /**
   * Records that fit, as of now: what is recorded later, such as this search, is not among them. Each page is on record
   * before its first record is given out. Answers whether more fit than the limit.
   */
  search(filter?: EntryFilter, options?: SearchOptions): AsyncGenerator<AuditRecord, { readonly more: boolean }>
  /** The stored entry with this id, or at this seq. @throws LedgerError `not-found` */
  show(which: string | number): Promise<StoredEntry>
  /**
   * The records of a conversation, or one record, with their contents opened. It is on record before a byte is opened.
   * @throws LedgerError `not-allowed`, `invalid-query` (no reason), `not-found`, `store-corrupt`
   */
  reveal(
    what: { conversation_id: string } | { record: string | number },
    why: { reason: string },
  ): Promise<readonly RevealedRecord[]>
  /**
   * The personal id behind a token.
   * @throws LedgerError `not-allowed`, `invalid-query`, `not-found` where nobody is behind it, or nobody any more
   */
  resolve(token: string, why: { reason: string }): Promise<string>
  /** Who read records that fit, newest last. @throws LedgerError `not-allowed` */
  readers(filter: EntryFilter): Promise<readonly ReadingFound[]>
  /**
   * Answers a question over records, as of now. It is on record before it is answered, with what the answer shows.
   * @throws LedgerError `not-allowed`, `invalid-query`, and what the question throws
   */
  ask<Answer>(question: Question<Answer>): Promise<Answer>
  /**
   * As `ask`, and opens the contents that belong to the answer.
   * @throws LedgerError as `ask`; `invalid-query` (no reason), `store-corrupt`
   */
  askToReveal<Answer>(question: Question<Answer>, why: { reason: string }): Promise<AnswerRevealed<Answer>>
  /** Seqs of the records of a conversation that were destroyed: of each `show` tells why it is not there. */
  destroyedIn(conversation_id: string): Promise<readonly number[]>
  /** Why what was asked about is not there: no record ever was, or it was destroyed. */
  missing(which: string | number): Promise<LedgerError>
  /** A filter as it stands in records about reading: with tokens for persons. */
  asRecorded(filter: EntryFilter): Promise<EntryFilter>
  /** The C2SP proof file of a record, by id or seq. @throws LedgerError `not-allowed`, `not-found` */
  prove(which: string | number): Promise<string>
  /** What an export may hold of what was asked for. @throws LedgerError `not-allowed` where no filter can say that */
  exportable(filter: EntryFilter): EntryFilter
  /** Puts another read on record: an export, a verification. @throws LedgerError `not-allowed` */
  recorded(act: 'search' | 'export' | 'verify' | 'hand-out-keys', read: Read): Promise<void>
}

export interface ReadingParts extends ReadersParts {
  readonly keyring: Keyring
  /** Rows as they are stored. */
  readonly rows: LedgerStore
  readonly policy: AccessPolicy | undefined
  readonly now: () => UnixMillis
  /** Nothing else is there: neither in the store and the rows, nor for `find` (ledger/within-scope.ts). */
  readonly scope?: Scope
  /** The proof file of a record that is there. */
  prove(seq: number): Promise<string>
  /** Appends a record of the ledger about itself; durable when it resolves. */
  record(draft: Draft): Promise<unknown>
}

/** What is put on record by whoever does it; everything else is recorded where it is answered. */
const ACTS_OF: { readonly [action: string]: readonly string[] } = {
  records_viewed: ['search'],
  records_exported: ['export', 'hand-out-keys'],
  integrity_verified: ['verify'],
}

/** Records of one page, and of one record about reading it. */
const PAGE = 200

export function createReading(parts: ReadingParts, who: Reader): Reading {
  const reader = { ...who }
  const { store, rows, ledger, keyring, policy, find, scope } = parts

  async function put(read: Read): Promise<void> {
    await parts.record(readDraft(reader, read))
  }

  async function size(): Promise<number> {
    return (await store.head(ledger))?.size ?? 0
  }

  async function* search(
    filter: EntryFilter = {},
    { order = 'ascending', limit = Number.POSITIVE_INFINITY }: SearchOptions = {},
  ): AsyncGenerator<AuditRecord, { readonly more: boolean }> {
    expectAllowed(policy, reader, 'search')
    checkFilter(filter)
    const until_seq = Math.min(filter.until_seq ?? Number.MAX_SAFE_INTEGER, await size())
    const asked = await maskedFilter(filter, { tokenOf: keyring.tokenOf, finds })
    let page: AuditRecord[] = []
    let shown = 0
    let pages = 0
    const see = async (): Promise<readonly AuditRecord[]> => {
      const seen = page
      page = []
      pages++
      const details = { query: asked, as_of_seq: until_seq - 1, order }
      await put({ action: 'records_viewed', operation: 'search', details, results: seen.map(({ seq }) => seq) })
      return seen
    }
    for await (const entry of find({ ...filter, until_seq }, { order, limit: limit + 1 })) {
      if (shown + page.length === limit) {
        yield* await see()
        return { more: true }
      }
      page.push(recordOf(entry))
      if (page.length < PAGE) continue
      shown += page.length
      yield* await see()
    }
    if (page.length > 0 || pages === 0) yield* await see()
    return { more: false }
  }

  async function finds(filter: EntryFilter): Promise<boolean> {
    const [entry] = await store.entries(ledger, filter, { limit: 1, order: 'ascending' })
    return entry !== undefined
  }

  async function wanted(what: { conversation_id: string } | { record: string | number }): Promise<AuditRecord[]> {
    const records: AuditRecord[] = []
    if ('record' in what) records.push(await recordAt(what.record, 'reveal'))
    else {
      const { conversation_id } = what
      if (typeof conversation_id !== 'string' || conversation_id === '') throw noConversation()
      for await (const entry of find({ conversation_id, until_seq: await size() }, {})) records.push(recordOf(entry))
      if (records.length === 0) throw await notThere('conversation', () => whyNoRecords(conversation_id))
    }
    return records
  }

  /**
   * Why what was asked for by name is not there. Within a scope that is a refusal, and on record as one, whether it is outside or nowhere:
   * nobody is to learn which.
   */
  async function notThere(operation: string, why: () => LedgerError | Promise<LedgerError>): Promise<LedgerError> {
    if (scope !== undefined) await parts.record(deniedDraft(reader, { operation, status: 404 }))
    return why()
  }

  async function whyNoRecords(conversation_id: string): Promise<LedgerError> {
    const [first] = await destroyedIn(rows, ledger, conversation_id)
    return first === undefined ? noConversation() : missingRecord(rows, ledger, first)
  }

  async function recordAt(which: string | number, operation: string): Promise<AuditRecord> {
    const entry = await findEntry(store, ledger, which)
    if (entry === undefined) throw await notThere(operation, () => missingRecord(rows, ledger, which))
    return recordOf(entry)
  }

  /** The entry that was asked for. It is on record before it is given out; so is that it is not there. */
  async function entryAt(which: string | number, operation: string): Promise<StoredEntry> {
    const entry = await findEntry(store, ledger, which)
    const details = { as_of_seq: (await size()) - 1 }
    const results = entry === undefined ? [] : [entry.seq]
    if (entry !== undefined || scope === undefined) await put({ action: 'records_viewed', operation, details, results })
    if (entry === undefined) throw await notThere(operation, () => missingRecord(rows, ledger, which))
    return entry
  }

  function revealAll(records: readonly AuditRecord[]): Promise<readonly RevealedRecord[]> {
    const keys = rememberingKeys(keyring)
    return Promise.all(records.map((record) => reveal(record, keys)))
  }

  async function reveal(record: AuditRecord, keys: OpeningParts['keyring']): Promise<RevealedRecord> {
    const contents: Revealed[] = []
    for (const reference of record.content ?? []) {
      const { name, media_type } = reference
      contents.push({ name, media_type, ...(await openContent({ store, ledger, keyring: keys }, record, reference)) })
    }
    return { record, contents }
  }

  return {
    search,
    async show(which) {
      expectAllowed(policy, reader, 'search')
      return entryAt(which, 'show')
    },
    async reveal(what, { reason }) {
      expectAllowed(policy, reader, 'reveal')
      expectReason(reason)
      const records = await wanted(what)
      const contents = contentsIn(records)
      const results = records.map(({ seq }) => seq)
      const operation = 'record' in what ? 'reveal' : 'conversation'
      await put({ action: 'content_revealed', operation, reason, details: { contents }, results })
      return revealAll(records)
    },
    async resolve(token, { reason }) {
      expectAllowed(policy, reader, 'resolve')
      expectWhole(scope, 'a token is of the whole ledger')
      expectReason(reason)
      if (!TOKEN.test(token)) throw noToken()
      const personal = (await keyring.personalIds([token])).get(token)
      const outcome = personal === undefined ? 'failure' : 'success'
      await put({ action: 'pseudonym_resolved', operation: 'resolve', outcome, reason, details: { token } })
      if (personal === undefined) throw nobodyBehind(token)
      return personal
    },
    async readers(filter) {
      expectAllowed(policy, reader, 'readers')
      checkFilter(filter)
      const found = await readersOf(parts, filter)
      const asked = await maskedFilter(filter, { tokenOf: keyring.tokenOf, finds })
      const results = found.map(({ seq }) => seq)
      await put({ action: 'records_viewed', operation: 'readers', details: { query: asked }, results })
      return found
    },
    async ask(question) {
      expectAllowed(policy, reader, question.act ?? 'search')
      if (question.asks !== undefined) expectWhole(scope, `${question.operation} asks about ${question.asks}`)
      const { answer, read } = await answerOf(parts, question, await size(), finds)
      await put({ action: 'records_viewed', ...read })
      return answer
    },
    async askToReveal(question, { reason }) {
      expectAllowed(policy, reader, 'search')
      expectAllowed(policy, reader, 'reveal')
      if (question.asks !== undefined) expectWhole(scope, `${question.operation} asks about ${question.asks}`)
      expectReason(reason)
      const { answer, read, contents = [] } = await answerOf(parts, question, await size(), finds)
      const records = await Promise.all(contents.map((seq) => recordAt(seq, question.operation)))
      const details = { ...read.details, contents: contentsIn(records) }
      await put({ action: 'content_revealed', reason, ...read, details })
      return { answer, revealed: await revealAll(records) }
    },
    async destroyedIn(conversation_id) {
      expectAllowed(policy, reader, 'search')
      const results = await destroyedIn(rows, ledger, conversation_id)
      const details = { query: { conversation_id }, as_of_seq: (await size()) - 1 }
      if (results.length > 0) await put({ action: 'records_viewed', operation: 'destroyed', details, results })
      return results
    },
    missing: (which) => notThere('question', () => missingRecord(rows, ledger, which)),
    asRecorded: (filter) => maskedFilter(filter, { tokenOf: keyring.tokenOf, finds }),
    async prove(which) {
      expectAllowed(policy, reader, 'search')
      return parts.prove((await entryAt(which, 'prove')).seq)
    },
    exportable(filter) {
      expectAllowed(policy, reader, 'export')
      if (scope === undefined) return filter
      if (scope.agents !== undefined)
        expectWhole(scope, 'an export is chosen by what its cover can say, and not by agents')
      return inPeriod(filter, scope)
    },
    async recorded(act, read) {
      if (ACTS_OF[read.action]?.includes(act) !== true)
        throw new TypeError(`${read.action} is not recorded as ${act}; this is a bug`)
      expectAllowed(policy, reader, act)
      if (act === 'verify' || act === 'hand-out-keys') expectWhole(scope, 'this is done with the whole ledger')
      if (act === 'hand-out-keys') expectReason(read.reason ?? '')
      await put(read)
    },
  }
}

function contentsIn(records: readonly AuditRecord[]): number {
  return records.reduce((sum, { content = [] }) => sum + content.length, 0)
}

function expectReason(reason: string): void {
  if (typeof reason === 'string' && reason.trim() !== '') return
  throw new LedgerError('invalid-query', {
    problem: 'a reason is missing',
    cure: 'say why: it stands in the record of this reading',
    path: 'reason',
  })
}

function noConversation(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'no record stands in this conversation',
    cure: 'affidavit search --ledger DIR lists records, and in which conversation they stand',
    path: 'conversation_id',
  })
}

function noToken(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: 'this is no token',
    cure: 'a token is tok_ and 32 lower-case hex digits, as records have it',
    path: 'token',
  })
}

function nobodyBehind(token: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `nobody is behind ${token}: it was erased, or belongs to another keyring`,
    cure: 'affidavit search --action content_erased lists what was erased',
  })
}
