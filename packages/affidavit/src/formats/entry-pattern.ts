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
  'compliance_domains',
  'content',
  'conversation_id',
  'conversation_previous_hash',
  'conversation_seq',
  'details',
  'id',
  'ledger',
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
  // Whether the calendar has it is asked behind the pattern.
  timestamp: '[0-9TZ:.-]{24}',
  hash: '[0-9a-f]{64}',
  link: '(?:[0-9a-f]{64})?',
  salt: '[0-9a-f]{32}',
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

/**
 * A text that it matches, and whose `details` are JSON by themselves, is JSON in one way only: however the pattern came to
 * tell its parts from each other, they are the members that any parser reads.
 */
export const ENTRY: RegExp = new RegExp(`^\\{${Object.entries(ENTRY_FIELDS).map(entryMember).join('')}\\}$`)

function entryMember([name, { kind, required }]: readonly [string, (typeof ENTRY_FIELDS)[string]]): string {
  if (name === 'v') return `"v":${FORMAT_VERSION}`
  const member = `"${name}":${value(kind, CAPTURED.some((one) => one === name) ? '(' : '(?:')},`
  return required ? member : `(?:${member})?`
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
