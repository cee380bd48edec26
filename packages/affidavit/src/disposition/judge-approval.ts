// Whether an approval lets a disposition begin (spec/disposition.md §4).

import { type ApprovalCase, type ApprovalFault, type JudgedApproval, judgeApproval } from '../papers/judge-approval.ts'
import { type DispositionPlan, planDigest } from './plan.ts'

export interface DispositionCase extends Omit<ApprovalCase, 'planned'> {
  readonly plan: DispositionPlan
}

/** Judges the bytes of a signed approval. */
export function judgeDispositionApproval(
  note: Uint8Array,
  { plan, ...on }: DispositionCase,
): JudgedApproval | ApprovalFault {
  const { ledger, plan_id, made_at, made_by } = plan
  const acts = { plan: 'plan-disposition', approve: 'approve-disposition' } as const
  const words = { ledger, plan_id, made_at, made_by, refused_count: 0, plan_sha256: planDigest(plan) }
  return judgeApproval(note, { ...on, planned: { kind: 'disposition', acts, ...words } })
}
