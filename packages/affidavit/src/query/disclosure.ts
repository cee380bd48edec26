// What an accounting of disclosures asks for (spec/authority.md §3).

import type { AuditRecord } from '../formats/fields.ts'
import { recipientOf } from '../formats/recipient.ts'

export type DisclosureMember = 'recipient' | 'description' | 'purpose' | 'legal_basis'

/** What a record of a disclosure lacks; nothing for any other record. */
export function lackingIn(record: AuditRecord): readonly DisclosureMember[] {
  const { action, content = [], purpose, details } = record
  if (action !== 'data_disclosed') return []
  const has: Readonly<Record<DisclosureMember, boolean>> = {
    recipient: recipientOf(record) !== undefined,
    description: content.some(({ name }) => name === 'description'),
    purpose: purpose !== undefined,
    legal_basis: typeof details?.legal_basis === 'string',
  }
  return MEMBERS.filter((member) => !has[member])
}

const MEMBERS: readonly DisclosureMember[] = ['recipient', 'description', 'purpose', 'legal_basis']
