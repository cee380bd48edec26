// What a signed approval on record proves to whoever pinned keys, without an access policy: that somebody else than the one who asked
// let it be done, and in time (spec/disposition.md §7, spec/holds.md §2). Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { type ApprovalKind, approvalDigest, parseApprovalText } from './approval.ts'
import { APPROVAL_DAYS } from './judge-approval.ts'
import { openSignedText } from './signed-text.ts'

/** What was approved, as the record of its being done names it. */
export interface ApprovedPaper {
  readonly kind: ApprovalKind
  readonly ledger: string
  readonly plan_id: string
  readonly plan_sha256: string
  readonly made_by: string
  readonly made_at: string
  readonly approval_sha256: string
  /** When it was done. */
  readonly done_at: UnixMillis
}

export type ApprovalAuthority =
  | { readonly state: 'approved'; readonly approver: string }
  /** Nothing contradicts it, and no key was pinned that the approval could hold under. */
  | { readonly state: 'not checked' }
  | { readonly state: 'none'; readonly because: NoApproval }

export type NoApproval =
  | 'approval-missing'
  | 'approval-altered'
  | 'approval-of-another-plan'
  | 'approval-by-the-planner'
  | 'approval-out-of-time'

const DAY = 86_400_000

/** `approvers`: keys that whoever verifies has pinned. */
export function authorityOfApproval(
  note: Uint8Array | undefined,
  { kind, ledger, plan_id, plan_sha256, made_by, made_at, approval_sha256, done_at }: ApprovedPaper,
  approvers: readonly VerifierKey[],
): ApprovalAuthority {
  if (note === undefined) return none('approval-missing')
  if (approvalDigest(kind, note) !== approval_sha256) return none('approval-altered')
  const signed = openSignedText(note, approvers)
  if ('code' in signed)
    return signed.code === 'signed-by-a-key-that-is-not-pinned' ? { state: 'not checked' } : none('approval-altered')
  const approval = parseApprovalText(kind, signed.text)
  if (approval === undefined) return none('approval-altered')
  const isOfIt = approval.ledger === ledger && approval.plan_id === plan_id && approval.plan_sha256 === plan_sha256
  if (!isOfIt || approval.decision !== 'approve') return none('approval-of-another-plan')
  if (approval.approver === made_by) return none('approval-by-the-planner')
  const approved = Date.parse(approval.approved_at)
  const isInTime = approval.approved_at >= made_at && approved <= done_at
  if (!isInTime || done_at - approved > APPROVAL_DAYS * DAY) return none('approval-out-of-time')
  return { state: 'approved', approver: approval.approver }
}

function none(because: NoApproval): ApprovalAuthority {
  return { state: 'none', because }
}
