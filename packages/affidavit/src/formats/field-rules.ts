// What an entry of format v 1 may hold (spec/entry.md §3). Whoever wrote it is not trusted: what admission would never
// have let in is found here. No dependency, and part of the hottest loop of verification.

import { isHex } from '../bytes/hex.ts'
import type { JsonValue } from '../bytes/json.ts'
import { labelProblem } from '../bytes/label.ts'
import { isTimestamp } from '../clock/clock.ts'
import {
  ACTION,
  ACTOR_TYPES,
  ASSURANCES,
  CLASSIFICATIONS,
  CONTENT_ALGORITHM,
  CONTENT_FIELDS,
  ENTRY_FIELDS,
  type FieldKind,
  MAX_LABEL_BYTES,
  MAX_WORD_BYTES,
  OUTCOMES,
  SOURCE_FIELDS,
  UUID,
  WORD,
} from './fields.ts'

/** `plain`: the whole text is ASCII and holds neither an escape nor DEL, so that no label needs a look of its own. */
export type Characters = 'plain' | 'any'

type Members = { readonly [name: string]: JsonValue }

interface Rule {
  readonly accepts: (value: JsonValue, characters: Characters) => boolean
  /** Completes "actor_id is not …". */
  readonly form: string
}

/** What is wrong with the members of an entry; `undefined` where they are those of format v 1. */
export function fieldProblem(entry: Members, characters: Characters): string | undefined {
  let required = 0
  for (const name in entry) {
    const value = entry[name]
    const field = FIELDS.get(name)
    if (field === undefined) return `no such field in format v 1: ${JSON.stringify(name.slice(0, 80))}`
    if (value === undefined || !field.accepts(value, characters)) return `${name} is not ${field.form}`
    if (field.required) required++
  }
  return required === REQUIRED.length ? companionProblem(entry) : `${missingOf(entry)} is missing`
}

/** What is wrong with one member by itself; `undefined` where format v 1 may have it so. */
export function memberProblem(name: string, value: JsonValue): string | undefined {
  const field = FIELDS.get(name)
  if (field === undefined) return `no such field in format v 1: ${JSON.stringify(name.slice(0, 80))}`
  return field.accepts(value, 'any') ? undefined : `${name} is not ${field.form}`
}

/** Members that only make sense together. */
function companionProblem(entry: Members): string | undefined {
  const { conversation_id, conversation_seq, conversation_previous_hash } = entry
  if ((conversation_id === undefined) !== (conversation_seq === undefined)) return 'half a conversation link'
  if ((conversation_id === undefined) !== (conversation_previous_hash === undefined)) return 'half a conversation link'
  if ((entry.producer_id === undefined) !== (entry.producer_seq === undefined)) return 'half a producer number'
  if (entry.resource_id !== undefined && entry.resource_type === undefined) return 'a resource_id without resource_type'
  return undefined
}

function missingOf(entry: Members): string | undefined {
  return REQUIRED.find((name) => !Object.hasOwn(entry, name))
}

const label: Rule = { accepts: isLabel, form: `a label of 1 to ${MAX_LABEL_BYTES} bytes without control characters` }
const integer: Rule = { accepts: isCount, form: 'an integer from 0 to 2^53 - 1' }
const hash = hex(64)
const word = pattern(WORD, MAX_WORD_BYTES, `a word of 1 to ${MAX_WORD_BYTES} lower-case letters, digits and _`)
const sorted = 'a sorted list without repetition'

const RULES: Readonly<Record<FieldKind, Rule>> = {
  action: pattern(ACTION, MAX_LABEL_BYTES, 'an action: lower-case words, with dots between them'),
  outcome: oneOf(OUTCOMES),
  actor_type: oneOf(ACTOR_TYPES),
  classification: oneOf(CLASSIFICATIONS),
  assurance: oneOf(ASSURANCES),
  label,
  // Unicode may yet compose characters that it does not have today: NFC is a rule of admission, not of reading.
  id: label,
  ids: { accepts: (value, characters) => isSet(value, label, characters, 1), form: `${sorted} of labels` },
  word,
  words: { accepts: (value, characters) => isSet(value, word, characters, 1), form: `${sorted} of words` },
  uuid: pattern(UUID, 36, 'a UUID of version 7 or 8 in lower case'),
  timestamp: {
    accepts: (value) => typeof value === 'string' && isTimestamp(value),
    form: 'a UTC time in milliseconds',
  },
  integer,
  hash,
  link: { accepts: (value) => value === '' || hash.accepts(value, 'any'), form: `${hash.form}, or empty` },
  salt: hex(32),
  source: { accepts: isSource, form: 'a source: ip, host, service, trace_id, span_id' },
  object: { accepts: isMembers, form: 'an object' },
  contents: { accepts: isContents, form: 'a list of content references' },
  algorithm: oneOf([CONTENT_ALGORITHM]),
  labels: { accepts: (value, characters) => isSet(value, label, characters, 0), form: `${sorted} of labels` },
  trace_id: hex(32),
  span_id: hex(16),
}

const FIELDS: ReadonlyMap<string, Rule & { readonly required: boolean }> = new Map(
  Object.entries(ENTRY_FIELDS).map(([name, { kind, required }]) => [name, { ...RULES[kind], required }]),
)
const REQUIRED = [...FIELDS].filter(([, { required }]) => required).map(([name]) => name)

const SOURCE = rulesOf(SOURCE_FIELDS)
const CONTENT = rulesOf(CONTENT_FIELDS)

function rulesOf(fields: Readonly<Record<string, FieldKind>>): ReadonlyMap<string, Rule> {
  return new Map(Object.entries(fields).map(([name, kind]) => [name, RULES[kind]]))
}

function pattern(regex: RegExp, maxLength: number, form: string): Rule {
  return { accepts: (value) => typeof value === 'string' && value.length <= maxLength && regex.test(value), form }
}

function hex(digits: number): Rule {
  return {
    accepts: (value) => typeof value === 'string' && isHex(value, digits),
    form: `${digits} lower-case hex digits`,
  }
}

function oneOf(words: readonly string[]): Rule {
  const known: ReadonlySet<unknown> = new Set(words)
  return { accepts: (value) => known.has(value), form: `one of ${words.join(', ')}` }
}

function isLabel(value: JsonValue, characters: Characters): boolean {
  if (typeof value !== 'string') return false
  if (characters === 'plain') return value.length > 0 && value.length <= MAX_LABEL_BYTES
  return labelProblem(value, MAX_LABEL_BYTES) === undefined
}

function isCount(value: JsonValue): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** Strictly ascending by UTF-16 code units: sorted, and nothing twice. */
function isSet(value: JsonValue, member: Rule, characters: Characters, least: 0 | 1): boolean {
  if (!Array.isArray(value) || value.length < least) return false
  let before = ''
  for (const item of value) {
    if (typeof item !== 'string' || item <= before || !member.accepts(item, characters)) return false
    before = item
  }
  return true
}

function isMembers(value: JsonValue): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSource(value: JsonValue, characters: Characters): boolean {
  return isMembers(value) && fits(value, SOURCE, characters)
}

function isContents(value: JsonValue, characters: Characters): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((reference) => isContent(reference, characters))
}

function isContent(value: JsonValue, characters: Characters): boolean {
  return isMembers(value) && Object.keys(value).length === CONTENT.size && fits(value, CONTENT, characters)
}

function fits(value: Members, rules: ReadonlyMap<string, Rule>, characters: Characters): boolean {
  return Object.entries(value).every(([name, member]) => rules.get(name)?.accepts(member, characters) ?? false)
}
