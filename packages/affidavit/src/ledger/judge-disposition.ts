// Whether a plan may be carried out at this moment (spec/disposition.md §4): the leave is judged, and the manifest is held against what
// the ledger has now.

import { type AccessPolicy, mayDo } from '../access/policy.ts'
import { formatTimestamp, parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { judgeDispositionApproval } from '../disposition/judge-approval.ts'
import { type DelayFault, judgeDelay } from '../disposition/judge-delay.ts'
import { type Manifest, manifestDigest, parseManifest } from '../disposition/manifest.ts'
import type { Announcement, Decision } from '../disposition/phases.ts'
import { type DispositionPlan, planDigest } from '../disposition/plan.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { APPROVAL_DAYS } from '../papers/judge-approval.ts'
import type { Told } from './disposition-records.ts'
import type { Judging, NotDue } from './judge-listed.ts'
import { refusedDisposition } from './refused-disposition.ts'

/** A plan with its manifest, by whose leave, and who carries it out. */
export interface DispositionOrder {
  readonly plan: DispositionPlan
  /** As it came. */
  readonly manifest: Uint8Array
  /** The signed note, as it came; absent where a delay on record takes its place. */
  readonly approval?: Uint8Array
  /** By the name that stands in the access policy. */
  readonly person: string
  readonly policy: AccessPolicy
}

/** @throws LedgerError `invalid-query` */
export function refuseUnlessDisposer({ policy, person }: Pick<DispositionOrder, 'policy' | 'person'>): void {
  const permission = mayDo(policy, person, 'dispose')
  if (!permission.allowed) throw refusedDisposition('disposer-not-allowed', permission.problem, permission.cure)
}

/** @throws LedgerError `invalid-query` */
export function refuseOtherLedger(plan: DispositionPlan, ledger: string): void {
  if (plan.ledger === ledger) return
  const problem = `the plan is for ${plan.ledger}, and this is ${ledger}`
  throw refusedDisposition('plan-of-another-ledger', problem, 'carry it out where it was made')
}

/** The manifest of a plan. @throws LedgerError `invalid-query` where it is that of another plan, or none */
export function manifestOf(plan: DispositionPlan, bytes: Uint8Array): Manifest {
  const manifest = parseManifest(bytes)
  const told = 'code' in manifest ? `it is none (${manifest.code})` : contradictions(plan, manifest, bytes)
  if (!('code' in manifest) && told === '') return manifest
  throw refusedDisposition(
    'manifest-of-another-plan',
    `the manifest is not the one that the plan names: ${told}`,
    'hand in both files as affidavit dispose plan wrote them',
  )
}

/** What the plan says of its manifest, and is otherwise. */
function contradictions(plan: DispositionPlan, { records, ...manifest }: Manifest, bytes: Uint8Array): string {
  const listed = {
    ...manifest,
    manifest_sha256: manifestDigest(bytes),
    records: records.length,
    first_seq: records[0]?.seq,
    last_seq: records.at(-1)?.seq,
  }
  const members = ['ledger', 'plan_id', 'records', 'first_seq', 'last_seq', 'manifest_sha256'] as const
  return members
    .filter((name) => plan[name] !== listed[name])
    .map((name) => `${name} is ${plan[name]} in the plan, and ${listed[name]} by the manifest`)
    .join('; ')
}

/** The decision that the leave allows. @throws LedgerError `invalid-query` */
export function judgeLeave(
  order: DispositionOrder,
  ledger: string,
  announced: Told<Announcement> | undefined,
  at: UnixMillis,
): Decision {
  const { plan, approval, policy } = order
  const { manifest_sha256, records } = plan
  const words = { phase: 'decided', plan_sha256: planDigest(plan), manifest_sha256, records } as const
  if (approval !== undefined) {
    const judged = judgeDispositionApproval(approval, { ledger, plan, policy, at })
    if ('code' in judged) throw notApproved(judged.code)
    return { ...words, approval_sha256: judged.approval_sha256 }
  }
  if (announced === undefined) return unreachable('a plan that waits was announced')
  const since = parseTimestamp(announced.recorded_at) ?? unreachable('a time of the ledger')
  const fault = judgeDelay(plan, since, { policy, at })
  if (fault !== undefined) throw delayRefused(fault)
  return { ...words, announced_seq: announced.seq }
}

function notApproved(fault: string): Error {
  const cure = `have exactly this plan approved with affidavit dispose approve, by another records_approver than the planner, at most ${APPROVAL_DAYS} days ago`
  return refusedDisposition(fault, 'this approval does not let this plan be carried out', cure)
}

const DELAY_WORDS: Readonly<Record<DelayFault['code'], readonly [problem: string, cure: string]>> = {
  'approval-missing': [
    'another person has to approve this plan',
    'hand in the signed note with --approval; an organisation of one names an outside approver in the access policy, or plans with --delay-days',
  ],
  'planner-not-named': [
    'who made the plan has no name in the access policy',
    'let a named records_officer make another plan',
  ],
  'planner-not-allowed': ['who made the plan may plan no disposition', 'let a records_officer make another plan'],
  'delay-beside-an-approver': [
    'there is another person who may approve',
    'have the plan approved by them: a delay is for organisations of one',
  ],
  'delay-not-over': ['the delay of this plan is not over', 'come back when it is'],
}

/** That no delay takes the place of an approval, or not yet. */
export function delayRefused(fault: DelayFault): Error {
  const [problem, cure] = DELAY_WORDS[fault.code]
  const until = fault.code === 'delay-not-over' ? `: it can be carried out from ${formatTimestamp(fault.until)} on` : ''
  return refusedDisposition(fault.code, `${problem}${until}`, cure)
}

/** @throws LedgerError `invalid-query` where others are in force than those that the plan was made by */
export function refuseOtherPolicies(
  { policy_set_sha256 }: DispositionPlan,
  judging: Pick<Judging, 'policy_set_sha256'>,
): void {
  if (policy_set_sha256 === judging.policy_set_sha256) return
  throw refusedDisposition(
    'policies-changed',
    'the retention policies are not those that the plan was made by',
    'make a new plan with affidavit dispose plan, and have that one approved',
  )
}

/** That the ledger was opened before the retention policies that are in force. */
export function overtakenSet(): Error {
  return refusedDisposition(
    'policies-changed',
    'other retention policies came into force since this ledger was opened',
    'open it again, with those; what was decided goes on with affidavit dispose finish, and is judged by them',
  )
}

/** That a record of the plan is not to be destroyed, or not any more. */
export function outdated({ seq, because }: NotDue): Error {
  return refusedDisposition(
    'plan-is-outdated',
    `the record at seq ${seq} is not due: ${REASONS[because]}`,
    'make a new plan with affidavit dispose plan, and have that one approved',
  )
}

const REASONS: Readonly<Record<NotDue['because'], string>> = {
  conflict: 'a maximum ends before the minimum, which a person has to resolve',
  free: 'the policies do not have it destroyed',
  held: 'a legal hold binds it',
  kept: 'its minimum has not passed',
  later: 'it is beyond what one plan lists',
  needed: 'the ledger is understood by it',
  unclassified: 'nobody has said what it is',
  waits: 'an anchor has not come',
  gone: 'it is there no more',
  altered: 'its bytes are not those that the manifest lists; run affidavit verify',
}
