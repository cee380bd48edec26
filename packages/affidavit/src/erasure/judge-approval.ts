// Whether an approval lets an erasure begin (spec/erasure.md §3).

import { type ApprovalCase, type ApprovalFault, type JudgedApproval, judgeApproval } from '../papers/judge-approval.ts'
import { type ErasurePlan, planDigest } from './plan.ts'

export interface ErasureCase extends Omit<ApprovalCase, 'planned'> {
  readonly plan: ErasurePlan
}

/** Judges the bytes of a signed approval. */
export function judgeErasureApproval(note: Uint8Array, { plan, ...on }: ErasureCase): JudgedApproval | ApprovalFault {
  const { ledger, plan_id, made_at, made_by, refused_count } = plan
  const acts = { plan: 'plan-erasure', approve: 'approve-erasure' } as const
  const words = { ledger, plan_id, made_at, made_by, refused_count, plan_sha256: planDigest(plan) }
  return judgeApproval(note, { ...on, planned: { kind: 'erasure', acts, ...words } })
}
