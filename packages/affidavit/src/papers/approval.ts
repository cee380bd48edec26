// An approval: a note by the approver's own key over the digest of what somebody else planned (spec/erasure.md §3). What it is
// worth is judged in judge-approval.ts.

import { concatBytes } from '../bytes/compare.ts'
import { isHex } from '../bytes/hex.ts'
import { labelProblem } from '../bytes/label.ts'
import { utf8 } from '../bytes/text.ts'
import { isTimestamp } from '../clock/clock.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { formatNote } from '../formats/note.ts'
import type { SignerKey } from '../formats/signer-key.ts'
import { UUID_V7 } from './rules.ts'

/** What can be approved. It stands in the first line of what is signed: an approval of one kind is none of another. */
export type ApprovalKind = 'erasure' | 'disposition' | 'hold release'

export interface Approval {
  readonly ledger: string
  /** UUIDv7 of the plan; of the release of a hold, the hold's id. */
  readonly plan_id: string
  readonly plan_sha256: string
  /** A person of the access policy, by the name that stands there. */
  readonly approver: string
  readonly approved_at: string
  readonly decision: Decision
}

export type Decision = 'approve' | 'refuse'

function approvalText(kind: ApprovalKind, approval: Approval): string {
  const { ledger, plan_id, plan_sha256, approver, approved_at, decision } = approval
  return `${[headerOf(kind), ledger, plan_id, plan_sha256, approver, approved_at, decision].join('\n')}\n`
}

function headerOf(kind: ApprovalKind): string {
  return `affidavit ${kind} approval v1`
}

/** Reads the text of an approval. Strict: there is no other text of the same approval. */
export function parseApprovalText(kind: ApprovalKind, text: string): Approval | undefined {
  const lines = text.split('\n')
  const [header, ledger = '', plan_id = '', plan_sha256 = '', approver = '', approved_at = '', decision, end] = lines
  if (header !== headerOf(kind) || end !== '' || lines.length !== 8) return undefined
  if ([ledger, approver].some((label) => labelProblem(label, MAX_LABEL_BYTES) !== undefined)) return undefined
  if (!UUID_V7.test(plan_id) || !isHex(plan_sha256, 64) || !isTimestamp(approved_at)) return undefined
  if (decision !== 'approve' && decision !== 'refuse') return undefined
  return { ledger, plan_id, plan_sha256, approver, approved_at, decision }
}

/**
 * The signed note.
 * @throws RangeError where parseApprovalText would refuse its text, or the key is not of type Ed25519
 */
export function signApproval(kind: ApprovalKind, approval: Approval, { verifierKey, privateKey }: SignerKey): string {
  const text = approvalText(kind, approval)
  if (parseApprovalText(kind, text) === undefined) throw new RangeError('this is no approval')
  if (verifierKey.type !== 'ed25519') throw new RangeError(`a ${verifierKey.type} key signs no approvals`)
  const { name, keyId } = verifierKey
  return formatNote(text, [{ name, keyId, signature: signEd25519(privateKey, utf8(text)) }])
}

/** What records and certificates name an approval by: 64 lower-case hex digits, over the note with its signature. */
export function approvalDigest(kind: ApprovalKind, note: Uint8Array): string {
  return sha256Hex(concatBytes(utf8(`affidavit signed ${kind} approval v1\n`), note))
}
