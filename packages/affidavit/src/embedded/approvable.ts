// What can be approved, as its bytes say it: the plan of an erasure, the plan of a disposition, the release of a hold. Pure.

import type { Role } from '../access/roles.ts'
import {
  type DispositionPlan,
  planDigest as dispositionDigest,
  parsePlan as parseDisposition,
} from '../disposition/plan.ts'
import { type ErasurePlan, parsePlan, planDigest } from '../erasure/plan.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type HoldReleasePaper, holdReleaseDigest, parseHoldRelease } from '../papers/hold-release.ts'
import type { PaperFault } from '../papers/paper.ts'

/** A paper that waits for somebody else's approval, with what it says. */
export type Approvable = {
  /** The origin of the ledger that it is for. */
  readonly ledger: string
  /** Of a release, the id of the hold. */
  readonly plan_id: string
  /** What an approval names. */
  readonly plan_sha256: string
  /** UTC, RFC 3339 with milliseconds. */
  readonly made_at: string
  /** Who made it, and so may not approve it. */
  readonly made_by: string
  /** Whoever has it may approve this. */
  readonly role: Role
} & (
  | { readonly kind: 'erasure'; readonly says: ErasurePlan }
  | { readonly kind: 'disposition'; readonly says: DispositionPlan }
  | { readonly kind: 'hold release'; readonly says: HoldReleasePaper }
)

const READERS: readonly ((bytes: Uint8Array) => Approvable | PaperFault)[] = [readErasure, readDisposition, readRelease]

/**
 * Reads the bytes of a plan or a release, strictly.
 * @throws LedgerError `invalid-query` where they are none of these
 */
export function readApprovable(paper: Uint8Array): Approvable {
  let fault: PaperFault = { code: 'paper-other-kind' }
  for (const read of READERS) {
    const found = read(paper)
    if (!('code' in found)) return found
    if (found.code !== 'paper-other-kind') fault = found
  }
  throw noSuchPaper('nothing that can be approved', fault)
}

/** That a file, or bytes, are not the paper that they are handed in as. */
export function noSuchPaper(what: string, fault: PaperFault): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `paper: this is ${what} (${faultWords(fault)})`,
    cure: 'ask whoever made it for the file as it was made',
    path: 'paper',
  })
}

function faultWords(fault: PaperFault): string {
  const { code } = fault
  if (code === 'paper-member') return `${code}: ${fault.path} ${fault.problem}`
  if (code === 'paper-not-canonical') return `${code}: it was written anew, in another spelling`
  return 'problem' in fault ? `${code}: ${fault.problem}` : code
}

function readErasure(bytes: Uint8Array): Approvable | PaperFault {
  const says = parsePlan(bytes)
  if ('code' in says) return says
  const { ledger, plan_id, made_at, made_by } = says
  const words = { ledger, plan_id, plan_sha256: planDigest(says), made_at, made_by }
  return { kind: 'erasure', role: 'erasure_approver', ...words, says }
}

function readDisposition(bytes: Uint8Array): Approvable | PaperFault {
  const says = parseDisposition(bytes)
  if ('code' in says) return says
  const { ledger, plan_id, made_at, made_by } = says
  const words = { ledger, plan_id, plan_sha256: dispositionDigest(says), made_at, made_by }
  return { kind: 'disposition', role: 'records_approver', ...words, says }
}

function readRelease(bytes: Uint8Array): Approvable | PaperFault {
  const says = parseHoldRelease(bytes)
  if ('code' in says) return says
  const { ledger, hold_id: plan_id, made_at, made_by } = says
  const words = { ledger, plan_id, plan_sha256: holdReleaseDigest(says), made_at, made_by }
  return { kind: 'hold release', role: 'records_approver', ...words, says }
}
