// Why a record is not there: none ever was, or it was destroyed, which the ledger tells whole: when, under which policy, by whose leave.

import type { Leave } from '../disposition/certificate.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { leaveOf } from './certify-disposition.ts'
import {
  type DispositionRecords,
  openPapers,
  type RecordedDisposition,
  readDispositions,
} from './disposition-records.ts'
import { notFound } from './own-records.ts'
import { stubAt } from './read-through.ts'
import type { LedgerStore } from './store.ts'

/** @param rows as they are stored: what was destroyed is left out of what is read through the archive */
export async function missingRecord(rows: LedgerStore, ledger: string, which: string | number): Promise<LedgerError> {
  const left = await stubAt(rows, ledger, which)
  if (left?.stub.mark.state !== 'disposed') return notFound(which)
  const { manifest } = left.stub.mark
  const records = await readDispositions(rows, ledger)
  const disposition = records.dispositions.find(({ decided }) => decided?.told.manifest_sha256 === manifest)
  const under = `the record at seq ${left.seq} was destroyed under the disposition with the manifest ${manifest}`
  if (disposition?.decided === undefined) return destroyed(`${under}, of which no decision is on record`, VERIFY)
  const { decided, outcome, plan_sha256 } = disposition
  const story = [
    `${under}, decided at ${decided.recorded_at} by the record at seq ${decided.seq}`,
    await wordsOfPapers(rows, ledger, records, { ...disposition, decided }, left.seq),
    outcome === undefined
      ? 'its outcome is not on record yet'
      : `${outcome.told.phase} at ${outcome.recorded_at} by the record at seq ${outcome.seq}`,
  ]
  const finish = outcome === undefined ? 'affidavit dispose finish goes on with it' : certificate(plan_sha256)
  return destroyed(story.join('; '), `${finish}; affidavit prove shows that the record was in the ledger`)
}

const VERIFY = 'run affidavit verify: it says what was destroyed without leave'

function certificate(plan_sha256: string): string {
  return `affidavit certificates ${plan_sha256.slice(0, 16)} shows the certificate`
}

function destroyed(problem: string, cure: string): LedgerError {
  return new LedgerError('not-found', { problem, cure })
}

type Decided = RecordedDisposition & { readonly decided: NonNullable<RecordedDisposition['decided']> }

async function wordsOfPapers(
  rows: LedgerStore,
  ledger: string,
  records: DispositionRecords,
  disposition: Decided,
  seq: number,
): Promise<string> {
  try {
    const { plan, manifest } = await openPapers(rows, ledger, records, disposition.decided)
    const listed = manifest.records.find((one) => one.seq === seq)
    const due = listed === undefined ? '' : `under ${listed.policies.join(', ')}, due since ${listed.due_since}; `
    return `${due}planned by ${plan.made_by}, ${wordsOfLeave(await leaveOf(rows, ledger, records, disposition))}`
  } catch (error) {
    // What became of the record stands though a paper was lost, which verification tells of.
    if (error instanceof LedgerError && error.code === 'store-corrupt') return error.problem
    throw error
  }
}

function wordsOfLeave(leave: Leave): string {
  return leave.state === 'approved'
    ? `approved by ${leave.approver} at ${leave.approved_at}`
    : `not independently approved: it stood on record for ${leave.delay_days} days`
}
