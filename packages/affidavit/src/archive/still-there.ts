// Whether what was sealed may go on record as archived: since it was read, a disposition may have destroyed records of it, or the key that it
// lies under (spec/archive.md §7).

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import type { SegmentName } from '../formats/segment.ts'
import { isDestroyed } from '../formats/stub.ts'
import { readPages } from '../ledger/read.ts'
import type { SeqRun } from '../merkle/partial.ts'
import type { Archiving } from './archiving.ts'
import { findSegmentKey } from './segment-key.ts'

/** What was sealed, under which key, when the ledger had this size. */
export interface Sealed {
  readonly name: SegmentName
  readonly runs: readonly SeqRun[]
  readonly key: KeyObject
  readonly size: number
}

/** @throws LedgerError `not-committed` */
export async function refuseUnlessStillThere(parts: Archiving, sealed: Sealed): Promise<void> {
  await refuseDestroyed(parts, sealed)
  await refuseOtherKey(parts, sealed)
}

// A disposition of which nothing is on record since has no outcome yet, and finds what is archived before it has one.
async function refuseDestroyed({ rows, ledger }: Archiving, { runs, size }: Sealed): Promise<void> {
  const since = { action: 'records_disposed', from_seq: size }
  const disposed = await rows.entries(ledger, since, { limit: 1, order: 'ascending' })
  if (disposed.length === 0) return
  for (const { first, last } of runs)
    for await (const { seq, entry } of readPages(rows, ledger, { from_seq: first, until_seq: last + 1 }))
      if (isDestroyed(entry)) throw notOnRecord(`seq ${seq} was destroyed while it was archived`)
}

// A disposition that found nothing under the key has destroyed it meanwhile.
async function refuseOtherKey(parts: Archiving, { key, name }: Sealed): Promise<void> {
  if ((await findSegmentKey(parts, name))?.equals(key) === true) return
  const { retention_class, due_month } = name
  throw notOnRecord(
    `the key of a segment of class ${retention_class}, due ${due_month}, was destroyed while it was written`,
  )
}

function notOnRecord(problem: string): LedgerError {
  return new LedgerError('not-committed', { problem: `${problem}; it is not on record`, cure: 'archive again' })
}
