// What the papers of one disposition prove under pinned keys, without its ledger (spec/disposition.md §8). Pure.

import { utf8 } from '../bytes/text.ts'
import { parseTimestamp } from '../clock/clock.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import type { PaperFault } from '../papers/paper.ts'
import type { SignedTextFault } from '../papers/signed-text.ts'
import { type Authority, authorityOf, type NoAuthority } from './authority.ts'
import { type CertificateFault, checkCertificate, type DispositionCertificate, openCertificate } from './certificate.ts'
import type { DispositionPapers } from './disposition-papers.ts'
import { manifestDigest, parseManifest } from './manifest.ts'
import type { Decision } from './phases.ts'
import { type DispositionPlan, parsePlan } from './plan.ts'

export type JudgedPapers =
  | {
      readonly state: 'holds'
      readonly certificate: DispositionCertificate
      readonly plan: DispositionPlan
      /** The key that signed the certificate. */
      readonly key: VerifierKey
      readonly authority: Exclude<Authority, { state: 'none' }>
    }
  | { readonly state: 'does not hold'; readonly because: PapersFault }

export type PapersFault =
  | (SignedTextFault | PaperFault)['code']
  | CertificateFault['code']
  | NoAuthority
  | 'manifest-altered'
  | 'manifest-of-another-plan'

/**
 * @param keys of the ledger
 * @param approvers of those who may approve: where none of them signed the approval, authority is `not checked`
 */
export function judgePapers(
  papers: DispositionPapers,
  keys: readonly VerifierKey[],
  approvers: readonly VerifierKey[],
): JudgedPapers {
  const opened = openCertificate(utf8(papers.certificate), keys)
  if ('code' in opened) return fails(opened.code)
  const { certificate, key } = opened
  const bytes = utf8(papers.plan)
  const plan = parsePlan(bytes)
  if ('code' in plan) return fails('plan-altered')
  const fault = checkCertificate(certificate, plan)
  if (fault !== undefined) return fails(fault.code)
  const listed = manifestFault(utf8(papers.manifest), plan)
  if (listed !== undefined) return fails(listed)
  const authority = authorityOf(
    {
      ledger: certificate.ledger,
      decision: decisionOf(certificate),
      decided_at: parseTimestamp(certificate.decided_at) ?? 0,
      plan: bytes,
      approval: papers.approval === '' ? undefined : utf8(papers.approval),
      announced: announcedIn(certificate),
    },
    approvers,
  )
  if (authority.state === 'none') return fails(authority.because)
  if (authority.state === 'approved' && !isApprover(authority.approver, certificate))
    return fails('certificate-of-another-leave')
  return { state: 'holds', certificate, plan, key, authority }
}

function manifestFault(bytes: Uint8Array, plan: DispositionPlan): PapersFault | undefined {
  const manifest = parseManifest(bytes)
  if ('code' in manifest || manifestDigest(bytes) !== plan.manifest_sha256) return 'manifest-altered'
  const { ledger, plan_id, records } = manifest
  const ends = records[0]?.seq === plan.first_seq && records.at(-1)?.seq === plan.last_seq
  const isIts = ends && ledger === plan.ledger && plan_id === plan.plan_id && records.length === plan.records
  return isIts ? undefined : 'manifest-of-another-plan'
}

function decisionOf({ plan_sha256, manifest_sha256, records, leave }: DispositionCertificate): Decision {
  const words = { phase: 'decided', plan_sha256, manifest_sha256, records } as const
  return leave.state === 'approved'
    ? { ...words, approval_sha256: leave.approval_sha256 }
    : { ...words, announced_seq: leave.announced_seq }
}

// The ledger says so under its signature: nothing else does, where nobody approved.
function announcedIn({
  leave,
  plan_sha256,
  manifest_sha256,
}: DispositionCertificate): Parameters<typeof authorityOf>[0]['announced'] {
  if (leave.state === 'approved') return undefined
  const { announced_at, delay_days } = leave
  const announcement = { phase: 'announced', plan_sha256, manifest_sha256, delay_days } as const
  return { announcement, at: parseTimestamp(announced_at) ?? 0 }
}

function isApprover(approver: string, { leave }: DispositionCertificate): boolean {
  return leave.state === 'approved' && leave.approver === approver
}

function fails(because: PapersFault): JudgedPapers {
  return { state: 'does not hold', because }
}
