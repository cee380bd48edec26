// Which records are accesses to data, and by which agent (spec/authority.md §2).

import { ACCESSES, type Access, type AuditRecord } from '../formats/fields.ts'
import type { NARROWING } from '../formats/grant.ts'
import type { NameOf } from '../ledger/question.ts'

/** What of an access is held against grants, with one name for each id. */
export interface DataAccess
  extends Readonly<Pick<AuditRecord, 'seq' | 'timestamp' | 'recorded_at' | (typeof NARROWING)[number]>> {
  readonly access: Access
  readonly agent_name: string | undefined
  readonly resource_type: string | undefined
  /** The grant that it claims to be made under. */
  readonly claimed: string | undefined
}

/** How a record says that data was touched; `undefined` where it does not, or where it was denied. */
export function touchedBy({ action, outcome }: AuditRecord): Access | undefined {
  if (outcome === 'denied') return undefined
  if (action === 'data_accessed') return 'read'
  if (action === 'data_modified') return 'write'
  return action === 'data_disclosed' ? 'disclose' : undefined
}

/** How the call that a record announces was to touch data: if it has no outcome, it may have. */
export function announcedBy({ action, outcome, resource_type, details }: AuditRecord): Access | undefined {
  if (action !== 'tool_invoked' || outcome === 'denied' || resource_type === undefined) return undefined
  return ACCESSES.find((word) => word === details?.access) ?? 'read'
}

export function dataAccess(record: AuditRecord, access: Access, nameOf: NameOf): DataAccess {
  const { seq, timestamp, recorded_at, resource_type, on_behalf_of, resource_id, conversation_id } = record
  const { subject_ids, purpose, grant_id } = record
  return {
    seq,
    timestamp,
    recorded_at,
    access,
    agent_name: agentOf(record),
    resource_type,
    claimed: grant_id === undefined ? undefined : nameOf(grant_id),
    ...(on_behalf_of === undefined ? {} : { on_behalf_of: nameOf(on_behalf_of) }),
    ...(resource_id === undefined ? {} : { resource_id: nameOf(resource_id) }),
    ...(conversation_id === undefined ? {} : { conversation_id: nameOf(conversation_id) }),
    ...(subject_ids === undefined ? {} : { subject_ids: subject_ids.map(nameOf) }),
    ...(purpose === undefined ? {} : { purpose }),
  }
}

/** The agent that a record is about. */
export function agentOf({ agent_name, actor_type, actor_id }: AuditRecord): string | undefined {
  return agent_name ?? (actor_type === 'agent' ? actor_id : undefined)
}
