// Why a record is not there: none ever was, or it was destroyed, which the ledger says of it.

import { LedgerError } from '../errors/ledger-error.ts'
import { notFound } from './own-records.ts'
import { readPages, recordOf } from './read.ts'
import { stubAt } from './read-through.ts'
import type { LedgerStore } from './store.ts'

/** @param rows as they are stored: what was destroyed is left out of what is read through the archive */
export async function missingRecord(rows: LedgerStore, ledger: string, which: string | number): Promise<LedgerError> {
  const left = await stubAt(rows, ledger, which)
  if (left?.stub.mark.state !== 'disposed') return notFound(which)
  const { manifest } = left.stub.mark
  const decided = await decisionOn(rows, ledger, manifest)
  const when = decided === undefined ? '' : `, decided at ${decided.recorded_at} by the record at seq ${decided.seq}`
  return new LedgerError('not-found', {
    problem: `the record at seq ${left.seq} was destroyed under the disposition with the manifest ${manifest}${when}`,
    cure: 'affidavit search --action records_disposed lists dispositions; affidavit prove shows that it was in the ledger',
  })
}

async function decisionOn(
  rows: LedgerStore,
  ledger: string,
  manifest: string,
): Promise<{ readonly seq: number; readonly recorded_at: string } | undefined> {
  for await (const entry of readPages(rows, ledger, { action: 'records_disposed' })) {
    const { seq, recorded_at, details } = recordOf(entry)
    if (details?.phase === 'decided' && details.manifest_sha256 === manifest) return { seq, recorded_at }
  }
  return undefined
}
