// What a legal hold and its release say (spec/holds.md §1). One reader for drafts and for records.

import { isHex } from '../bytes/hex.ts'
import { memberPath } from '../bytes/json.ts'
import { type Details, instantOf, labelOf, refuse, wordOf } from './details.ts'
import { type Draft, OWN_MEMBERS } from './fields.ts'

/** Which records a hold binds: those for which all of it is so. Ids are as records have them: tokens for persons. */
export interface HoldQuery {
  readonly conversation_id?: string
  /** Any of them; each is one person with whom links lead to. */
  readonly subject_ids?: readonly string[]
  /** Who acted, or in whose name. */
  readonly actor_id?: string
  readonly agent_name?: string
  readonly resource_type?: string
  readonly resource_id?: string
  /** When it happened, as claimed, or when it was recorded: from inclusive, until exclusive. */
  readonly from?: string
  readonly until?: string
}

export interface Hold {
  readonly matter: string
  readonly reason: string
  /** Who answers for it. */
  readonly custodian: string
  /** Of everything where it has no member. */
  readonly query: HoldQuery
}

export interface HoldRelease {
  /** The id of the `hold_placed`. */
  readonly hold_id: string
  /** Its integrity_hash. */
  readonly hold_sha256: string
  readonly matter: string
  readonly reason: string
  /** The text of the paper that asked for it, and of the note by which somebody else let it be done. */
  readonly release: string
  readonly release_sha256: string
  readonly approval: string
  readonly approval_sha256: string
}

type Fields = Omit<Draft, 'content'>

const QUERY_MEMBERS = {
  conversation_id: labelOf,
  actor_id: labelOf,
  agent_name: labelOf,
  resource_type: wordOf,
  resource_id: labelOf,
  from: instantOf,
  until: instantOf,
} as const

/** @throws DraftFault naming what is missing, or contradicts itself */
export function readHold(fields: Fields): Hold {
  const { on_behalf_of, outcome_reason: reason, subject_ids, details = {} } = fields
  expectPerson(fields, 'places a hold')
  if (on_behalf_of === undefined) return refuse('on_behalf_of', 'say who answers for the hold: its custodian')
  if (reason === undefined) return refuse('outcome_reason', 'say why the hold is placed')
  expectOnly(details, 'details', ['matter', 'query', 'everything', 'carried_from', 'carried_sha256'])
  const matter = labelOf(details.matter, 'details.matter')
  if (details.carried_from !== undefined) {
    labelOf(details.carried_from, 'details.carried_from')
    hashOf(details.carried_sha256, 'details.carried_sha256')
  }
  const query = { ...queryOf(details.query), ...(subject_ids === undefined ? {} : { subject_ids }) }
  const isNarrowed = Object.keys(query).length > 0
  if (isNarrowed && details.everything !== undefined) {
    return refuse('details.everything', 'what binds everything is narrowed by nothing; leave out one of the two')
  }
  if (!isNarrowed && details.everything !== 'yes') {
    return refuse('details.query', 'a hold says what it binds; one that binds everything says so: everything yes')
  }
  return { matter, reason, custodian: on_behalf_of, query }
}

function queryOf(value: unknown): HoldQuery {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('details.query', 'must be an object')
  }
  const given: Details = { ...value }
  expectOnly(given, 'details.query', Object.keys(QUERY_MEMBERS))
  const read = Object.entries(QUERY_MEMBERS)
    .filter(([name]) => given[name] !== undefined)
    .map(([name, of]) => [name, of(given[name], `details.query.${name}`)] as const)
  const query: HoldQuery = Object.fromEntries(read)
  if (query.resource_id !== undefined && query.resource_type === undefined) {
    return refuse('details.query.resource_type', 'a resource_id needs its resource_type')
  }
  if (query.from !== undefined && query.until !== undefined && query.until <= query.from) {
    return refuse('details.query.until', 'is not after from')
  }
  return query
}

/** @throws DraftFault naming what is missing */
export function readHoldRelease(fields: Fields): HoldRelease {
  const { parent_id, outcome_reason: reason, details = {} } = fields
  expectPerson(fields, 'releases a hold')
  if (parent_id === undefined) return refuse('parent_id', 'name the hold: the id of its hold_placed')
  if (reason === undefined) return refuse('outcome_reason', 'say why the hold is released')
  expectOnly(details, 'details', RELEASE_MEMBERS)
  return {
    hold_id: parent_id,
    matter: labelOf(details.matter, 'details.matter'),
    reason,
    release: textOf(details.release, 'details.release'),
    approval: textOf(details.approval, 'details.approval'),
    hold_sha256: hashOf(details.hold_sha256, 'details.hold_sha256'),
    release_sha256: hashOf(details.release_sha256, 'details.release_sha256'),
    approval_sha256: hashOf(details.approval_sha256, 'details.approval_sha256'),
  }
}

const RELEASE_MEMBERS = ['matter', 'hold_sha256', 'release', 'release_sha256', 'approval', 'approval_sha256']

function expectPerson({ actor_type }: Fields, does: string): void {
  if (actor_type !== 'user' && actor_type !== 'admin') refuse('actor_type', `a user or an admin ${does}`)
}

function expectOnly(details: Details, path: string, members: readonly string[]): void {
  const stranger = Object.keys(details).find((name) => !OWN_MEMBERS.includes(name) && !members.includes(name))
  if (stranger !== undefined) {
    refuse(memberPath(path, stranger), `the members here are ${members.join(', ')}, and no other`)
  }
}

function textOf(value: unknown, path: string): string {
  return typeof value === 'string' && value !== '' ? value : refuse(path, 'must be the text of a paper')
}

function hashOf(value: unknown, path: string): string {
  return typeof value === 'string' && isHex(value, 64) ? value : refuse(path, 'must be 64 lower-case hex digits')
}
