// The certificate of a disposition: what was destroyed, under which policies, by whose leave, and what still stands, signed by the
// ledger (spec/disposition.md §6).

import type { VerifierKey } from '../formats/verifier-key.ts'
import { COPIES, type Copy, copyName, repeatedCopy } from '../papers/copies.ts'
import type { PaperFault } from '../papers/paper.ts'
import {
  ascending,
  byMembers,
  count,
  hash,
  isMembers,
  label,
  list,
  object,
  oneOf,
  type Rule,
  sentence,
  time,
} from '../papers/rules.ts'
import { openSignedPaper, paperText, parsePaperText, type SignedPaperFormat } from '../papers/signed-paper.ts'
import type { SignedTextFault } from '../papers/signed-text.ts'
import { type ArchivedObject, OBJECTS } from './archived-objects.ts'
import { DISPOSITION_STATES, type DispositionState } from './phases.ts'
import { type DispositionPlan, MIN_DELAY_DAYS, type PolicyCount, planDigest } from './plan.ts'

export interface DispositionCertificate {
  readonly ledger: string
  readonly certified_at: string
  readonly plan_sha256: string
  readonly manifest_sha256: string
  readonly planned_by: string
  readonly planned_at: string
  readonly leave: Leave
  readonly policy_set_sha256: string
  readonly policies: readonly PolicyCount[]
  /** The entries `records_disposed` of the decision and of this outcome. */
  readonly decision_seq: number
  readonly decided_at: string
  readonly outcome_seq: number
  readonly records: number
  readonly first_seq: number
  readonly last_seq: number
  readonly contents: number
  /** A checkpoint that covered every record while it was there: the manifest says at which places. */
  readonly covered_by: { readonly size: number; readonly root_sha256: string }
  /** Of the archive: gone. */
  readonly objects_destroyed: readonly string[]
  /** Those that are to go and stand, or hold what stays. */
  readonly objects_standing: readonly ArchivedObject[]
  readonly copies: readonly Copy[]
  readonly state: DispositionState
  /** What that means, in sentences for people. */
  readonly says: readonly string[]
}

export type Leave =
  | {
      readonly state: 'approved'
      readonly approver: string
      readonly approved_at: string
      readonly approval_sha256: string
    }
  | {
      readonly state: 'not independently approved'
      readonly announced_seq: number
      readonly announced_at: string
      readonly delay_days: number
    }

const APPROVED = object({ state: oneOf(['approved']), approver: label, approved_at: time, approval_sha256: hash })
const DELAYED = object({
  state: oneOf(['not independently approved']),
  announced_seq: count,
  announced_at: time,
  delay_days: count,
})
const leave: Rule = (value, path) => (isMembers(value) && value.state === 'approved' ? APPROVED : DELAYED)(value, path)

const CERTIFICATE: SignedPaperFormat<DispositionCertificate> = {
  header: 'affidavit disposition certificate v1',
  kind: 'disposition-certificate',
  maxBytes: 2 ** 18,
  members: {
    ledger: label,
    certified_at: time,
    plan_sha256: hash,
    manifest_sha256: hash,
    planned_by: label,
    planned_at: time,
    leave,
    policy_set_sha256: hash,
    policies: ascending(object({ policy: label, records: count }), 1, 500, byMembers('policy')),
    decision_seq: count,
    decided_at: time,
    outcome_seq: count,
    records: count,
    first_seq: count,
    last_seq: count,
    contents: count,
    covered_by: object({ size: count, root_sha256: hash }),
    objects_destroyed: ascending(label, 0, 300),
    objects_standing: OBJECTS,
    copies: COPIES,
    state: oneOf(DISPOSITION_STATES),
    says: list(sentence, 1, 20),
  },
  contradiction,
}

function contradiction(certificate: DispositionCertificate): string | undefined {
  const { decision_seq, first_seq, last_seq, records, covered_by } = certificate
  if (certificate.outcome_seq <= decision_seq) return 'an outcome that is not behind its decision'
  if (last_seq >= decision_seq) return 'a record behind the decision'
  if (records === 0 || last_seq - first_seq + 1 < records) return 'more records than there were, or none'
  if (covered_by.size <= last_seq) return 'a checkpoint that does not cover every record'
  if (certificate.planned_at > certificate.decided_at || certificate.decided_at > certificate.certified_at)
    return 'times out of order'
  if (repeatedCopy(certificate.copies)) return 'a copy that stands twice'
  const standing = new Set(certificate.objects_standing.map(({ key }) => key))
  if (certificate.objects_destroyed.some((key) => standing.has(key))) return 'an object that is destroyed, and stands'
  const state = stateOf(certificate.objects_standing)
  return (certificate.state === state ? undefined : `state is not ${state}`) ?? leaveProblem(certificate)
}

/** What may be said of a disposition of which these objects stand. */
export function stateOf(standing: readonly ArchivedObject[]): DispositionState {
  return standing.length === 0 ? 'disposed' : 'disposing'
}

function leaveProblem({ leave, planned_by, decision_seq, decided_at }: DispositionCertificate): string | undefined {
  if (leave.state === 'approved') {
    if (leave.approver === planned_by) return 'approved by whoever planned it'
    return leave.approved_at > decided_at ? 'approved after it was decided' : undefined
  }
  if (leave.announced_seq >= decision_seq) return 'announced after it was decided'
  if (leave.delay_days < MIN_DELAY_DAYS) return 'a delay that is too short'
  const waited = Date.parse(decided_at) - Date.parse(leave.announced_at)
  return waited < leave.delay_days * DAY ? 'decided before the delay was over' : undefined
}

const DAY = 86_400_000
/**
 * The text that the checkpoint key signs as a statement.
 * @throws RangeError where parseCertificateText would not give back the same certificate
 */
export function certificateText(certificate: DispositionCertificate): string {
  return paperText(certificate, CERTIFICATE)
}

/** Reads the text of a certificate. Strict: certificateText gives the same text again. */
export function parseCertificateText(text: string): DispositionCertificate | PaperFault {
  return parsePaperText(text, CERTIFICATE)
}

/** Opens a signed certificate. Which keys are the ledger’s is for whoever verifies to say. */
export function openCertificate(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
): { readonly certificate: DispositionCertificate; readonly key: VerifierKey } | SignedTextFault | PaperFault {
  const opened = openSignedPaper(bytes, keys, CERTIFICATE)
  return 'code' in opened ? opened : { certificate: opened.paper, key: opened.key }
}

export interface CertificateFault {
  readonly code:
    | 'certificate-of-another-ledger'
    | 'certificate-of-another-plan'
    | 'certificate-of-another-planner'
    | 'certificate-of-other-records'
    | 'certificate-of-other-policies'
    | 'certificate-of-another-leave'
    | 'certificate-before-plan'
    | 'certificate-without-an-object'
    | 'certificate-without-a-copy'
}

/** Holds a certificate against the plan that it carries out. */
export function checkCertificate(
  certificate: DispositionCertificate,
  plan: DispositionPlan,
): CertificateFault | undefined {
  if (certificate.ledger !== plan.ledger) return { code: 'certificate-of-another-ledger' }
  if (certificate.plan_sha256 !== planDigest(plan)) return { code: 'certificate-of-another-plan' }
  if (certificate.planned_by !== plan.made_by || certificate.planned_at !== plan.made_at)
    return { code: 'certificate-of-another-planner' }
  const { manifest_sha256, records, contents, first_seq, last_seq } = plan
  const same =
    certificate.manifest_sha256 === manifest_sha256 &&
    certificate.records === records &&
    certificate.contents === contents
  if (!same || certificate.first_seq !== first_seq || certificate.last_seq !== last_seq)
    return { code: 'certificate-of-other-records' }
  const isSaid = JSON.stringify(certificate.policies) === JSON.stringify(plan.policies)
  if (!isSaid || certificate.policy_set_sha256 !== plan.policy_set_sha256)
    return { code: 'certificate-of-other-policies' }
  const { leave } = certificate
  if (leave.state !== 'approved' && leave.delay_days !== plan.delay_days)
    return { code: 'certificate-of-another-leave' }
  if (certificate.decision_seq <= plan.as_of_seq) return { code: 'certificate-before-plan' }
  const objects = new Set([...certificate.objects_destroyed, ...certificate.objects_standing.map(({ key }) => key)])
  if (plan.objects.some(({ key }) => !objects.has(key))) return { code: 'certificate-without-an-object' }
  const told = new Set(certificate.copies.map(copyName))
  return plan.copies.every((copy) => told.has(copyName(copy))) ? undefined : { code: 'certificate-without-a-copy' }
}
