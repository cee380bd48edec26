// Records that one of several filters finds, as of one size of the ledger.

import type { AuditRecord } from '../formats/fields.ts'
import { mergeBySeq } from './merge-by-seq.ts'
import { readPages, recordOf } from './read.ts'
import type { EntryFilter, LedgerStore } from './store.ts'

/** Each once, in the order of seq. */
export async function* readAny(
  store: LedgerStore,
  ledger: string,
  filters: readonly EntryFilter[],
  size: number,
): AsyncGenerator<AuditRecord> {
  const searches = filters.map((filter) => readPages(store, ledger, { ...filter, until_seq: size }))
  for await (const entry of mergeBySeq(searches, 'ascending')) yield recordOf(entry)
}
