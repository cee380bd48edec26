// Why a ledger is not opened whose database has again what was destroyed (spec/disposition.md §9), and what there is to do.

import { LedgerError } from '../errors/ledger-error.ts'
import type { NotedDisposition } from './disposition-notes.ts'

/** The database of the incarnation that decided it is older than the decision. */
export function decisionMissing({ ledger, plan_sha256, decided_seq, decided_at }: NotedDisposition): LedgerError {
  return new LedgerError('rolled-back', {
    problem: `the keyring knows that ${ledger} decided the disposition ${plan_sha256} at seq ${decided_seq} (${decided_at}), and the database has no such record: it is an older copy`,
    cure: 'bring back the newer database; or, where it is lost for good, continue in a new incarnation: affidavit init --ledger DIR --after-restore',
  })
}

export function papersMissing(noted: NotedDisposition, path: string, ledger: string): LedgerError {
  return back(
    noted,
    `its papers are neither in ${path} nor in the database`,
    `bring the file back; or hand in what affidavit certificates --out wrote: affidavit dispose replay --papers FILE; where they are lost, ${KEEP}. Until then ${ledger} is not opened`,
  )
}

export function unknownFate(noted: NotedDisposition): LedgerError {
  return back(
    noted,
    'whether its records went before the database was lost, or a hold withdrew the decision, nobody lived to tell',
    `where they went, say so by handing in its papers: affidavit dispose replay --papers FILE; else ${KEEP}`,
  )
}

export function heldSince(noted: NotedDisposition): LedgerError {
  return back(
    noted,
    'a legal hold was placed in this incarnation, and may bind what came back',
    `ask whoever placed it; ${KEEP}`,
  )
}

export function removalNotAllowed(noted: NotedDisposition): LedgerError {
  return back(
    noted,
    'the role by which the database is opened may let no record leave it',
    'open it once as the role of retention, for example with affidavit dispose finish: affidavit migrate --retention ROLE, run as the owner, gives the right',
  )
}

export function otherRows({ ledger, manifest_sha256 }: NotedDisposition, seq: number): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `the row at seq ${seq} of ${ledger} is not the one that was destroyed under the manifest ${manifest_sha256}`,
    cure: 'run affidavit verify: it says what was changed; keep database and papers as evidence',
  })
}

const KEEP =
  'leave the records there, on record and under your name: affidavit dispose replay --keep PLAN_SHA256 --as PERSON --reason TEXT'

function back({ ledger, plan_sha256, records, decided_at }: NotedDisposition, why: string, cure: string): LedgerError {
  return new LedgerError('disposed-is-back', {
    problem: `the database has records again that ${ledger} destroyed: the disposition ${plan_sha256} of ${records} records, decided ${decided_at}; ${why}`,
    cure,
  })
}
