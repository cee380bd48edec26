// The plan of an erasure in words, for whoever is to approve it: everything that the plan says, but the ids themselves.

import type { ErasurePlan, Refusal } from '../erasure/plan.ts'
import type { Copy } from '../papers/copies.ts'
import { count, counted, printable } from './output.ts'

export function linesOf(plan: ErasurePlan): string[] {
  const { subjects, conversations, records, payloads, shared, refused } = plan
  return [
    `plan          ${plan.plan_id}, made ${plan.made_at} by ${plan.made_by}`,
    `ledger        ${plan.ledger}, as of seq ${plan.as_of_seq}, generation ${plan.keyring_generation} of the keyring`,
    `basis         ${plan.basis}: ${plan.reason}`,
    `destroys      the keys of ${counted(subjects.length, 'subject')} and ${counted(conversations.length, 'conversation')}`,
    `unreadable    ${counted(payloads, 'payload')} of ${counted(records, 'record')}, ${counted(plan.bytes, 'byte')}`,
    ...listed('for example', plan.sample.map((seq) => `seq ${seq}`).join(', ')),
    ...listed('shared', plan.shared_count === 0 ? '' : `${counted(plan.shared_count, 'payload')} that others lose too`),
    ...shared.map(({ seq, name, other_subjects }) => `  · seq ${seq}, ${name}: ${counted(other_subjects, 'other')}`),
    ...beyond(plan.shared_count, shared.length),
    ...listed(
      'wrapped anew',
      plan.wrapped_anew === 0 ? '' : `${counted(plan.wrapped_anew, 'record')} under keys of what was linked later`,
    ),
    ...linesOfDamage(plan),
    ...listed('REFUSED', plan.refused_count === 0 ? '' : `${counted(plan.refused_count, 'record')} must stay readable`),
    ...refused.map(lineOfRefusal),
    ...beyond(plan.refused_count, refused.length),
    ...plan.copies.map(lineOfCopy),
    ...plan.not_erased.map((sentence) => `stays         ${sentence}`),
  ].map(printable)
}

function linesOfDamage({ damaged, damaged_sample }: ErasurePlan): string[] {
  if (damaged === 0) return []
  return [
    `DAMAGED       ${counted(damaged, 'payload')} would be lost too: the stored content key is not the recorded one`,
    ...listed('for example', damaged_sample.map((seq) => `seq ${seq}`).join(', ')),
    '  · run affidavit verify --content, and bring them back from a backup first',
  ]
}

function lineOfRefusal({ seq, because, compliance_domains, holds, policies, earliest }: Refusal): string {
  const why = [`seq ${seq}, ${because}`, ...compliance_domains].join(' ')
  const said = [
    ...holds.map((hold) => `hold ${hold}`),
    ...(policies.length === 0 ? [] : [`kept by ${policies.join(', ')}`]),
    earliest === 'open' ? 'until that is over' : `until ${earliest}`,
  ]
  return `  · ${why}: ${said.join('; ')}`
}

function listed(word: string, said: string): string[] {
  return said === '' ? [] : [`${word.padEnd(14)}${said}`]
}

function beyond(all: number, shown: number): string[] {
  return all === shown ? [] : [`  · and ${count(all - shown)} more`]
}

function lineOfCopy({ kind, where, state }: Copy): string {
  return `copy          ${kind} ${where}: ${state}`
}
