// What comes into a ledger, shown as it comes (spec/reading.md §1, §5): each page is on record before it is given out.

import type { AuditRecord } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reading } from '../ledger/reading.ts'
import type { EntryFilter } from '../ledger/store.ts'

/** Records on one page, and in one record about reading it. */
export const PAGE = 200

/** How often a followed ledger is looked at. */
export const EVERY_MILLIS = 300

/** Were tail to show what is on record about its own reading, it would never end. */
export function isTailed({ action }: AuditRecord): boolean {
  return action !== 'records_viewed'
}

/** From one size of a ledger to another. */
export interface Stretch {
  readonly from_seq: number
  readonly until_seq: number
}

/** What came and fits; no page where that is nothing. */
export async function* newPages(
  { search }: Pick<Ledger, 'search'>,
  { from_seq, until_seq }: Stretch,
  filter: EntryFilter = {},
  fits: (record: AuditRecord) => boolean = isTailed,
): AsyncGenerator<readonly AuditRecord[]> {
  let page: AuditRecord[] = []
  for await (const record of search({ ...filter, from_seq, until_seq })) {
    if (fits(record)) page.push(record)
    if (page.length < PAGE) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

/** Puts on record that a page is shown. @param query with no id of a person */
export async function recordPage(
  { recorded }: Pick<Reading, 'recorded'>,
  page: readonly AuditRecord[],
  size: number,
  query?: EntryFilter,
): Promise<void> {
  const results = page.map(({ seq }) => seq)
  const details = { ...(query === undefined ? {} : { query }), as_of_seq: size - 1 }
  await recorded('search', { action: 'records_viewed', operation: 'tail', details, results })
}
