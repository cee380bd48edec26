// By whose leave a record was destroyed, from papers and records alone (spec/disposition.md §7): what a verifier without keys of the
// ledger can tell. Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { authorityOfApproval, type NoApproval } from '../papers/approval-authority.ts'
import type { Announcement, Decision } from './phases.ts'
import { type DispositionPlan, parsePlan, planDigest } from './plan.ts'

/** A decision on record, with the papers that it names. */
export interface DecidedPapers {
  readonly ledger: string
  readonly decision: Decision
  /** Its own time: that of its record never falls back, and may be ahead where a clock once was. */
  readonly decided_at: UnixMillis
  readonly plan: Uint8Array | undefined
  /** The signed note of an approved decision. */
  readonly approval: Uint8Array | undefined
  /** What stands at the seq that a delayed decision names. */
  readonly announced: { readonly announcement: Announcement; readonly at: UnixMillis } | undefined
}

export type Authority =
  | { readonly state: 'approved'; readonly approver: string; readonly plan_sha256: string }
  | { readonly state: 'not independently approved'; readonly plan_sha256: string }
  /** Nothing contradicts it, and no key was pinned that the approval could hold under. */
  | { readonly state: 'not checked'; readonly plan_sha256: string }
  | { readonly state: 'none'; readonly because: NoAuthority }

export type NoAuthority =
  | NoApproval
  | 'plan-missing'
  | 'plan-altered'
  | 'plan-of-another-manifest'
  | 'announcement-missing'
  | 'delay-not-over'

const DAY = 86_400_000

/** `approvers`: keys that whoever verifies has pinned. */
export function authorityOf(papers: DecidedPapers, approvers: readonly VerifierKey[]): Authority {
  const { decision } = papers
  if (papers.plan === undefined) return none('plan-missing')
  const plan = parsePlan(papers.plan)
  if ('code' in plan || planDigest(plan) !== decision.plan_sha256) return none('plan-altered')
  if (plan.manifest_sha256 !== decision.manifest_sha256 || plan.ledger !== papers.ledger)
    return none('plan-of-another-manifest')
  return 'approval_sha256' in decision
    ? approvedBy(plan, decision.approval_sha256, papers, approvers)
    : delayedBy(plan, papers)
}

function approvedBy(
  { ledger, plan_id, made_by, made_at }: DispositionPlan,
  approval_sha256: string,
  { decision: { plan_sha256 }, decided_at, approval: note }: DecidedPapers,
  approvers: readonly VerifierKey[],
): Authority {
  const plan = { kind: 'disposition', ledger, plan_id, plan_sha256, made_by, made_at } as const
  const authority = authorityOfApproval(note, { ...plan, approval_sha256, done_at: decided_at }, approvers)
  return authority.state === 'none' ? authority : { ...authority, plan_sha256 }
}

function delayedBy(plan: DispositionPlan, { decision, decided_at, announced }: DecidedPapers): Authority {
  const { plan_sha256 } = decision
  if (announced === undefined || announced.announcement.plan_sha256 !== plan_sha256) return none('announcement-missing')
  const { delay_days } = announced.announcement
  if (delay_days !== plan.delay_days || plan.delay_days === 0) return none('announcement-missing')
  if (decided_at - announced.at < delay_days * DAY) return none('delay-not-over')
  return { state: 'not independently approved', plan_sha256 }
}

function none(because: NoAuthority): Authority {
  return { state: 'none', because }
}
