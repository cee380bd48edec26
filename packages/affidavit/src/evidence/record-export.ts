// That records are exported, and which: on record before the export is made (spec/reading.md §1).

import { labelProblem } from '../bytes/label.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Read } from '../ledger/reader.ts'
import type { Reading } from '../ledger/reading.ts'
import type { EntryFilter } from '../ledger/store.ts'

export interface ExportAsked {
  readonly filter: EntryFilter
  readonly reason?: string
}

/**
 * What fits now is listed. What is recorded until the export is made, this record first, is in it too.
 * @throws LedgerError `not-allowed`; `not-found` where an id in the filter finds nothing, which is on record too
 */
export async function recordExport(
  ledger: Pick<Ledger, 'health' | 'recordedFilter' | 'entries'>,
  reading: Pick<Reading, 'recorded'>,
  { filter, reason }: ExportAsked,
): Promise<void> {
  const size = (await ledger.health()).size
  const put = (read: Pick<Read, 'outcome' | 'details' | 'results'>): Promise<void> =>
    reading.recorded('export', {
      action: 'records_exported',
      operation: 'export',
      ...read,
      ...said(reason, { as_of_seq: size - 1, ...read.details }),
    })
  let query: EntryFilter
  try {
    query = await ledger.recordedFilter(filter)
  } catch (error) {
    // Whom somebody asked for in vain is not written down; that somebody did is, and whoever may not learns nothing.
    if (error instanceof LedgerError && error.code === 'not-found') await put({ outcome: 'failure', results: [] })
    throw error
  }
  const results: number[] = []
  const until_seq = Math.min(filter.until_seq ?? size, size)
  for await (const { seq } of ledger.entries({ ...filter, until_seq })) results.push(seq)
  await put({ details: { query }, results })
}

// A cover has room for a longer reason than a field of a record.
function said(reason: string | undefined, details: NonNullable<Read['details']>): Pick<Read, 'reason' | 'details'> {
  if (reason === undefined) return { details }
  return labelProblem(reason, MAX_LABEL_BYTES) === undefined ? { reason, details } : { details: { ...details, reason } }
}
