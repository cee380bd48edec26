// The records of a ledger, read in somebody's name: each read is on record before it is answered (spec/reading.md §5).

import { openFolder } from '../embedded/open.ts'
import type { Place } from '../embedded/place.ts'
import { type LedgerReader, openReader } from '../embedded/read.ts'
import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { maskedFilter } from '../ledger/masked-filter.ts'
import { notFound } from '../ledger/own-records.ts'
import type { Read, Reader } from '../ledger/reader.ts'
import type { Reading } from '../ledger/reading.ts'
import type { EntryFilter, StoredEntry } from '../ledger/store.ts'

/** Records on one page of an answer, and in one record about reading it. */
const PAGE = 200

export interface Records extends Pick<Reading, 'search'>, AsyncDisposable {
  show(which: string | number): Promise<Pick<StoredEntry, 'seq' | 'entry'>>
  size(): Promise<number>
}

/**
 * The records of the newest ledger at a place, or of the incarnation named.
 * @throws LedgerError as openToRead does; `not-found` where there is no such incarnation
 */
export async function openRecords(place: Place, reader: Reader, origin?: string): Promise<Records> {
  const ledger = await openToRead(place)
  const reading = ledger.as(reader)
  if (origin === undefined || origin === ledger.origin) {
    const { search, show } = reading
    const size = async (): Promise<number> => (await ledger.health()).size
    return { size, search, show, [Symbol.asyncDispose]: () => ledger.close() }
  }
  try {
    return earlierRecords(await openReader(place, origin), reading, ledger)
  } catch (error) {
    await ledger.close()
    throw error
  }
}

const NOT_FOR_WRITING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'missing-key',
  'key-unavailable',
  'store-unavailable',
])

/**
 * Opens the newest ledger at a place, which takes the records about reading it.
 * @throws LedgerError what openFolder throws; where it lacks keys or cannot be written, with what can be done instead
 */
export async function openToRead(place: Place): Promise<Ledger> {
  try {
    return await openFolder(place)
  } catch (error) {
    if (!(error instanceof LedgerError && NOT_FOR_WRITING.has(error.code))) throw error
    // What is in the way of a server has a cure of its own.
    if (place.database !== undefined && error.code === 'store-unavailable') throw error
    throw new LedgerError(error.code, {
      problem: `reading is recorded, and the ledger cannot be opened for that: ${error.problem}`,
      cure: 'open it where its keys are, and where it can be written; a copy can be verified, and an export read, anywhere',
      cause: error,
    })
  }
}

// An incarnation that came to its end takes no record: reading it is on record in the newest one.
function earlierRecords(earlier: LedgerReader, reading: Reading, newest: Ledger): Records {
  const put = (operation: Read['operation'], details: object, results: readonly number[]): Promise<void> => {
    const about = { ledger: earlier.origin, ...details }
    return reading.recorded('search', { action: 'records_viewed', operation, details: about, results })
  }
  return {
    size: () => earlier.size(),
    async *search(filter = {}, { order = 'ascending', limit = Number.POSITIVE_INFINITY } = {}) {
      const until_seq = Math.min(filter.until_seq ?? Number.MAX_SAFE_INTEGER, await earlier.size())
      const query = await maskedFilter(filter, { tokenOf: async () => undefined, finds: (one) => finds(earlier, one) })
      const found = earlier.search({ ...filter, until_seq }, { order, limit: limit + 1 })
      let shown = 0
      let page: readonly AuditRecord[]
      do {
        page = await nextOf(found, Math.min(PAGE, limit - shown))
        const results = page.map(({ seq }) => seq)
        if (page.length > 0 || shown === 0) await put('search', { query, as_of_seq: until_seq - 1, order }, results)
        yield* page
        shown += page.length
      } while (page.length === PAGE)
      return { more: (await found.next()).done !== true }
    },
    async show(which) {
      const entry = await earlier.find(which)
      const details = { as_of_seq: (await earlier.size()) - 1 }
      await put('show', details, entry === undefined ? [] : [entry.seq])
      if (entry === undefined) throw notFound(which)
      return entry
    },
    async [Symbol.asyncDispose]() {
      await earlier[Symbol.asyncDispose]()
      await newest.close()
    },
  }
}

async function finds(earlier: LedgerReader, filter: EntryFilter): Promise<boolean> {
  return (await earlier.search(filter, { limit: 1 }).next()).done !== true
}

async function nextOf<Item>(items: AsyncGenerator<Item>, count: number): Promise<readonly Item[]> {
  const taken: Item[] = []
  while (taken.length < count) {
    const next = await items.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}
