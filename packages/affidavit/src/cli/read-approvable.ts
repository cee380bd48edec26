// What can be approved, from a file: the plan of an erasure, the plan of a disposition, the release of a hold.

import type { Role } from '../access/roles.ts'
import { planDigest as dispositionDigest, parsePlan as parseDisposition } from '../disposition/plan.ts'
import { parsePlan, planDigest } from '../erasure/plan.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { holdReleaseDigest, parseHoldRelease } from '../papers/hold-release.ts'
import type { Planned } from '../papers/judge-approval.ts'
import type { PaperFault } from '../papers/paper.ts'
import { linesOfDisposition } from './describe-disposition.ts'
import { linesOf } from './describe-plan.ts'
import { linesOfRelease } from './describe-release.ts'
import { readInput } from './read-input.ts'

export interface Approvable extends Omit<Planned, 'acts'> {
  /** Whoever has it may approve this, if it is not their own. */
  readonly role: Role
  /** What it says, in words. */
  readonly lines: readonly string[]
}

const READERS: readonly ((bytes: Uint8Array) => Approvable | PaperFault)[] = [readErasure, readDisposition, readRelease]

/** @throws LedgerError `invalid-query` where the file is none of these, or is not there; `store-unavailable` */
export function readApprovable(file: string): Approvable {
  const bytes = readInput('plan', file)
  let fault: PaperFault = { code: 'paper-other-kind' }
  for (const read of READERS) {
    const found = read(bytes)
    if (!('code' in found)) return found
    if (found.code !== 'paper-other-kind') fault = found
  }
  const where = fault.code === 'paper-member' ? `: ${fault.path} ${fault.problem}` : ''
  throw new LedgerError('invalid-query', {
    problem: `plan: ${file} is nothing that can be approved (${fault.code}${where})`,
    cure: 'ask whoever made it for the file as it was made',
    path: 'plan',
  })
}

function readErasure(bytes: Uint8Array): Approvable | PaperFault {
  const plan = parsePlan(bytes)
  if ('code' in plan) return plan
  const { ledger, plan_id, made_at, made_by, refused_count } = plan
  const words = { ledger, plan_id, plan_sha256: planDigest(plan), made_at, made_by, refused_count }
  return { kind: 'erasure', role: 'erasure_approver', ...words, lines: linesOf(plan) }
}

function readDisposition(bytes: Uint8Array): Approvable | PaperFault {
  const plan = parseDisposition(bytes)
  if ('code' in plan) return plan
  const { ledger, plan_id, made_at, made_by } = plan
  const words = { ledger, plan_id, plan_sha256: dispositionDigest(plan), made_at, made_by, refused_count: 0 }
  return { kind: 'disposition', role: 'records_approver', ...words, lines: linesOfDisposition(plan) }
}

function readRelease(bytes: Uint8Array): Approvable | PaperFault {
  const release = parseHoldRelease(bytes)
  if ('code' in release) return release
  const { ledger, hold_id: plan_id, made_at, made_by } = release
  const words = { ledger, plan_id, plan_sha256: holdReleaseDigest(release), made_at, made_by, refused_count: 0 }
  return { kind: 'hold release', role: 'records_approver', ...words, lines: linesOfRelease(release) }
}
