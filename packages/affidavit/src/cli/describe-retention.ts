// Retention policies and judgements in words that a records officer reads.

import type { Disposition } from '../retention/judgement.ts'
import type { Anchor, Basis, Period, PolicyStatus, RetentionPolicy, Scope } from '../retention/policy.ts'
import { counted, printable } from './output.ts'

const UNITS = { calendar_years: 'calendar year', calendar_months: 'calendar month', days: 'day' } as const

const ANCHOR_WORDS: Readonly<Record<Anchor, string>> = {
  record_created: 'the creation of the record',
  last_in_effect: 'the day it was last in effect',
  disclosure_date: 'the disclosure',
  account_closed: 'the closing of the account',
  transaction_end: 'the end of the transaction',
  audit_concluded: 'the conclusion of the audit',
  fiscal_year_end: 'the end of the fiscal year',
  decision_date: 'the decision',
  personnel_action: 'the personnel action',
  matter_closed: 'the closing of the matter',
  purpose_end: 'the end of the purpose',
  last_use: 'the last use of the data',
  system_placed_on_market: 'the day the system was placed on the market',
  final_contract_period_end: 'the end of the last contract period',
  no_longer_needed: 'the day it is no longer needed',
  authorisation: 'the authorisation of the payment',
}

const BASIS_WORDS: Readonly<Record<Basis, string>> = {
  law: 'law',
  standard: 'a standard',
  policy: 'a policy',
  guidance: 'guidance, no rule',
  convention: 'a convention, no rule',
  product: 'a choice of this product, no rule',
}

const CONFIDENCE_WORDS: Readonly<Record<RetentionPolicy['confidence'], string>> = {
  V: 'its text was seen',
  S: 'a secondary source was seen',
  K: 'to be verified before anybody relies on it',
  own: 'said by whoever wrote it',
}

export const STATE_WORDS: Readonly<Record<Disposition['state'], string>> = {
  conflict: 'a maximum ends before the minimum, or while it runs: a person decides, and nothing is destroyed',
  due: 'to be destroyed, once that was planned and approved',
  held: 'its minimum has passed, and a legal hold binds it',
  free: 'its minimum has passed, and the policies do not have it destroyed',
  waits: 'waits for what its minimum is counted from',
  unclassified: 'kept, since nobody has said what it is',
  kept: 'kept by a minimum',
}

export function anchorWords(anchors: readonly Anchor[]): string {
  return anchors.map((anchor) => ANCHOR_WORDS[anchor]).join(' and ')
}

/** `6 calendar years from the creation of the record`. */
export function periodWords({ value, unit, anchors }: Period): string {
  const later = anchors.length > 1 ? ', whichever is later' : ''
  if (value === 0) return `until the end of ${anchorWords(anchors)}`
  return `${counted(value, UNITS[unit])} from ${anchorWords(anchors)}${later}`
}

export function lengthWords({ minimum, extension, maximum, without_minimum }: RetentionPolicy): string {
  const least = minimum === undefined ? undefined : `at least ${periodWords(minimum)}`
  const longer = extension === undefined ? undefined : `extended to ${periodWords(extension)}`
  const most = maximum === undefined ? undefined : `at most ${periodWords(maximum)}`
  const said = [least, longer, most].filter((words) => words !== undefined)
  return said.length === 0 ? `no number: ${printable(without_minimum ?? '')}` : said.join('; ')
}

/** Where it comes from, and how surely that was seen. */
export function sourceWords({
  citation,
  basis,
  confidence,
}: Pick<RetentionPolicy, 'citation' | 'basis' | 'confidence'>): string {
  return `${citation === '-' ? 'no citation' : printable(citation)} (${BASIS_WORDS[basis]}; ${CONFIDENCE_WORDS[confidence]})`
}

export function statusWords(status: PolicyStatus): string {
  switch (status.state) {
    case 'in-force':
      return 'in force'
    case 'from':
      return `in force from ${status.day}`
    case 'until':
      return `rescinded on ${status.day}`
    case 'draft':
      return 'a draft'
    case 'adopted':
      return 'adopted by the operator’s set'
  }
}

export function scopeWords(applies_to: RetentionPolicy['applies_to']): string {
  if (applies_to === 'when-adopted') return 'no record by itself: an operator’s set adopts it'
  if (applies_to.length === 0) return 'records that no other policy gives a period'
  return applies_to.map(oneScope).join('; or ')
}

function oneScope(scope: Scope): string {
  const { compliance_domains, retention_classes, resource_types, actions } = scope
  const said = [
    words('of the domain', compliance_domains),
    words('of the class', retention_classes),
    words('about', resource_types),
    words('that are', actions),
  ].filter((condition) => condition !== undefined)
  return said.length === 0 ? 'every record' : `records ${said.join(' and ')}`
}

function words(before: string, among: readonly string[] | undefined): string | undefined {
  return among === undefined ? undefined : `${before} ${among.join(' or ')}`
}
