// What late facts say (spec/late-facts.md §1): links between persons, content linked later, other classifications,
// amendments, anchors of retention periods. One reader for drafts and for records: what admission refuses, no reader follows.

import { memberPath } from '../bytes/json.ts'
import { isTimestamp } from '../clock/clock.ts'
import { RECORDED_ANCHORS, type RecordedAnchor } from './anchors.ts'
import { type Details, labelOf, refuse, wordOf } from './details.ts'
import { DraftFault } from './draft-fault.ts'
import { CLASSIFICATIONS, type Classification, type Draft, OWN_MEMBERS } from './fields.ts'

/** These subjects are one person. */
export interface SubjectLink {
  readonly action: 'subject_linked'
  readonly reason: string
  readonly subject_ids: readonly string[]
}

/** A record, or the payloads of it that are named, is about these subjects too. */
export interface ContentLink {
  readonly action: 'content_linked'
  readonly reason: string
  readonly parent_id: string
  readonly subject_ids: readonly string[]
  /** Names of payloads; the whole record where left out. */
  readonly content?: readonly string[]
}

/** A link is taken back: that of the parent, which names the same subjects. */
export interface Unlink {
  readonly action: 'subject_unlinked'
  readonly reason: string
  readonly parent_id: string
  readonly subject_ids: readonly string[]
}

/** A record counts as this from now on. */
export interface Reclassification {
  readonly action: 'record_reclassified'
  readonly reason: string
  readonly parent_id: string
  readonly data_classification: Classification
  /** All that apply, none where empty; as before where left out. */
  readonly compliance_domains?: readonly string[]
  /** As before where left out. */
  readonly retention_class?: string
}

/** A record says something wrong, and this is right. */
export interface Amendment {
  readonly action: 'record_amended'
  readonly reason: string
  readonly parent_id: string
  /** The right values of the record's fields. */
  readonly amends: Readonly<Partial<Record<AmendableField, string>>>
}

/** What an anchor was recorded of. */
export type AnchorScope =
  | { readonly of: 'record'; readonly parent_id: string }
  | { readonly of: 'conversation'; readonly conversation_id: string }
  | { readonly of: 'resource'; readonly resource_type: string; readonly resource_id: string }
  | { readonly of: 'subjects'; readonly subject_ids: readonly string[] }

/** From when periods of these records are counted. */
export type RetentionAnchor = AnchorScope & {
  readonly action: 'retention_anchor_recorded'
  readonly reason: string
  readonly anchor: RecordedAnchor
  /** `YYYY-MM-DD`; `open` where it has not come, or not for good. */
  readonly day: string
}

export type LateFact = SubjectLink | ContentLink | Unlink | Reclassification | Amendment | RetentionAnchor

/** Fields that an amendment can correct: what its own field of this name says is right for the record. */
export const AMENDABLE_FIELDS = [
  'agent_name',
  'agent_version',
  'grant_id',
  'model',
  'on_behalf_of',
  'outcome',
  'outcome_reason',
  'prompt_version',
  'purpose',
  'resource_id',
  'resource_type',
] as const

export type AmendableField = (typeof AMENDABLE_FIELDS)[number]

/** The members of details that each has besides `reason`, and how the rest of it is read. */
const FORMS: Readonly<Record<LateFact['action'], { members: readonly string[]; read: Reader }>> = {
  subject_linked: { members: [], read: readSubjectLink },
  content_linked: { members: ['content'], read: readContentLink },
  subject_unlinked: { members: [], read: readUnlink },
  record_reclassified: {
    members: ['data_classification', 'compliance_domains', 'retention_class'],
    read: readReclassification,
  },
  retention_anchor_recorded: { members: ['anchor', 'day', 'open'], read: readAnchor },
  record_amended: { members: ['amends'], read: readAmendment },
}

type Reader = (fields: Omit<Draft, 'content'>, details: Details, reason: string) => LateFact

/**
 * The fact that a draft or a record states; `undefined` where its action is none of these.
 * @throws DraftFault where it is stated by an agent, or not in its form
 */
export function readLateFact(fields: Omit<Draft, 'content'>): LateFact | undefined {
  const { action, actor_type, details = {} } = fields
  if (!isLateFact(action)) return undefined
  if (actor_type === 'agent') {
    throw new DraftFault('actor_type', `${action} is stated by a user, an admin or a system, never by an agent`)
  }
  const { members, read } = FORMS[action]
  const stranger = Object.keys(details).find(
    (name) => name !== 'reason' && !OWN_MEMBERS.includes(name) && !members.includes(name),
  )
  if (stranger !== undefined) {
    const known = ['reason', ...members].join(', ')
    throw new DraftFault(memberPath('details', stranger), `the details of ${action} are ${known}, and nothing else`)
  }
  return read(fields, details, labelOf(details.reason, 'details.reason'))
}

export function isLateFact(action: string): action is LateFact['action'] {
  return Object.hasOwn(FORMS, action)
}

function readSubjectLink(fields: Draft, _: Details, reason: string): SubjectLink {
  return { action: 'subject_linked', reason, subject_ids: subjectsOf(fields, 2) }
}

function readContentLink(fields: Draft, { content }: Details, reason: string): ContentLink {
  const subjects = subjectsOf(fields, 1)
  const link = { action: 'content_linked', reason, parent_id: parentOf(fields), subject_ids: subjects } as const
  return content === undefined ? link : { ...link, content: setOf(content, 'details.content', 1, labelOf) }
}

function readUnlink(fields: Draft, _: Details, reason: string): Unlink {
  return { action: 'subject_unlinked', reason, parent_id: parentOf(fields), subject_ids: subjectsOf(fields, 1) }
}

function readReclassification(fields: Omit<Draft, 'content'>, details: Details, reason: string): Reclassification {
  const data_classification = wordAmong(CLASSIFICATIONS, details.data_classification, 'details.data_classification')
  const { compliance_domains: domains, retention_class } = details
  return {
    action: 'record_reclassified',
    reason,
    parent_id: parentOf(fields),
    data_classification,
    ...(domains === undefined ? {} : { compliance_domains: setOf(domains, 'details.compliance_domains', 0, wordOf) }),
    ...(retention_class === undefined ? {} : { retention_class: wordOf(retention_class, 'details.retention_class') }),
  }
}

function readAnchor(fields: Draft, details: Details, reason: string): RetentionAnchor {
  const anchor = wordAmong(RECORDED_ANCHORS, details.anchor, 'details.anchor')
  return { action: 'retention_anchor_recorded', reason, anchor, day: dayOf(details), ...scopeOf(fields) }
}

function dayOf({ day, open }: Details): string {
  if (day === undefined) {
    return open === 'yes' ? 'open' : refuse('details.day', 'say on which day it fell, or that it is open: yes')
  }
  if (open !== undefined) return refuse('details.open', 'what fell on a day is not open; leave out one of the two')
  if (typeof day === 'string' && isTimestamp(`${day}T00:00:00.000Z`)) return day
  return refuse('details.day', 'must be a day of the calendar: 2026-11-22')
}

const ONE_SCOPE = 'one of parent_id, conversation_id, resource_id, subject_ids says of what the anchor is, and no other'

function scopeOf({ parent_id, conversation_id, resource_type, resource_id, subject_ids }: Draft): AnchorScope {
  const scopes: AnchorScope[] = []
  if (parent_id !== undefined) scopes.push({ of: 'record', parent_id })
  if (conversation_id !== undefined) scopes.push({ of: 'conversation', conversation_id })
  if (resource_type !== undefined) {
    if (resource_id === undefined) return refuse('resource_id', 'say of which resource the anchor is')
    scopes.push({ of: 'resource', resource_type, resource_id })
  }
  if (subject_ids !== undefined) scopes.push({ of: 'subjects', subject_ids })
  const [scope, second] = scopes
  if (scope === undefined) return refuse('parent_id', ONE_SCOPE)
  return second === undefined ? scope : refuse(FIELD_OF[second.of], ONE_SCOPE)
}

const FIELD_OF: Readonly<Record<AnchorScope['of'], keyof Draft>> = {
  record: 'parent_id',
  conversation: 'conversation_id',
  resource: 'resource_id',
  subjects: 'subject_ids',
}

function readAmendment(fields: Omit<Draft, 'content'>, details: Details, reason: string): Amendment {
  const names = details.amends === undefined ? [] : setOf(details.amends, 'details.amends', 1, amendableOf)
  const amends = Object.fromEntries(names.map((name) => [name, amendedBy(fields, name)]))
  return { action: 'record_amended', reason, parent_id: parentOf(fields), amends }
}

function amendableOf(value: unknown, path: string): AmendableField {
  return wordAmong(AMENDABLE_FIELDS, value, path)
}

function amendedBy(fields: Draft, name: AmendableField): string {
  return fields[name] ?? refuse(name, 'details.amends names this field; give the value that is right for the record')
}

function parentOf({ action, parent_id }: Draft): string {
  return parent_id ?? refuse('parent_id', `${action} names the record that it is about`)
}

function subjectsOf({ action, subject_ids = [] }: Draft, least: number): readonly string[] {
  if (subject_ids.length >= least) return subject_ids
  return refuse('subject_ids', `${action} names at least ${least === 1 ? 'one subject' : `${least} subjects`}`)
}

/** A list of at least so many, none of them twice. */
function setOf<T>(value: unknown, path: string, least: number, memberOf: (value: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) return refuse(path, 'must be a list')
  if (value.length < least) return refuse(path, 'names nothing; leave it out, or name something')
  const members = value.map((member: unknown, i) => memberOf(member, `${path}[${i}]`))
  return new Set(members).size === members.length ? members : refuse(path, 'a value stands twice in this set')
}

function wordAmong<const T extends string>(words: readonly T[], value: unknown, path: string): T {
  return words.find((word) => word === value) ?? refuse(path, `must be one of ${words.join(', ')}`)
}
