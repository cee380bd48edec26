// Entry bytes: the RFC 8785 text of a record, made once at admission around the places that only sequencing can fill
// (spec/entry.md §1, §2). What is stored is exactly what was hashed; nothing is ever serialised a second time.

import { canonicalJson, canonicalValue, ENTRY_JSON, JsonFault, type JsonValue, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { isCanonicalUnescaped } from '../bytes/unescaped-json.ts'
import { type Characters, fieldProblem } from './field-rules.ts'
import {
  type AuditRecord,
  DEFAULT_CLASSIFICATION,
  DEFAULT_RETENTION_CLASS,
  type Draft,
  ENTRY_FIELDS,
  FORMAT_VERSION,
  MAX_ENTRY_BYTES,
} from './fields.ts'

const FIELDS_IN_ORDER = Object.keys(ENTRY_FIELDS)

/** What the ledger adds to a draft before it has a place. */
export interface Admission {
  readonly id: string
  readonly timestamp: string
  readonly ledger: string
  /** 128 random bits, lower-case hex. */
  readonly salt: string
  /** Lower-case hex. */
  readonly draft_commitment: string
}

/** What only the head of the ledger can tell. */
export interface Place {
  readonly seq: number
  readonly previous_hash: string
  readonly recorded_at: string
  readonly conversation?: { readonly seq: number; readonly previous_hash: string }
}

/**
 * Canonical text of an entry in five pieces. Sequencing writes between them, in this order: the conversation link,
 * `previous_hash`, `recorded_at`, `seq`. Each piece but the last ends with a comma where it is not empty.
 */
export type EntryPieces = readonly [string, string, string, string, string]

const INDEX: ReadonlyMap<string, number> = new Map(FIELDS_IN_ORDER.map((name, i) => [name, i]))

/** `"name":` of each field, in order. */
const KEYS = FIELDS_IN_ORDER.map((name) => `${JSON.stringify(name)}:`)

/** Where each piece begins: behind the sequenced fields that stand together. */
const PIECES = piecesBetween(['conversation_previous_hash', 'conversation_seq', 'previous_hash', 'recorded_at', 'seq'])

function piecesBetween(sequenced: readonly string[]): readonly { readonly from: number; readonly to: number }[] {
  const holes = sequenced.map((name) => FIELDS_IN_ORDER.indexOf(name))
  const starts = [0, ...holes.map((hole) => hole + 1)].filter((from) => !holes.includes(from))
  return starts.map((from) => ({ from, to: holes.find((hole) => hole > from) ?? FIELDS_IN_ORDER.length }))
}

/** The canonical text `"name":value` of each field that is there, in the order of the fields of an entry. */
export type FieldTexts = readonly (string | undefined)[]

/**
 * The canonical text of each field of a draft, as received: what the draft commitment covers.
 * @throws JsonFault where `details` or another value has no canonical form
 */
export function canonicalFields(draft: Omit<Draft, 'content'>): FieldTexts {
  const texts = new Array<string | undefined>(FIELDS_IN_ORDER.length).fill(undefined)
  for (const name of Object.keys(draft)) write(texts, name, Reflect.get(draft, name))
  return texts
}

function write(texts: (string | undefined)[], name: string, value: unknown): void {
  const index = INDEX.get(name) ?? noField(name)
  if (value !== undefined) texts[index] = KEYS[index] + canonicalValue(name, value, ENTRY_JSON)
}

function noField(name: string): never {
  throw new TypeError(`${name} is no field of an entry; admission should have refused it: this is a bug`)
}

/** A draft whose details are no longer the caller's: JSON, read from the canonical text that the commitment covers. */
export interface OwnDraft extends Omit<Draft, 'details'> {
  readonly details?: { [key: string]: JsonValue }
}

/** `draft` with its details read back from what `canonicalFields` wrote of it: what was checked, and nothing else. */
export function readBack({ details: _, ...draft }: Draft, fields: FieldTexts): OwnDraft {
  const index = FIELDS_IN_ORDER.indexOf('details')
  const text = fields[index]
  // Canonical text hides nothing from the native parser: no key twice, no __proto__, no number that it would round.
  return text === undefined ? draft : { ...draft, details: JSON.parse(text.slice(KEYS[index]?.length)) }
}

/**
 * `fields` of `draft`, with those written anew that `kept` has otherwise.
 * @throws JsonFault where a value has no canonical form, or has become too long
 */
export function rewriteFields(fields: FieldTexts, draft: OwnDraft, kept: OwnDraft): FieldTexts {
  if (kept === draft) return fields
  const texts = fields.slice()
  for (const [name, value] of Object.entries(kept)) if (value !== Reflect.get(draft, name)) write(texts, name, value)
  return texts
}

/** RFC 8785 text of the object whose members `canonicalFields` wrote; the fields of an entry are in canonical order. */
export function canonicalDraft(fields: FieldTexts): string {
  return `{${joinTexts(fields, 0, fields.length).slice(0, -1)}}`
}

/** The texts with some fields written anew. A field that is undefined is absent. */
export function changedFields(
  fields: FieldTexts,
  changes: { readonly [name in keyof AuditRecord]?: unknown },
): FieldTexts {
  const texts = fields.slice()
  for (const name of Object.keys(changes)) {
    texts[INDEX.get(name) ?? noField(name)] = undefined
    write(texts, name, Reflect.get(changes, name))
  }
  return texts
}

/** The pieces of an admitted draft's entry: its fields as they are to stand there, and what is said by default. */
export function entryPieces(fields: FieldTexts, admission: Admission): EntryPieces {
  const texts = fields.slice()
  for (const [name, value] of DEFAULTS)
    if (texts[INDEX.get(name) ?? noField(name)] === undefined) write(texts, name, value)
  write(texts, 'id', admission.id)
  write(texts, 'timestamp', admission.timestamp)
  write(texts, 'ledger', admission.ledger)
  write(texts, 'salt', admission.salt)
  write(texts, 'draft_commitment', admission.draft_commitment)
  write(texts, 'v', FORMAT_VERSION)
  // No list of a literal: decision 0011. There are as many PIECES as an entry has.
  return PIECES.map(({ from, to }) =>
    to < texts.length ? joinTexts(texts, from, to) : joinTexts(texts, from, to).slice(0, -1),
  ) as unknown as EntryPieces
}

const DEFAULTS = [
  ['assurance', 'recorded'],
  ['data_classification', DEFAULT_CLASSIFICATION],
  ['retention_class', DEFAULT_RETENTION_CLASS],
] as const

/** Each text with a comma behind it. */
function joinTexts(texts: FieldTexts, from: number, to: number): string {
  let joined = ''
  for (let i = from; i < to; i++) {
    const text = texts[i]
    if (text !== undefined) joined += `${text},`
  }
  return joined
}

/** The entry's canonical text at its place. */
export function entryText(pieces: EntryPieces, place: Place): string {
  const link =
    place.conversation === undefined
      ? ''
      : `"conversation_previous_hash":"${place.conversation.previous_hash}","conversation_seq":${place.conversation.seq},`
  return `{${pieces[0]}${link}${pieces[1]}"previous_hash":"${place.previous_hash}",${pieces[2]}"recorded_at":"${place.recorded_at}",${pieces[3]}"seq":${place.seq},${pieces[4]}}`
}

/** An upper bound of the bytes that the sequenced fields add: hashes, numbers and a timestamp of fixed width. */
export const SEQUENCED_BYTES = 400

/** Why bytes are not an entry of format v 1. `unknown-version` says that they may be one of a later format. */
export type EntryFault = {
  code: 'entry-not-json' | 'entry-not-canonical' | 'entry-not-v1' | 'unknown-version'
  problem: string
}

export type ParsedEntry = { readonly entry: Omit<AuditRecord, 'integrity_hash'> } | { readonly fault: EntryFault }

/**
 * Reads entry bytes strictly: no more than an entry may have, valid UTF-8, canonical JSON under the entry rules, every
 * field known and as format v 1 has it, every required field there. Never throws on any bytes.
 */
export function parseEntry(bytes: Uint8Array): ParsedEntry {
  if (bytes.length > MAX_ENTRY_BYTES) {
    return refused('entry-not-v1', `${bytes.length} bytes; an entry has at most ${MAX_ENTRY_BYTES}`)
  }
  const text = decodeUtf8(bytes)
  if (text === undefined) return refused('entry-not-json', 'the bytes are not UTF-8')
  const characters = bytes.length === text.length && !text.includes('\\') && !text.includes('\x7f') ? 'plain' : 'any'
  // Most entries hold no escape; then the native parser, about three times as fast, has nothing to hide.
  if (isCanonicalUnescaped(text, ENTRY_JSON.maxDepth)) return interpret(JSON.parse(text), characters)
  try {
    const value = parseJson(text, ENTRY_JSON)
    if (canonicalJson(value, ENTRY_JSON) !== text) {
      return refused('entry-not-canonical', 'the bytes are not RFC 8785 canonical')
    }
    return interpret(value, characters)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return refused('entry-not-json', error.message)
  }
}

function refused(code: EntryFault['code'], problem: string): ParsedEntry {
  return { fault: { code, problem } }
}

function interpret(value: JsonValue, characters: Characters): ParsedEntry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused('entry-not-v1', 'an entry is a JSON object')
  }
  if (value.v !== FORMAT_VERSION && isLaterVersion(value.v)) {
    return refused('unknown-version', `format version ${value.v}`)
  }
  const problem = value.v === FORMAT_VERSION ? fieldProblem(value, characters) : 'v is no format version'
  if (problem !== undefined) return refused('entry-not-v1', problem)
  // Proven by fieldProblem: every member has the kind that AuditRecord gives it.
  return { entry: value as unknown as Omit<AuditRecord, 'integrity_hash'> }
}

// Only a version that can come to be excuses an entry from being interpreted.
function isLaterVersion(v: JsonValue | undefined): v is number {
  return typeof v === 'number' && Number.isSafeInteger(v) && v > FORMAT_VERSION
}
