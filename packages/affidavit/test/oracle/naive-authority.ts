// Whether an access had a grant, as a plain reader of spec/authority.md §2 finds out: record by record, each condition by
// itself. Shares nothing with src but types.

import type { AuditRecord } from '../../src/formats/fields.ts'

export interface NaiveVerdict {
  readonly covered: boolean
  readonly seq?: number
  readonly why?: string
  readonly notes?: readonly string[]
  readonly differs?: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const WORDS: Readonly<Record<string, string>> = {
  data_accessed: 'read',
  data_modified: 'write',
  data_disclosed: 'disclose',
}

/** Grants that are none are left out by whoever makes them. */
export function naiveVerdict(records: readonly AuditRecord[], access: AuditRecord): NaiveVerdict {
  const grants = records.filter(({ action, seq }) => action === 'access_granted' && seq < access.seq)
  const first = grants.filter(
    (grant) => grant.agent_name === access.agent_name && grant.resource_type === access.resource_type,
  )
  if (first.length === 0) return { covered: false, why: 'no-grant' }
  const second = first.filter((grant) => differing(grant, access).length === 0)
  if (second.length === 0) {
    const fewest = Math.min(...first.map((grant) => differing(grant, access).length))
    const nearest = first.findLast((grant) => differing(grant, access).length === fewest)
    return {
      covered: false,
      why: 'outside-scope',
      ...(nearest === undefined ? {} : { seq: nearest.seq, differs: differing(nearest, access) }),
    }
  }
  const holding = second.filter((grant) => whyNot(grant, access, records) === undefined)
  if (holding.length === 0) {
    const newest = second.at(-1)
    return newest === undefined
      ? { covered: false }
      : { covered: false, why: String(whyNot(newest, access, records)), seq: newest.seq }
  }
  const claimsOther = access.grant_id !== undefined && !holding.some((grant) => nameOf(grant) === access.grant_id)
  const inTime = holding.filter((grant) => Date.parse(access.timestamp) + 60_000 >= Date.parse(grant.recorded_at))
  const counting = inTime.length > 0 ? inTime : holding
  const one = counting.findLast((grant) => nameOf(grant) === access.grant_id) ?? counting.at(-1)
  return {
    covered: true,
    ...(one === undefined ? {} : { seq: one.seq }),
    notes: [...(claimsOther ? ['claims-other-grant'] : []), ...(inTime.length === 0 ? ['granted-afterwards'] : [])],
  }
}

function nameOf(grant: AuditRecord): string {
  return grant.grant_id ?? grant.id
}

function differing(grant: AuditRecord, access: AuditRecord): readonly string[] {
  const found: string[] = []
  if (grant.on_behalf_of !== undefined && grant.on_behalf_of !== access.on_behalf_of) found.push('on_behalf_of')
  if (grant.resource_id !== undefined && grant.resource_id !== access.resource_id) found.push('resource_id')
  if (grant.subject_ids !== undefined) {
    const about = access.subject_ids ?? []
    const others = about.filter((subject) => !grant.subject_ids?.includes(subject))
    if (about.length === 0 || others.length > 0) found.push('subject_ids')
  }
  if (grant.purpose !== undefined && grant.purpose !== access.purpose) found.push('purpose')
  if (grant.conversation_id !== undefined && grant.conversation_id !== access.conversation_id) {
    found.push('conversation_id')
  }
  const allowed = detailsOf(grant).access
  if (!Array.isArray(allowed) || !allowed.includes(WORDS[access.action])) found.push('access')
  return found
}

function whyNot(grant: AuditRecord, access: AuditRecord, records: readonly AuditRecord[]): string | undefined {
  for (const record of records) {
    if (record.action !== 'access_revoked' || record.grant_id !== nameOf(grant)) continue
    if (record.seq > grant.seq && record.seq < access.seq) return 'after-revocation'
  }
  const from = Date.parse(String(detailsOf(grant).valid_from))
  const until = Date.parse(String(detailsOf(grant).valid_until))
  const [claimed, recorded] = [Date.parse(access.timestamp), Date.parse(access.recorded_at)]
  if (claimed < from) return 'before-period'
  if (recorded < from) return 'before-period'
  if (claimed >= until) return 'after-expiry'
  if (recorded >= until) return 'late'
  return undefined
}

function detailsOf({ details }: AuditRecord): Fields {
  return details ?? {}
}
