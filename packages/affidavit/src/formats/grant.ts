// What a grant and its revocation say (spec/authority.md §1). One reader for drafts and for records: what admission
// refuses covers nothing.

import { isTimestamp } from '../clock/clock.ts'
import { DraftFault } from './draft-fault.ts'
import { ACCESSES, type Access, type Draft } from './fields.ts'

/** The fields that narrow a grant to what they say. */
export const NARROWING = ['on_behalf_of', 'resource_id', 'subject_ids', 'purpose', 'conversation_id'] as const

/** A permission with approver, scope and period. */
export interface Grant extends Readonly<Pick<Draft, (typeof NARROWING)[number]>> {
  readonly approver: string
  readonly agent_name: string
  readonly resource_type: string
  readonly access: readonly Access[]
  /** From inclusive, until exclusive. */
  readonly valid_from: string
  readonly valid_until: string
}

export interface Revocation {
  /** The name of the grants that it ends. */
  readonly grant_id: string
  readonly reason: string
}

type Fields = Omit<Draft, 'content'>

/** @throws DraftFault naming what is missing, or contradicts itself */
export function readGrant(fields: Fields): Grant {
  const { actor_id, actor_type, agent_name, resource_type, outcome, details = {} } = fields
  if (outcome !== undefined && outcome !== 'success') refuse('outcome', 'what was not granted is no access_granted')
  if (actor_type !== 'user' && actor_type !== 'admin') refuse('actor_type', 'a user or an admin approves a grant')
  if (agent_name === undefined) return refuse('agent_name', 'say which agent is granted access')
  if (resource_type === undefined) return refuse('resource_type', 'say what it may touch: a grant has a scope')
  if (actor_id === agent_name || actor_id === fields.on_behalf_of) {
    refuse('actor_id', 'whom the grant is for cannot approve it; name who else did')
  }
  const access = accessesIn(details.access)
  const valid_from = instantIn(details.valid_from, 'details.valid_from')
  const valid_until = instantIn(details.valid_until, 'details.valid_until')
  if (valid_until <= valid_from) refuse('details.valid_until', 'is not after valid_from')
  return { approver: actor_id, agent_name, resource_type, ...narrowed(fields), access, valid_from, valid_until }
}

/** @throws DraftFault naming what is missing */
export function readRevocation({ grant_id, outcome, outcome_reason }: Fields): Revocation {
  if (outcome !== undefined && outcome !== 'success') refuse('outcome', 'what was not revoked is no access_revoked')
  if (grant_id === undefined) return refuse('grant_id', 'name the grant that is revoked: its grant_id, else its id')
  if (outcome_reason === undefined) return refuse('outcome_reason', 'say why it is revoked')
  return { grant_id, reason: outcome_reason }
}

function narrowed(fields: Fields): Pick<Grant, (typeof NARROWING)[number]> {
  const { on_behalf_of, resource_id, subject_ids, purpose, conversation_id } = fields
  return {
    ...(on_behalf_of === undefined ? {} : { on_behalf_of }),
    ...(resource_id === undefined ? {} : { resource_id }),
    ...(subject_ids === undefined ? {} : { subject_ids }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(conversation_id === undefined ? {} : { conversation_id }),
  }
}

const WORDS = `a list of ${ACCESSES.join(', ')}`

function accessesIn(value: unknown): readonly Access[] {
  const path = 'details.access'
  if (!Array.isArray(value) || value.length === 0) return refuse(path, `say how it may be touched: ${WORDS}`)
  const members = value.map((member: unknown) => ACCESSES.find((word) => word === member))
  const unknown = members.indexOf(undefined)
  if (unknown >= 0) refuse(`${path}[${unknown}]`, `must be one of ${ACCESSES.join(', ')}`)
  if (new Set(members).size < members.length) refuse(path, 'a value stands twice in this set')
  return members.filter((word) => word !== undefined)
}

function instantIn(value: unknown, path: string): string {
  if (typeof value === 'string' && isTimestamp(value)) return value
  const form = 'UTC, RFC 3339 with milliseconds: 2026-11-21T09:30:00.000Z'
  return refuse(path, value === undefined ? `a grant has a period; ${form}` : `must be ${form}`)
}

function refuse(path: string, problem: string): never {
  throw new DraftFault(path, problem)
}
