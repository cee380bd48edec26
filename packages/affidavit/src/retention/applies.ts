// Which policies a record falls under (spec/retention.md §1). Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { JudgedRecord } from './judgement.ts'
import type { RetentionPolicy, Scope } from './policy.ts'
import type { PolicySet } from './policy-set.ts'

/** Those whose scope it is in, and that are in force at the instant. */
export function policiesFor(record: JudgedRecord, set: PolicySet, at: UnixMillis): readonly RetentionPolicy[] {
  return set.policies.filter((policy) => appliesTo(policy, record) && isInForce(policy, set, at))
}

function appliesTo({ applies_to, part }: RetentionPolicy, record: JudgedRecord): boolean {
  if (applies_to === 'when-adopted' || (part === 'content' && !record.has_content)) return false
  return applies_to.some((scope) => isWithin(scope, record))
}

function isWithin(
  { compliance_domains, retention_classes, resource_types, actions }: Scope,
  record: JudgedRecord,
): boolean {
  return (
    (compliance_domains === undefined ||
      record.compliance_domains.some((domain) => compliance_domains.includes(domain))) &&
    (retention_classes === undefined || retention_classes.includes(record.retention_class)) &&
    (resource_types === undefined ||
      (record.resource_type !== undefined && resource_types.includes(record.resource_type))) &&
    (actions === undefined || actions.includes(record.action))
  )
}

function isInForce({ status }: RetentionPolicy, { calendar }: PolicySet, at: UnixMillis): boolean {
  switch (status.state) {
    case 'in-force':
    case 'adopted':
      return true
    case 'from':
      return calendar.dayOf(at) >= status.day
    case 'until':
      return calendar.dayOf(at) < status.day
    case 'draft':
      return false
  }
}
