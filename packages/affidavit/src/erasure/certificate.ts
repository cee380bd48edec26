// The certificate of an erasure: what was destroyed, and what was not, signed by the ledger (spec/erasure.md §5). It tells
// nothing about who.

import type { VerifierKey } from '../formats/verifier-key.ts'
import { approvalDigest } from '../papers/approval.ts'
import { COPIES, type Copy, copyName, repeatedCopy } from '../papers/copies.ts'
import type { PaperFault } from '../papers/paper.ts'
import { ascending, count, generation, hash, label, list, oneOf, sentence, time } from '../papers/rules.ts'
import { openSignedPaper, paperText, parsePaperText, type SignedPaperFormat } from '../papers/signed-paper.ts'
import type { SignedTextFault } from '../papers/signed-text.ts'
import { type ErasurePlan, planDigest } from './plan.ts'

/** `erasing`: a key still stands, or nothing was done yet about a copy that is known of. */
export const ERASURE_STATES = ['erased', 'erasing'] as const
export type ErasureState = (typeof ERASURE_STATES)[number]

export interface ErasureCertificate {
  readonly ledger: string
  readonly certified_at: string
  readonly plan_sha256: string
  readonly approval_sha256: string
  /** The entries `content_erased` of the decision and of this outcome. */
  readonly decision_seq: number
  readonly outcome_seq: number
  /** The generation of the keyring from which on the keys are gone. */
  readonly keyring_generation: number
  /** How many persons and conversations. */
  readonly subjects: number
  readonly conversations: number
  /** As in the plan, with what came after it. */
  readonly records: number
  readonly payloads: number
  readonly bytes: number
  /** Payloads of others that were damaged when it was decided: they were not wrapped anew. */
  readonly damaged: number
  /** Versions of the key-encryption key, by the names that their keeper gives them. */
  readonly destroyed_key_versions: readonly string[]
  /** Those that still stand: a key service takes its time. */
  readonly retired_key_versions: readonly string[]
  readonly copies: readonly Copy[]
  readonly state: ErasureState
  /** What that means, in sentences for people. */
  readonly says: readonly string[]
}

const MAX_KEY_VERSIONS = 100

const CERTIFICATE: SignedPaperFormat<ErasureCertificate> = {
  header: 'affidavit erasure certificate v1',
  kind: 'erasure-certificate',
  maxBytes: 2 ** 18,
  members: {
    ledger: label,
    certified_at: time,
    plan_sha256: hash,
    approval_sha256: hash,
    decision_seq: count,
    outcome_seq: count,
    keyring_generation: generation,
    subjects: count,
    conversations: count,
    records: count,
    payloads: count,
    bytes: count,
    damaged: count,
    destroyed_key_versions: ascending(label, 0, MAX_KEY_VERSIONS),
    retired_key_versions: ascending(label, 0, MAX_KEY_VERSIONS),
    copies: COPIES,
    state: oneOf(ERASURE_STATES),
    says: list(sentence, 1, 20),
  },
  contradiction,
}

function contradiction(certificate: ErasureCertificate): string | undefined {
  const { destroyed_key_versions: destroyed, retired_key_versions: retired, copies } = certificate
  if (certificate.outcome_seq <= certificate.decision_seq) return 'an outcome that is not behind its decision'
  if (certificate.subjects + certificate.conversations === 0) return 'it is about nobody'
  if (certificate.records === 0 && certificate.payloads > 0) return 'payloads without records'
  if (certificate.payloads === 0 && certificate.bytes > 0) return 'bytes without payloads'
  if (certificate.payloads === 0 && certificate.damaged > 0) return 'damaged content that is lost for the sake of none'
  if (destroyed.length + retired.length === 0) return 'no key was destroyed, and none is to be'
  if (retired.some((version) => destroyed.includes(version))) return 'a key that is destroyed, and stands'
  if (repeatedCopy(copies)) return 'a copy that stands twice'
  return certificate.state === stateOf(retired, copies) ? undefined : `state is not ${stateOf(retired, copies)}`
}

/** What may be said of an erasure whose keys and copies are these. */
export function stateOf(retired_key_versions: readonly string[], copies: readonly Copy[]): ErasureState {
  return retired_key_versions.length === 0 && copies.every(({ state }) => state !== 'known') ? 'erased' : 'erasing'
}

/**
 * The text that the checkpoint key signs as a statement.
 * @throws RangeError where parseCertificateText would not give back the same certificate
 */
export function certificateText(certificate: ErasureCertificate): string {
  return paperText(certificate, CERTIFICATE)
}

/** Reads the text of a certificate. Strict: certificateText gives the same text again. */
export function parseCertificateText(text: string): ErasureCertificate | PaperFault {
  return parsePaperText(text, CERTIFICATE)
}

/** Opens a signed certificate. Which keys are the ledger’s is for whoever verifies to say. */
export function openCertificate(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
): { readonly certificate: ErasureCertificate; readonly key: VerifierKey } | SignedTextFault | PaperFault {
  const opened = openSignedPaper(bytes, keys, CERTIFICATE)
  return 'code' in opened ? opened : { certificate: opened.paper, key: opened.key }
}

export interface CertificateFault {
  readonly code:
    | 'certificate-of-another-ledger'
    | 'certificate-of-another-plan'
    | 'certificate-of-another-approval'
    | 'certificate-of-others'
    | 'certificate-of-more-damage'
    | 'certificate-before-plan'
    | 'certificate-of-an-old-keyring'
    | 'certificate-without-a-copy'
}

/** Holds a certificate against the plan that it carries out and the approval of it. */
export function checkCertificate(
  certificate: ErasureCertificate,
  plan: ErasurePlan,
  approval: Uint8Array,
): CertificateFault | undefined {
  if (certificate.ledger !== plan.ledger) return { code: 'certificate-of-another-ledger' }
  if (certificate.plan_sha256 !== planDigest(plan)) return { code: 'certificate-of-another-plan' }
  if (certificate.approval_sha256 !== approvalDigest('erasure', approval))
    return { code: 'certificate-of-another-approval' }
  const { subjects, conversations } = plan
  if (certificate.subjects !== subjects.length || certificate.conversations !== conversations.length)
    return { code: 'certificate-of-others' }
  if (certificate.damaged > plan.damaged) return { code: 'certificate-of-more-damage' }
  // Of one spelling, times sort as texts.
  if (certificate.certified_at < plan.made_at || certificate.decision_seq <= plan.as_of_seq)
    return { code: 'certificate-before-plan' }
  if (certificate.keyring_generation <= plan.keyring_generation) return { code: 'certificate-of-an-old-keyring' }
  const told = new Set(certificate.copies.map(copyName))
  return plan.copies.every((copy) => told.has(copyName(copy))) ? undefined : { code: 'certificate-without-a-copy' }
}
