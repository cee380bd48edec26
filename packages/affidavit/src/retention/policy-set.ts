// The policies that a ledger is kept by: the built-in ones, with what its operator decided (spec/retention.md §1).

import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { BUILT_IN_POLICIES } from './built-in.ts'
import { type Calendar, calendarOf } from './calendar.ts'
import type { RetentionPolicy } from './policy.ts'

export interface PolicySet {
  /** What its author calls this state of it; `built-in` where nobody wrote one. */
  readonly revision: string
  /** SHA-256 of everything that judgements rest on, lower-case hex: another release may know other policies. */
  readonly digest: string
  readonly calendar: Calendar
  /** MM-DD. */
  readonly fiscal_year_end: string | undefined
  /** Asked before anything is destroyed. */
  readonly time_source: string | undefined
  readonly policies: readonly RetentionPolicy[]
}

export type PolicySetSays = Omit<PolicySet, 'digest' | 'calendar'> & { readonly time_zone: string }

export function policySet({ time_zone, ...says }: PolicySetSays): PolicySet {
  const { fiscal_year_end = null, time_source = null } = says
  const digest = sha256Hex(canonicalJson({ ...says, fiscal_year_end, time_source, time_zone }, PLAIN_JSON))
  return { ...says, digest, calendar: calendarOf(time_zone) }
}

/** What holds where an operator wrote no set. */
export function builtInSet(): PolicySet {
  return policySet({
    revision: 'built-in',
    time_zone: 'UTC',
    fiscal_year_end: undefined,
    time_source: undefined,
    policies: BUILT_IN_POLICIES,
  })
}

export function policyNamed({ policies }: PolicySet, id: string): RetentionPolicy | undefined {
  return policies.find((policy) => policy.id === id)
}
