// By whose leave a record was destroyed, from papers and records alone (spec/disposition.md §7): what a verifier without keys of the
// ledger can tell. Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { approvalDigest, parseApprovalText } from '../papers/approval.ts'
import { APPROVAL_DAYS } from '../papers/judge-approval.ts'
import { openSignedText } from '../papers/signed-text.ts'
import type { Announcement, Decision } from './phases.ts'
import { type DispositionPlan, parsePlan, planDigest } from './plan.ts'

/** A decision on record, with the papers that it names. */
export interface DecidedPapers {
  readonly ledger: string
  readonly decision: Decision
  /** When it was recorded. */
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
  | 'plan-missing'
  | 'plan-altered'
  | 'plan-of-another-manifest'
  | 'approval-missing'
  | 'approval-altered'
  | 'approval-of-another-plan'
  | 'approval-by-the-planner'
  | 'approval-out-of-time'
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
  plan: DispositionPlan,
  approval_sha256: string,
  { decision: { plan_sha256 }, decided_at, approval: note }: DecidedPapers,
  approvers: readonly VerifierKey[],
): Authority {
  if (note === undefined) return none('approval-missing')
  if (approvalDigest('disposition', note) !== approval_sha256) return none('approval-altered')
  const signed = openSignedText(note, approvers)
  if ('code' in signed) {
    const isOurs = signed.code === 'signed-by-a-key-that-is-not-pinned'
    return isOurs ? { state: 'not checked', plan_sha256 } : none('approval-altered')
  }
  const approval = parseApprovalText('disposition', signed.text)
  if (approval === undefined) return none('approval-altered')
  const { ledger, plan_id, approver, decision } = approval
  if (ledger !== plan.ledger || plan_id !== plan.plan_id || approval.plan_sha256 !== plan_sha256)
    return none('approval-of-another-plan')
  if (decision !== 'approve') return none('approval-of-another-plan')
  if (approver === plan.made_by) return none('approval-by-the-planner')
  const approved = Date.parse(approval.approved_at)
  const isInTime = approval.approved_at >= plan.made_at && approved <= decided_at
  if (!isInTime || decided_at - approved > APPROVAL_DAYS * DAY) return none('approval-out-of-time')
  return { state: 'approved', approver, plan_sha256 }
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
