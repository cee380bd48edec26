// Reading a ledger without its keys: for search, show and tail, on copies and read-only disks too.

import { existsSync } from 'node:fs'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { readPages, recordOf, type SearchOptions } from '../ledger/read.ts'
import type { EntryFilter, StoredEntry } from '../ledger/store.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { databaseFile, noLedger } from './folder.ts'

export interface LedgerReader extends AsyncDisposable {
  readonly origin: string
  size(): Promise<number>
  search(filter: EntryFilter, options?: SearchOptions): AsyncGenerator<AuditRecord>
  /** The stored entry with this id (a text) or at this seq (a number). */
  find(which: string | number): Promise<StoredEntry | undefined>
}

/**
 * Opens the newest ledger in `folder`, or the one named, for reading.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, `not-found`
 */
export async function openReader(folder: string, wanted?: string): Promise<LedgerReader> {
  if (!existsSync(databaseFile(folder))) throw noLedger(folder)
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    const origins = await store.ledgers()
    const origin = wanted ?? origins.at(-1)
    if (origin === undefined || !origins.includes(origin)) {
      throw new LedgerError('not-found', {
        problem: `${folder} has no ledger ${wanted ?? ''}`.trimEnd(),
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
