// The entry of format v 1 as one pattern, made of the field table: plain entries, whose text is printable ASCII without a
// backslash, are told from all others in one pass (skim-entry.ts). It never backtracks far: only `details` has no inner
// form here, so that no text, however made, takes longer than its length asks for.

import {
  ACTION,
  ACTOR_TYPES,
  ASSURANCES,
  CLASSIFICATIONS,
  CONTENT_ALGORITHM,
  CONTENT_FIELDS,
  ENTRY_FIELDS,
  type FieldKind,
  FORMAT_VERSION,
  MAX_LABEL_BYTES,
  MAX_WORD_BYTES,
  OUTCOMES,
  SOURCE_FIELDS,
  UUID,
  WORD,
} from './fields.ts'

/** The members that ENTRY captures, quotes left out, in the order of its groups from 1 on. */
export const CAPTURED = [
  'action',
  'actor_id',
  'compliance_domains',
  'content',
  'conversation_id',
  'conversation_previous_hash',
  'conversation_seq',
  'details',
  'id',
  'ledger',
  'parent_id',
  'previous_hash',
  'producer_id',
  'producer_seq',
  'recorded_at',
  'resource_id',
  'resource_type',
  'seq',
  'subject_ids',
  'timestamp',
] as const

const LABEL = `[ !#-[\\]-~]{1,${MAX_LABEL_BYTES}}`
const LABELS = list(`"${LABEL}"`)

/** What stands between the quotes of a member. */
const QUOTED: { readonly [K in FieldKind]?: string } = {
  action: bounded(ACTION, MAX_LABEL_BYTES),
  outcome: OUTCOMES.join('|'),
  actor_type: ACTOR_TYPES.join('|'),
  classification: CLASSIFICATIONS.join('|'),
  assurance: ASSURANCES.join('|'),
  label: LABEL,
  id: LABEL,
  word: bounded(WORD, MAX_WORD_BYTES),
  uuid: body(UUID),
  timestamp: `[0-9]{4}-${days()}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z`,
  hash: hex(64),
  link: `(?:${hex(64)})?`,
  salt: hex(32),
  algorithm: CONTENT_ALGORITHM,
  trace_id: '[0-9a-f]{32}',
  span_id: '[0-9a-f]{16}',
}

/** Members without quotes: numbers of so many digits that they are safe, lists whose order is looked at later, objects. */
const BARE: { readonly [K in FieldKind]?: string } = {
  integer: '0|[1-9][0-9]{0,14}',
  ids: LABELS,
  words: list(`"${bounded(WORD, MAX_WORD_BYTES)}"`),
  labels: `\\[\\]|${LABELS}`,
  object: '\\{[ -[\\]-~]*?\\}',
}

/** Members that have members. */
const NESTED: { readonly [K in FieldKind]?: string } = {
  source: `\\{${Object.entries(SOURCE_FIELDS).map(innerMemberIfThere).join('')}\\}`,
  contents: list(`\\{${Object.entries(CONTENT_FIELDS).map(innerMember).join(',')}\\}`),
}

/** Members that stand side by side, and are all there or all absent. */
const TOGETHER: readonly (readonly string[])[] = [
  ['conversation_id', 'conversation_previous_hash', 'conversation_seq'],
  ['producer_id', 'producer_seq'],
]

/**
 * A text that it matches, and whose `details` are JSON by themselves, is JSON in one way only: however the pattern came to
 * tell its parts from each other, they are the members that any parser reads.
 */
export const ENTRY: RegExp = new RegExp(`^\\{${Object.entries(ENTRY_FIELDS).map(entryMember).join('')}\\}$`)

function entryMember([name, { kind, required }]: readonly [string, (typeof ENTRY_FIELDS)[string]]): string {
  if (name === 'v') return `"v":${FORMAT_VERSION}`
  const member = `"${name}":${value(kind, CAPTURED.some((one) => one === name) ? '(' : '(?:')},`
  const companions = TOGETHER.find((names) => names.includes(name))
  if (companions !== undefined) return companionMember(companions.indexOf(name), companions.length, member)
  if (name === 'resource_id') return `(?:${member}(?="resource_type":))?`
  return required ? member : `(?:${member})?`
}

function companionMember(at: number, count: number, member: string): string {
  return `${at === 0 ? '(?:' : ''}${member}${at === count - 1 ? ')?' : ''}`
}

/** Written out, because counting costs the engine more than the digits do. */
function hex(digits: number): string {
  return '[0-9a-f]'.repeat(digits)
}

/** Every day of the calendar but 29 February, which is not in every year: the authority reads such an entry. */
function days(): string {
  const upTo28 = '(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])'
  return `(?:${upTo28}|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)`
}

function innerMember([name, kind]: readonly [string, FieldKind]): string {
  return `"${name}":${value(kind, '(?:')}`
}

// A comma belongs to the member before it, where another one follows.
function innerMemberIfThere(member: readonly [string, FieldKind]): string {
  return `(?:${innerMember(member)}(?:,(?=")|(?=\\})))?`
}

function value(kind: FieldKind, group: '(' | '(?:'): string {
  const quoted = QUOTED[kind]
  return quoted === undefined ? `${group}${BARE[kind] ?? NESTED[kind]})` : `"${group}${quoted})"`
}

function body({ source }: RegExp): string {
  return source.slice(1, -1)
}

function bounded(form: RegExp, maxLength: number): string {
  return `(?=[^"]{1,${maxLength}}")${body(form)}`
}

function list(item: string): string {
  return `\\[${item}(?:,${item})*\\]`
}
