// Reading records: pages of stored entries become records whose hash was computed from their bytes just now.

import { toHex } from '../bytes/hex.ts'
import { parseTimestamp } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseEntry } from '../formats/entry.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { leafHash } from '../merkle/hash.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'

const PAGE = 500
const TIMES = ['from', 'until', 'recorded_from', 'recorded_until'] as const

export interface SearchOptions {
  readonly order?: 'ascending' | 'descending'
  /** Records at most; all where left out. */
  readonly limit?: number
}

/**
 * The record of a stored entry. The hash is that of the bytes read, not one that was stored beside them.
 * @throws LedgerError `store-corrupt` where the bytes are no entry
 */
export function recordOf({ seq, entry }: StoredEntry): AuditRecord {
  const parsed = parseEntry(entry)
  if ('fault' in parsed) {
    throw new LedgerError('store-corrupt', {
      problem: `the entry at seq ${seq} cannot be read: ${parsed.fault.problem}`,
      cure: 'run affidavit verify: it says what was changed',
    })
  }
  return { ...parsed.entry, integrity_hash: toHex(leafHash(entry)) }
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
  store: LedgerStore,
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

function checkFilter(filter: EntryFilter): void {
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || typeof value === 'string' || typeof value === 'number') continue
    throw new LedgerError('invalid-query', { problem: `${name} must be a text or a number`, path: name })
  }
  for (const name of TIMES) {
    const time = filter[name]
    if (time === undefined || parseTimestamp(time) !== undefined) continue
    throw new LedgerError('invalid-query', {
      problem: `${name}: ${JSON.stringify(time)} is not UTC, RFC 3339 with milliseconds: 2026-11-21T09:30:00.000Z`,
      path: name,
    })
  }
  for (const name of ['from_seq', 'until_seq'] as const) {
    const seq = filter[name]
    if (seq === undefined || (Number.isSafeInteger(seq) && seq >= 0)) continue
    throw new LedgerError('invalid-query', { problem: `${name} must be an integer from 0`, path: name })
  }
}
