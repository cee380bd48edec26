// Whether an approval lets what was planned begin (spec/erasure.md §3): who signed it, by which right, over which plan, and when.

import { type AccessPolicy, mayDo } from '../access/policy.ts'
import type { Act } from '../access/roles.ts'
import { equalBytes } from '../bytes/compare.ts'
import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { type Approval, type ApprovalKind, approvalDigest, parseApprovalText } from './approval.ts'
import { openSignedText, type SignedTextFault } from './signed-text.ts'

export const APPROVAL_DAYS = 30
const DAY = 86_400_000

/** What an approval has to be of. */
export interface Planned {
  readonly kind: ApprovalKind
  /** Whoever planned it, and whoever approves it, has to be allowed this. */
  readonly acts: { readonly plan: Act; readonly approve: Act }
  /** The origin that it is a plan for. */
  readonly ledger: string
  readonly plan_id: string
  readonly plan_sha256: string
  readonly made_at: string
  /** A person of the access policy, by the name that stands there. */
  readonly made_by: string
  /** While there is one, nothing is approved. */
  readonly refused_count: number
}

/** What an approval is held against. */
export interface ApprovalCase {
  /** The origin of the ledger that would do it. */
  readonly ledger: string
  readonly planned: Planned
  readonly policy: AccessPolicy
  /** Now. */
  readonly at: UnixMillis
}

/** An approval that lets its plan be carried out. */
export interface JudgedApproval {
  readonly approval: Approval
  readonly key: VerifierKey
  readonly plan_sha256: string
  readonly approval_sha256: string
}

export type ApprovalFault =
  | SignedTextFault
  | { readonly code: 'approval-malformed' }
  /** It names another approver than the person whose key signed it. */
  | { readonly code: 'approval-of-another-person' }
  | { readonly code: 'approver-not-allowed' }
  | { readonly code: 'approver-is-planner' }
  /** Who made the plan has no name in the policy: nobody could say that it was not the approver. */
  | { readonly code: 'planner-not-named' }
  | { readonly code: 'planner-not-allowed' }
  | { readonly code: 'plan-of-another-ledger' }
  | { readonly code: 'plan-is-refused'; readonly refused_count: number }
  | { readonly code: 'approval-of-another-ledger' }
  | { readonly code: 'approval-of-another-plan' }
  /** The plan has this id, and says something else than what was approved. */
  | { readonly code: 'approval-of-another-text' }
  | { readonly code: 'approval-before-plan' }
  | { readonly code: 'approval-from-the-future' }
  | { readonly code: 'approval-expired' }
  | { readonly code: 'approval-refuses' }

/** Judges the bytes of a signed approval. Every one of these questions has to be answered, in this order. */
export function judgeApproval(note: Uint8Array, on: ApprovalCase): JudgedApproval | ApprovalFault {
  const { kind, plan_sha256 } = on.planned
  const signed = openSignedText(note, pinnedKeys(on.policy))
  if ('code' in signed) return signed
  const approval = parseApprovalText(kind, signed.text)
  if (approval === undefined) return { code: 'approval-malformed' }
  const fault =
    wrongApprover(approval, signed.key, on) ??
    wrongPlan(approval, on) ??
    wrongPlanner(approval, on) ??
    wrongTime(approval, on) ??
    wrongDecision(approval, on)
  return fault ?? { approval, key: signed.key, plan_sha256, approval_sha256: approvalDigest(kind, note) }
}

function pinnedKeys({ people }: AccessPolicy): readonly VerifierKey[] {
  return [...people.values()].flatMap(({ approval_key }) => (approval_key === undefined ? [] : [approval_key]))
}

type Fault = ApprovalFault | undefined

function wrongApprover({ approver }: Approval, key: VerifierKey, { policy, planned: { acts } }: ApprovalCase): Fault {
  const pinned = policy.people.get(approver)?.approval_key
  if (pinned === undefined || !equalBytes(pinned.publicKey, key.publicKey))
    return { code: 'approval-of-another-person' }
  return mayDo(policy, approver, acts.approve).allowed ? undefined : { code: 'approver-not-allowed' }
}

function wrongPlan(approval: Approval, { ledger, planned }: ApprovalCase): Fault {
  if (planned.ledger !== ledger) return { code: 'plan-of-another-ledger' }
  if (approval.ledger !== ledger) return { code: 'approval-of-another-ledger' }
  if (approval.plan_id !== planned.plan_id) return { code: 'approval-of-another-plan' }
  return approval.plan_sha256 === planned.plan_sha256 ? undefined : { code: 'approval-of-another-text' }
}

function wrongPlanner({ approver }: Approval, { planned: { made_by, acts }, policy }: ApprovalCase): Fault {
  if (!policy.people.has(made_by)) return { code: 'planner-not-named' }
  if (made_by === approver) return { code: 'approver-is-planner' }
  return mayDo(policy, made_by, acts.plan).allowed ? undefined : { code: 'planner-not-allowed' }
}

function wrongTime({ approved_at }: Approval, { planned, at }: ApprovalCase): Fault {
  const approved = instantOf(approved_at)
  if (approved < instantOf(planned.made_at)) return { code: 'approval-before-plan' }
  if (approved > at) return { code: 'approval-from-the-future' }
  return at - approved > APPROVAL_DAYS * DAY ? { code: 'approval-expired' } : undefined
}

function instantOf(text: string): UnixMillis {
  return parseTimestamp(text) ?? unreachable('a time that was read')
}

function wrongDecision({ decision }: Approval, { planned: { refused_count } }: ApprovalCase): Fault {
  if (decision === 'refuse') return { code: 'approval-refuses' }
  return refused_count > 0 ? { code: 'plan-is-refused', refused_count } : undefined
}
