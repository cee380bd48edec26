// The certificate of a disposition that was recorded (spec/disposition.md §6): made from records and papers, whenever it is asked for.

import { toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { DispositionCertificate, Leave } from '../disposition/certificate.ts'
import type { Decision, Outcome } from '../disposition/phases.ts'
import type { DispositionPlan } from '../disposition/plan.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { parseApprovalText } from '../papers/approval.ts'
import { type DispositionRecords, type RecordedDisposition, readPaper, type Told } from './disposition-records.ts'
import type { LedgerStore } from './store.ts'

/** A disposition with its decision. */
export interface DecidedDisposition extends Pick<RecordedDisposition, 'plan_sha256' | 'announced'> {
  readonly decided: Told<Decision>
}

/** A disposition with its outcome. */
export interface DoneDisposition extends RecordedDisposition {
  readonly decided: Told<Decision>
  readonly outcome: Told<Outcome>
}

export async function certificateOf(
  store: LedgerStore,
  ledger: string,
  records: DispositionRecords,
  disposition: DoneDisposition,
  plan: DispositionPlan,
  at: UnixMillis,
): Promise<DispositionCertificate> {
  const { decided, outcome, objects = [] } = disposition
  const { told } = decided
  const leave = await leaveOf(store, ledger, records, disposition)
  const standing = outcome.told.objects
  const stands = new Set(standing.map(({ key }) => key))
  return {
    ledger,
    // The ledger's own time never falls behind what it recorded.
    certified_at: [formatTimestamp(at), outcome.recorded_at].sort().at(-1) ?? outcome.recorded_at,
    plan_sha256: told.plan_sha256,
    manifest_sha256: told.manifest_sha256,
    planned_by: plan.made_by,
    planned_at: plan.made_at,
    leave,
    policy_set_sha256: plan.policy_set_sha256,
    policies: plan.policies,
    decision_seq: decided.seq,
    decided_at: decided.timestamp,
    outcome_seq: outcome.seq,
    records: plan.records,
    first_seq: plan.first_seq,
    last_seq: plan.last_seq,
    contents: plan.contents,
    covered_by: await coveredBy(store, ledger, decided.seq),
    objects_destroyed: [...new Set([...plan.objects, ...objects].map(({ key }) => key))]
      .filter((key) => !stands.has(key))
      .sort(),
    objects_standing: standing,
    copies: plan.copies,
    state: outcome.told.phase,
    says: sentencesOf(leave, outcome.told.phase),
  }
}

/** By whose leave it was decided. @throws LedgerError `store-corrupt` where the approval is in no record */
export async function leaveOf(
  store: LedgerStore,
  ledger: string,
  records: DispositionRecords,
  { decided, announced }: Pick<DoneDisposition, 'decided' | 'announced'>,
): Promise<Leave> {
  const { told } = decided
  return 'approval_sha256' in told
    ? approvedBy(await readPaper(store, ledger, records, told.approval_sha256), told.approval_sha256)
    : delayedBy(announced ?? unreachable('a decision after a delay that nobody announced'))
}

function approvedBy(note: Uint8Array | undefined, approval_sha256: string): Leave {
  const parsed = note && parseNote(note)
  const approval = parsed && !('code' in parsed) ? parseApprovalText('disposition', parsed.text) : undefined
  if (approval === undefined)
    throw new LedgerError('store-corrupt', {
      problem: `the approval ${approval_sha256} is in no record any more`,
      cure: 'run affidavit verify: it says what was changed',
    })
  const { approver, approved_at } = approval
  return { state: 'approved', approver, approved_at, approval_sha256 }
}

function delayedBy({ seq, recorded_at, told }: NonNullable<RecordedDisposition['announced']>): Leave {
  const { delay_days } = told
  return { state: 'not independently approved', announced_seq: seq, announced_at: recorded_at, delay_days }
}

// Published before it was decided: it covers every record that went.
async function coveredBy(
  store: LedgerStore,
  ledger: string,
  decision_seq: number,
): Promise<DispositionCertificate['covered_by']> {
  const kept = await store.latestCheckpoint(ledger, decision_seq)
  const note = kept && parseNote(utf8(kept.note))
  const body = note && !('code' in note) ? parseCheckpointBody(note.text) : undefined
  if (body === undefined || 'code' in body)
    throw new LedgerError('store-corrupt', {
      problem: `no checkpoint covers what was there before seq ${decision_seq}`,
      cure: 'run affidavit verify: it says what was changed',
    })
  return { size: body.size, root_sha256: toHex(body.root) }
}

function sentencesOf(leave: Leave, state: Outcome['phase']): string[] {
  return [
    'The records that the manifest lists, and the keys and bytes of content that no other record names, are gone from the database.',
    'Their leaf hashes stay: the manifest, with the checkpoint named here, says what stood where, and the log goes on to verify.',
    leave.state === 'approved'
      ? 'Another person than the planner approved this.'
      : 'Nobody but the planner approved this: the plan stood on record for its delay instead.',
    state === 'disposed'
      ? 'No object of the archive is left that was to go.'
      : 'It is not over: objects of the archive that hold these records stand, as listed.',
    'Copies that nobody knew of are in no list.',
  ]
}
