// Entry bytes: the RFC 8785 text of a record, made once at admission around the places that only sequencing can fill
// (spec/entry.md §1, §2). What is stored is exactly what was hashed; nothing is ever serialised a second time.

import { canonicalJson, canonicalMember, ENTRY_JSON, JsonFault, type JsonValue, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { isCanonicalUnescaped } from '../bytes/unescaped-json.ts'
import { type Characters, fieldProblem } from './field-rules.ts'
import { type AuditRecord, type Draft, ENTRY_FIELDS, FORMAT_VERSION, MAX_ENTRY_BYTES } from './fields.ts'

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

/** The fields of each piece: all that stand before the next sequenced ones. */
const FIELDS_OF_PIECE = piecesBetween([
  'conversation_previous_hash',
  'conversation_seq',
  'previous_hash',
  'recorded_at',
  'seq',
])

function piecesBetween(sequenced: readonly string[]): readonly (readonly string[])[] {
  const pieces: string[][] = [[]]
  for (const [i, name] of FIELDS_IN_ORDER.entries()) {
    if (!sequenced.includes(name)) pieces.at(-1)?.push(name)
    else if (!sequenced.includes(FIELDS_IN_ORDER[i - 1] ?? '')) pieces.push([])
  }
  return pieces
}

/**
 * The canonical text of each field of a draft, as received: what the draft commitment covers.
 * @throws JsonFault where `details` or another value has no canonical form
 */
export function canonicalFields(draft: Draft): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(draft)) {
    if (value === undefined) continue
    fields.set(name, canonicalMember(name, value, ENTRY_JSON))
  }
  return fields
}

/** RFC 8785 text of the object whose members `canonicalFields` wrote; the fields of an entry are in canonical order. */
export function canonicalDraft(fields: ReadonlyMap<string, string>): string {
  return `{${joinPiece(FIELDS_IN_ORDER, fields, NOTHING).slice(0, -1)}}`
}

const NOTHING: ReadonlyMap<string, string> = new Map()

/** The pieces of an admitted draft's entry, with defaults and sets in order. */
export function entryPieces(draft: Draft, fields: ReadonlyMap<string, string>, admission: Admission): EntryPieces {
  const added = new Map<string, string>()
  const add = (name: string, value: unknown): unknown => added.set(name, canonicalMember(name, value, ENTRY_JSON))
  if (draft.assurance === undefined) add('assurance', 'recorded')
  if (draft.data_classification === undefined) add('data_classification', 'restricted')
  if (draft.retention_class === undefined) add('retention_class', 'default')
  for (const [name, value] of Object.entries(admission)) add(name, value)
  add('v', FORMAT_VERSION)
  if (draft.subject_ids !== undefined) add('subject_ids', [...draft.subject_ids].sort())
  if (draft.compliance_domains !== undefined) add('compliance_domains', [...draft.compliance_domains].sort())
  const [a = '', b = '', c = '', d = '', e = ''] = FIELDS_OF_PIECE.map((names) => joinPiece(names, added, fields))
  return [a, b, c, d, e.slice(0, -1)]
}

function joinPiece(
  names: readonly string[],
  added: ReadonlyMap<string, string>,
  fields: ReadonlyMap<string, string>,
): string {
  let piece = ''
  for (const name of names) {
    const text = added.get(name) ?? fields.get(name)
    if (text !== undefined) piece += `${text},`
  }
  return piece
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
