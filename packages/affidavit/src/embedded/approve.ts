// Approving, or refusing, what somebody else planned: a signed note over the digest of the paper (spec/erasure.md §3). Pure.

import { labelProblem } from '../bytes/label.ts'
import { utf8 } from '../bytes/text.ts'
import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { type Decision, signApproval } from '../papers/approval.ts'
import { type Approvable, readApprovable } from './approvable.ts'
import { readApproverKey } from './approver-key.ts'

/** Who signs, with what, and when. */
export interface Approver {
  /** Your name in the access policy. */
  readonly person: string
  /** The text of your approver key, a secret: `PRIVATE+KEY+…`. */
  readonly key: string
  /** Milliseconds since 1970, UTC. */
  readonly at: UnixMillis
  /** `approve` where left out. */
  readonly decision?: Decision
}

/**
 * Signs that you approve a plan, or the release of a hold, or refuse it. Read it first: `readApprovable` says what it says.
 * @param paper its bytes, as they were made
 * @returns the signed note, which lets it be carried out for 30 days
 * @throws LedgerError `invalid-query` with the path `paper`, `person` or `key`; no key is ever repeated
 */
export function approve(paper: Uint8Array, { person, key, at, decision = 'approve' }: Approver): string {
  const planned = readApprovable(paper)
  const signer = readApproverKey(key)
  refuseUnlessAnother(planned, person)
  refuseUnlessReadable(planned, decision)
  const approved_at = formatTimestamp(at)
  if (approved_at < planned.made_at)
    throw refused('at', `the paper was made at ${planned.made_at}, and this clock says ${approved_at}`, 'set the clock')
  const { kind, ledger, plan_id, plan_sha256 } = planned
  return signApproval(kind, { ledger, plan_id, plan_sha256, approver: person, approved_at, decision }, signer)
}

/** The bytes of a signed note, which is text. */
export function noteOf(note: Uint8Array | string): Uint8Array {
  return typeof note === 'string' ? utf8(note) : note
}

// What the ledger would refuse later is refused here, where the person can still mend it.
function refuseUnlessAnother({ made_by, role }: Approvable, person: string): void {
  const problem = labelProblem(person, MAX_LABEL_BYTES)
  if (problem !== undefined) throw refused('person', `this name ${problem}`, 'write it as the access policy has it')
  if (person === made_by)
    throw refused('person', 'you have made this plan yourself', `let somebody else approve it who is a ${role}`)
}

function refuseUnlessReadable(planned: Approvable, decision: Decision): void {
  if (decision === 'refuse' || planned.kind !== 'erasure' || planned.says.refused_count === 0) return
  throw refused('paper', 'it has records that must stay readable', 'refuse it, and have another plan made')
}

function refused(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path}: ${problem}`, cure, path })
}
