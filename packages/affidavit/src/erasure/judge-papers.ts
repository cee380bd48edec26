// What the papers of one erasure prove under pinned keys (spec/erasure.md §5). Pure.

import { utf8 } from '../bytes/text.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { parseApprovalText } from '../papers/approval.ts'
import type { PaperFault } from '../papers/paper.ts'
import { openSignedText, type SignedTextFault } from '../papers/signed-text.ts'
import { type CertificateFault, checkCertificate, type ErasureCertificate, openCertificate } from './certificate.ts'
import { type ErasurePlan, planDigest } from './plan.ts'

export type JudgedErasure =
  | {
      readonly state: 'holds'
      readonly certificate: ErasureCertificate
      readonly key: VerifierKey
      readonly authority: { readonly state: 'approved'; readonly approver: string } | { readonly state: 'not checked' }
    }
  | {
      readonly state: 'does not hold'
      readonly because:
        | (SignedTextFault | PaperFault)['code']
        | CertificateFault['code']
        | 'approval-of-another-plan'
        | 'approval-by-the-planner'
    }

/** @param approvers keys of those who may approve: where none of them signed the approval, authority is `not checked` */
export function judgeErasurePapers(
  papers: { readonly certificate: string; readonly plan: ErasurePlan; readonly approval: Uint8Array },
  keys: readonly VerifierKey[],
  approvers: readonly VerifierKey[],
): JudgedErasure {
  const { plan, approval: note } = papers
  const opened = openCertificate(utf8(papers.certificate), keys)
  if ('code' in opened) return { state: 'does not hold', because: opened.code }
  const fault = checkCertificate(opened.certificate, plan, note)
  if (fault !== undefined) return { state: 'does not hold', because: fault.code }
  const signed = openSignedText(note, approvers)
  if ('code' in signed) {
    if (signed.code === 'signed-by-a-key-that-is-not-pinned')
      return { state: 'holds', ...opened, authority: { state: 'not checked' } }
    return { state: 'does not hold', because: signed.code }
  }
  const approval = parseApprovalText('erasure', signed.text)
  const isOfIt = approval?.plan_sha256 === planDigest(plan) && approval.decision === 'approve'
  if (!isOfIt) return { state: 'does not hold', because: 'approval-of-another-plan' }
  if (approval.approver === plan.made_by) return { state: 'does not hold', because: 'approval-by-the-planner' }
  return { state: 'holds', ...opened, authority: { state: 'approved', approver: approval.approver } }
}
