// Grants and their revocations, with their place in the ledger (spec/authority.md §1). What is none covers nothing and is
// told: readers trust neither the writer nor the file that it was imported from.

import { DraftFault } from '../formats/draft-fault.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { type Grant, readGrant, readRevocation } from '../formats/grant.ts'
import type { Asked, NameOf } from '../ledger/question.ts'

/** A grant, and the record that states it. */
export interface GrantOnRecord extends Grant {
  readonly seq: number
  readonly id: string
  readonly recorded_at: string
  /** What revocations and accesses call it. */
  readonly name: string
  /** The first that came after it. */
  readonly revoked?: RevocationOnRecord
}

export interface RevocationOnRecord {
  readonly seq: number
  readonly recorded_at: string
  readonly revoked_by: string
  readonly reason: string
}

/** A record of a grant, of a revocation or of an approval that is none. */
export interface IgnoredRecord
  extends Readonly<Pick<AuditRecord, 'seq' | 'id' | 'action' | 'agent_name' | 'resource_type' | 'resource_id'>> {
  readonly problem: string
}

export interface Authority {
  /** In the order of seq. */
  readonly grants: readonly GrantOnRecord[]
  readonly ignored: readonly IgnoredRecord[]
  /** The grants of an agent for a type of resource, by `scopeKey`. */
  readonly byScope: ReadonlyMap<string, GrantsInScope>
  readonly nameOf: NameOf
}

/** In the order of seq. An agent may have a grant for each of its conversations. */
export interface GrantsInScope {
  readonly all: readonly GrantOnRecord[]
  readonly byConversation: ReadonlyMap<string | undefined, readonly GrantOnRecord[]>
}

/** All there is until now: what was recorded after an access does not count for it. */
export async function readAuthority(asked: Asked): Promise<Authority> {
  const records: AuditRecord[] = []
  for await (const record of asked.find({ action: 'access_granted' }, { action: 'access_revoked' }))
    records.push(record)
  return authorityOf(records, await asked.namesOf(records.flatMap(idsOf)))
}

/** What records of grants and revocations come to, in the order of seq. */
export function authorityOf(records: readonly AuditRecord[], nameOf: NameOf): Authority {
  const grants: GrantOnRecord[] = []
  const ignored: IgnoredRecord[] = []
  const revocations = new Map<string, RevocationOnRecord[]>()
  const names = new Set<string>()
  for (const record of records) {
    const { seq, id, action, recorded_at, actor_id } = record
    const ignore = (problem: string): number => ignored.push({ seq, id, action, ...scopeIn(record, nameOf), problem })
    if (action === 'access_granted') names.add(nameOf(record.grant_id ?? id))
    const read = readRecord(underOneName(record, nameOf))
    if ('fault' in read) ignore(read.fault)
    else if ('grant' in read) grants.push({ ...read.grant, seq, id, recorded_at, name: nameOf(record.grant_id ?? id) })
    else if (!names.has(read.grant_id)) ignore('grant_id: is the name of no grant that was recorded before it')
    else {
      const revocation = { seq, recorded_at, revoked_by: actor_id, reason: read.reason }
      revocations.set(read.grant_id, [...(revocations.get(read.grant_id) ?? []), revocation])
    }
  }
  const ended = grants.map((grant) => {
    const revoked = revocations.get(grant.name)?.find(({ seq }) => seq > grant.seq)
    return revoked === undefined ? grant : { ...grant, revoked }
  })
  return { grants: ended, ignored, byScope: inScopes(ended), nameOf }
}

function inScopes(grants: readonly GrantOnRecord[]): ReadonlyMap<string, GrantsInScope> {
  const scopes = [...Map.groupBy(grants, (grant) => scopeKey(grant.agent_name, grant.resource_type))]
  return new Map(
    scopes.map(([key, all]) => [key, { all, byConversation: Map.groupBy(all, (grant) => grant.conversation_id) }]),
  )
}

function scopeIn({ agent_name, resource_type, resource_id }: AuditRecord, nameOf: NameOf): Partial<AuditRecord> {
  return {
    ...(agent_name === undefined ? {} : { agent_name }),
    ...(resource_type === undefined ? {} : { resource_type }),
    ...(resource_id === undefined ? {} : { resource_id: nameOf(resource_id) }),
  }
}

export function scopeKey(agent_name: string, resource_type: string): string {
  return `${agent_name}\n${resource_type}`
}

type Read =
  | { readonly grant: Grant }
  | { readonly grant_id: string; readonly reason: string }
  | { readonly fault: string }

function readRecord(record: AuditRecord): Read {
  try {
    return record.action === 'access_granted' ? { grant: readGrant(record) } : readRevocation(record)
  } catch (error) {
    if (error instanceof DraftFault) return { fault: error.message }
    throw error
  }
}

// Subjects are tokens always.
const IDS = ['actor_id', 'on_behalf_of', 'resource_id', 'conversation_id', 'grant_id'] as const

function idsOf(record: AuditRecord): readonly string[] {
  return IDS.map((field) => record[field]).filter((id) => id !== undefined)
}

// An agent's name is no id: an approver of that name is made the same, so that a grant to oneself is found.
function underOneName(record: AuditRecord, nameOf: NameOf): AuditRecord {
  const named = IDS.flatMap((field) => {
    const id = record[field]
    return id === undefined ? [] : [[field, nameOf(id)] as const]
  })
  const { actor_id, agent_name } = record
  const isOwn = agent_name !== undefined && nameOf(actor_id) === nameOf(agent_name)
  return { ...record, ...Object.fromEntries(named), ...(isOwn ? { actor_id: agent_name } : {}) }
}
