// That somebody looked at what became of records, or would: on record before it is shown (spec/reading.md §1).

import type { Ledger } from '../ledger/ledger.ts'
import type { Reader } from '../ledger/reader.ts'

/** What was looked at. */
interface View {
  readonly operation: string
  /** Seqs of the records that it shows. */
  readonly results: readonly number[]
  readonly details?: { readonly [name: string]: string | number }
}

/** @throws LedgerError `not-allowed` */
export async function viewed({ as }: Pick<Ledger, 'as'>, by: Reader, { results, ...view }: View): Promise<void> {
  await as(by).recorded('search', { action: 'records_viewed', ...view, results: [...new Set(results)] })
}
