// What stands in the row of an entry that has left the database (spec/stubs.md §1): bytes that no entry has, which say where the
// entry went, and repeat of it what is still asked of the row.

import { canonicalJson, ENTRY_JSON, JsonFault, type JsonValue, parseJson } from '../bytes/json.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { isCanonicalUnescaped } from '../bytes/unescaped-json.ts'
import { memberProblem } from './field-rules.ts'
import { type Action, MAX_ENTRY_BYTES } from './fields.ts'

/** The first bytes of every stub, and of no entry: `_` comes before every letter. */
const STUB_BEGINS = '{"_stub":'

/** Records that stay in every database, by their actions: whose signature counts, what is held, what left, what was erased. */
export const STAYING_ACTIONS: readonly Action[] = [
  'logging_started',
  'key_rotated',
  'content_erased',
  'records_archived',
  'records_restored',
  'records_disposed',
  'hold_placed',
  'hold_released',
]

/** Where an entry went. */
export type StubMark =
  /** Its bytes lie in this block of a segment of the archive. */
  | { readonly state: 'archived'; readonly block: number; readonly segment: string }
  /** It was destroyed; the manifest whose SHA-256 this is says under which disposition. */
  | { readonly state: 'disposed'; readonly manifest: string }

interface Remaining {
  readonly id: string
  readonly recorded_at: string
  readonly conversation_id?: string
  readonly conversation_seq?: number
}

/** Of an archived entry: what it is searched by, and what its draft is known by. */
export interface ArchivedStub extends Remaining {
  readonly mark: Extract<StubMark, { state: 'archived' }>
  readonly action: string
  readonly actor_id: string
  readonly draft_commitment: string
  readonly parent_id?: string
  readonly resource_id?: string
  readonly resource_type?: string
  readonly timestamp: string
}

/** Of a destroyed one: its name, and its place in its conversation. */
export interface DisposedStub extends Remaining {
  readonly mark: Extract<StubMark, { state: 'disposed' }>
}

export type Stub = ArchivedStub | DisposedStub

export type ParsedStub = { readonly stub: Stub } | { readonly problem: string }

const REMAINING = ['id', 'recorded_at'] as const
const SEARCHED_BY = ['action', 'actor_id', 'draft_commitment', 'timestamp'] as const
/** Whether each must be there, in either state. */
const MEMBERS: Readonly<Record<StubMark['state'], ReadonlyMap<string, 'required' | 'if there'>>> = {
  archived: new Map([
    ...[...REMAINING, ...SEARCHED_BY].map((name) => [name, 'required'] as const),
    ...['conversation_id', 'conversation_seq', 'parent_id', 'resource_id', 'resource_type'].map(
      (name) => [name, 'if there'] as const,
    ),
  ]),
  disposed: new Map([
    ...REMAINING.map((name) => [name, 'required'] as const),
    ...['conversation_id', 'conversation_seq'].map((name) => [name, 'if there'] as const),
  ]),
}

/** Whether bytes stand for an entry, and are none. */
export function isStub(bytes: Uint8Array): boolean {
  if (bytes[2] !== UNDERSCORE || bytes.length < BEGINS.length) return false
  return BEGINS.every((byte, at) => bytes[at] === byte)
}

/** As `isStub`, of the text that the bytes are the UTF-8 of, where it begins in a longer one. */
export function isStubText(text: string, from: number): boolean {
  return text.charCodeAt(from + 2) === UNDERSCORE && text.startsWith(STUB_BEGINS, from)
}

const BEGINS = utf8(STUB_BEGINS)
const UNDERSCORE = 0x5f

/**
 * The stub for the entry of these bytes, or for one that is archived already.
 * @throws RangeError where the bytes are neither, or the mark is none
 */
export function stubOf(bytes: Uint8Array, mark: StubMark): Uint8Array {
  const { state } = mark
  const value = parseJson(decodeUtf8(bytes) ?? '', ENTRY_JSON)
  const members = isMembers(value) ? value : {}
  const kept = [...MEMBERS[state].keys()].flatMap((name) => {
    const member = members[name]
    return member === undefined ? [] : [[name, member] as const]
  })
  const stub = utf8(canonicalJson({ _stub: { ...mark }, ...Object.fromEntries(kept) }, ENTRY_JSON))
  const parsed = parseStub(stub)
  if ('problem' in parsed) throw new RangeError(`no stub can stand for this: ${parsed.problem}`)
  return stub
}

/** Reads a stub strictly. Never throws on any bytes. */
export function parseStub(bytes: Uint8Array): ParsedStub {
  if (bytes.length > MAX_ENTRY_BYTES) return { problem: `${bytes.length} bytes; a stub has at most ${MAX_ENTRY_BYTES}` }
  const text = decodeUtf8(bytes)
  if (text === undefined) return { problem: 'the bytes are not UTF-8' }
  if (isCanonicalUnescaped(text, ENTRY_JSON.maxDepth)) return interpretJson(JSON.parse(text))
  try {
    const value = parseJson(text, ENTRY_JSON)
    if (canonicalJson(value, ENTRY_JSON) !== text) return { problem: 'the bytes are not RFC 8785 canonical' }
    return interpretJson(value)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return { problem: error.message }
  }
}

/** Whether bytes are the stub of a destroyed entry. */
export function isDestroyed(bytes: Uint8Array): boolean {
  const parsed = isStub(bytes) ? parseStub(bytes) : undefined
  return parsed !== undefined && 'stub' in parsed && parsed.stub.mark.state === 'disposed'
}

function interpretJson(value: JsonValue): ParsedStub {
  return isMembers(value) ? interpret(value) : { problem: 'it is no object' }
}

type Members = { readonly [name: string]: JsonValue }

function interpret({ _stub, ...members }: Members): ParsedStub {
  const mark = markIn(_stub)
  if (mark === undefined) return { problem: '_stub says neither where the entry is archived nor how it was destroyed' }
  const problem = problemIn(members, MEMBERS[mark.state])
  // Proven by the line above: these are the members, each of its kind, and no others.
  return problem === undefined ? { stub: { mark, ...members } as unknown as Stub } : { problem }
}

function markIn(value: JsonValue | undefined): StubMark | undefined {
  if (value === undefined || !isMembers(value)) return undefined
  const { state, block, segment, manifest, ...others } = value
  if (Object.keys(others).length > 0) return undefined
  if (state === 'archived' && manifest === undefined && isBlock(block) && isHex(segment, SEGMENT))
    return { state, block, segment }
  if (state === 'disposed' && block === undefined && segment === undefined && isHex(manifest, DIGEST))
    return { state, manifest }
  return undefined
}

function problemIn(members: Members, known: ReadonlyMap<string, 'required' | 'if there'>): string | undefined {
  for (const [name, value] of Object.entries(members)) {
    const problem = known.has(name) ? memberProblem(name, value) : `no such member here: ${name.slice(0, 80)}`
    if (problem !== undefined) return problem
  }
  for (const [name, need] of known) if (need === 'required' && members[name] === undefined) return `${name} is missing`
  if ((members.conversation_id === undefined) !== (members.conversation_seq === undefined))
    return 'half a place in a conversation'
  if (members.resource_id !== undefined && members.resource_type === undefined)
    return 'a resource_id without resource_type'
  return undefined
}

const SEGMENT = /^[0-9a-f]{32}$/
const DIGEST = /^[0-9a-f]{64}$/

function isHex(value: JsonValue | undefined, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value)
}

function isBlock(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isMembers(value: JsonValue): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
