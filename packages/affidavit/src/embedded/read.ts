// Reading a ledger without its keys: for search, show and tail, on copies and read-only disks too.

import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { readPages, recordOf, type SearchOptions } from '../ledger/read.ts'
import { readThrough } from '../ledger/read-through.ts'
import type { EntryFilter, StoredEntry } from '../ledger/store.ts'
import { type Place, placeAt, shownPlace } from './place.ts'
import { noLedgerAt, openStore } from './store.ts'

export interface LedgerReader extends AsyncDisposable {
  readonly origin: string
  size(): Promise<number>
  search(filter: EntryFilter, options?: SearchOptions): AsyncGenerator<AuditRecord>
  /** The stored entry with this id (a text) or at this seq (a number). */
  find(which: string | number): Promise<StoredEntry | undefined>
}

/**
 * Opens the newest ledger at a place, or the one named, for reading.
 * @throws LedgerError `not-a-ledger`, `invalid-query`, `newer-format`, `store-unavailable`, `not-found`
 */
export async function openReader(ledger: string | Place, wanted?: string): Promise<LedgerReader> {
  const place = placeAt(ledger)
  // What is archived is refused by its name: without its keys the archive of a ledger is read by nobody.
  const store = readThrough(await openStore(place), undefined)
  try {
    const origins = await store.ledgers()
    const origin = wanted ?? origins.at(-1)
    if (origin === undefined) throw noLedgerAt(place)
    if (!origins.includes(origin)) {
      throw new LedgerError('not-found', {
        problem: `${shownPlace(place)} has no ledger ${origin}`,
        cure: `it holds ${origins.join(', ')}`,
      })
    }
    return {
      origin,
      size: async () => (await store.head(origin))?.size ?? 0,
      async *search(filter, options) {
        for await (const entry of readPages(store, origin, filter, options)) yield recordOf(entry)
      },
      async find(which) {
        const filter = typeof which === 'string' ? { id: which } : { from_seq: which, until_seq: which + 1 }
        const [entry] = await store.entries(origin, filter, { limit: 1, order: 'ascending' })
        return entry
      },
      [Symbol.asyncDispose]: () => store.close(),
    }
  } catch (error) {
    await store.close()
    throw error
  }
}
