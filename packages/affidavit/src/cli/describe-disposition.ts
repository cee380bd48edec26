// The plan of a disposition in words, for whoever is to approve it, and its certificate, for whoever asks what became of records.

import type { ArchivedObject } from '../disposition/archived-objects.ts'
import type { DispositionCertificate, Leave } from '../disposition/certificate.ts'
import type { DispositionPlan, PolicyCount, Stay } from '../disposition/plan.ts'
import { counted, printable } from './output.ts'

export function linesOfDisposition(plan: DispositionPlan): string[] {
  const { records, first_seq, last_seq, contents, delay_days } = plan
  return [
    `plan          ${plan.plan_id}, made ${plan.made_at} by ${plan.made_by}`,
    `ledger        ${plan.ledger}, as of seq ${plan.as_of_seq}, judged at ${plan.judged_at}`,
    `destroys      ${counted(records, 'record')}, ${wordsOfSeqs(first_seq, last_seq)}, with ${counted(contents, 'content')}`,
    ...plan.policies.map(lineOfPolicy),
    `manifest      ${plan.manifest_sha256}`,
    `policies      ${plan.policy_set_sha256}`,
    ...plan.objects.map((one) => lineOfObject(one, plan.made_at)),
    ...plan.stays.map(lineOfStay),
    delay_days === 0
      ? 'needs         the approval of another person'
      : `needs         ${delay_days} days on record: nobody else approves it`,
    ...plan.copies.map(({ kind, where, state }) => `copy          ${kind} ${where}: ${state}`),
    ...plan.not_destroyed.map((sentence) => `remains       ${sentence}`),
  ].map(printable)
}

export function linesOfCertificate(certificate: DispositionCertificate): string[] {
  const { records, first_seq, last_seq, covered_by } = certificate
  return [
    `${certificate.state.padEnd(14)}${counted(records, 'record')}, ${wordsOfSeqs(first_seq, last_seq)}, with ${counted(certificate.contents, 'content')}`,
    `ledger        ${certificate.ledger}`,
    `planned       ${certificate.planned_at} by ${certificate.planned_by}`,
    `leave         ${wordsOfLeave(certificate.leave)}`,
    `decided       at seq ${certificate.decision_seq}, ${certificate.decided_at}; outcome at seq ${certificate.outcome_seq}`,
    ...certificate.policies.map(lineOfPolicy),
    `plan          ${certificate.plan_sha256}`,
    `manifest      ${certificate.manifest_sha256}`,
    `covered by    the checkpoint of size ${covered_by.size}, root ${covered_by.root_sha256}`,
    ...certificate.objects_destroyed.map((key) => `destroyed     ${key}`),
    ...certificate.objects_standing.map(lineOfStanding),
    ...certificate.copies.map(({ kind, where, state }) => `copy          ${kind} ${where}: ${state}`),
    ...certificate.says.map((sentence) => `says          ${sentence}`),
  ].map(printable)
}

function wordsOfSeqs(first: number, last: number): string {
  return first === last ? `seq ${first}` : `seq ${first} to ${last}`
}

// One that no lock was read back of has the time of the reading.
function lineOfObject({ key, locked_until, fate }: ArchivedObject, made_at: string): string {
  const until = locked_until <= made_at ? 'which no lock keeps' : `locked until ${locked_until}`
  const becomes = fate === 'goes' ? 'goes' : 'what stays of it is written anew, then it goes'
  return `archive       ${key}, ${until}: ${becomes}`
}

/** An object of the archive that is to go. */
export function lineOfStanding({ key, locked_until, fate }: ArchivedObject): string {
  const why = fate === 'waits' ? '; what stays of it is not written anew yet' : ''
  return `stands        ${key}, locked until ${locked_until}${why}`
}

function wordsOfLeave(leave: Leave): string {
  return leave.state === 'approved'
    ? `approved ${leave.approved_at} by ${leave.approver}`
    : `not independently approved: on record since ${leave.announced_at}, for ${leave.delay_days} days`
}

function lineOfPolicy({ policy, records }: PolicyCount): string {
  return `under         ${policy}: ${counted(records, 'record')}`
}

const WHY: Readonly<Record<Stay['because'], string>> = {
  conflict: 'a maximum ends before a minimum: for a person to resolve',
  free: 'may go, and the policies do not have them destroyed',
  held: 'a legal hold binds them',
  kept: 'their minimum has not passed',
  later: 'due too, for another plan',
  needed: 'the ledger is understood by them',
  unclassified: 'nobody has said what they are',
  waits: 'an anchor has not come',
}

function lineOfStay({ because, records, sample }: Stay): string {
  const seqs = sample.map((seq) => `seq ${seq}`).join(', ')
  return `stays         ${counted(records, 'record')}, ${because}: ${WHY[because]} (${seqs}${sample.length < records ? ', …' : ''})`
}
