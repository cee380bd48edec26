// Reading records: pages of stored entries become records whose hash was computed from their bytes just now.

import { toHex } from '../bytes/hex.ts'
import { parseTimestamp } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseEntry } from '../formats/entry.ts'
import { ACTION, type AuditRecord, UUID, WORD } from '../formats/fields.ts'
import { leafHash } from '../merkle/hash.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'

const PAGE = 500

export interface SearchOptions {
  readonly order?: 'ascending' | 'descending'
  /** Records at most; all where left out. */
  readonly limit?: number
}

/**
 * The record of a stored entry. The hash is that of the bytes read, not one that was stored beside them.
 * @throws LedgerError `store-corrupt` where the bytes are no entry
 */
export function recordOf({ seq, entry }: Pick<StoredEntry, 'seq' | 'entry'>): AuditRecord {
  const parsed = parseEntry(entry)
  if ('fault' in parsed) {
    throw new LedgerError('store-corrupt', {
      problem: `the entry at seq ${seq} cannot be read: ${parsed.fault.problem}`,
      cure: 'run affidavit verify: it says what was changed',
    })
  }
  return { ...parsed.entry, integrity_hash: toHex(leafHash(entry)) }
}

/** @throws LedgerError `store-corrupt` as recordOf does */
export function optionalRecord(entry: StoredEntry | undefined): AuditRecord | undefined {
  return entry === undefined ? undefined : recordOf(entry)
}

/** The entry with this id, or at this seq. */
export async function findEntry(
  store: LedgerStore,
  ledger: string,
  which: string | number,
): Promise<StoredEntry | undefined> {
  const filter = typeof which === 'string' ? { id: which } : { from_seq: which, until_seq: which + 1 }
  const [entry] = await store.entries(ledger, filter, { limit: 1, order: 'ascending' })
  return entry
}

/** Stored entries that fit the filter, page after page of at most `size`, as of the moment each page is read. */
export async function* readPages(
  store: Pick<LedgerStore, 'entries'>,
  ledger: string,
  filter: EntryFilter,
  { order = 'ascending', limit = Number.POSITIVE_INFINITY }: SearchOptions = {},
  size: number = PAGE,
): AsyncGenerator<StoredEntry> {
  checkFilter(filter)
  let left = limit
  let { from_seq = 0, until_seq = Number.MAX_SAFE_INTEGER } = filter
  while (left > 0 && from_seq < until_seq) {
    const wanted = Math.min(size, left)
    const page = await store.entries(ledger, { ...filter, from_seq, until_seq }, { limit: wanted, order })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < wanted) return
    left -= page.length
    if (order === 'ascending') from_seq = last.seq + 1
    else until_seq = last.seq
  }
}

/** The first of what was found. */
export async function* take<Found>(
  found: AsyncIterable<Found>,
  limit: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Found> {
  if (limit < 1) return
  let taken = 0
  for await (const one of found) {
    yield one
    taken++
    if (taken >= limit) return
  }
}

/** @throws LedgerError `invalid-query` where a condition is none, or not of its form: it may come to stand in a record */
export function checkFilter(filter: EntryFilter): void {
  for (const [name, value] of Object.entries(filter)) {
    const problem = value === undefined ? undefined : (PROBLEMS.get(name) ?? noCondition)(value)
    if (problem !== undefined) throw new LedgerError('invalid-query', { problem: `${name}${problem}`, path: name })
  }
}

type Judge = (value: unknown) => string | undefined

const noCondition: Judge = () => ' is no condition'
const aText: Judge = (value) => (typeof value === 'string' ? undefined : ' must be a text')
const aSeq: Judge = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? undefined : ' must be an integer from 0'
const aTime: Judge = (value) =>
  typeof value === 'string' && parseTimestamp(value) !== undefined
    ? undefined
    : `: ${JSON.stringify(value)} is not UTC, RFC 3339 with milliseconds: 2026-11-21T09:30:00.000Z`
const ofForm =
  (pattern: RegExp, form: string): Judge =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : ` must be ${form}`

const PROBLEMS: ReadonlyMap<string, Judge> = new Map([
  ['id', ofForm(UUID, 'a UUID of version 7 or 8 in lower case')],
  ['parent_id', ofForm(UUID, 'a UUID of version 7 or 8 in lower case')],
  ['action', ofForm(ACTION, 'the name of an action')],
  ['resource_type', ofForm(WORD, 'a word of lower-case letters, digits and _')],
  ...(['conversation_id', 'actor_id', 'resource_id', 'subject_id'] as const).map((name) => [name, aText] as const),
  ...(['from', 'until', 'recorded_from', 'recorded_until'] as const).map((name) => [name, aTime] as const),
  ['from_seq', aSeq],
  ['until_seq', aSeq],
])
