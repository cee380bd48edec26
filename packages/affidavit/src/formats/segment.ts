// The manifest of an archive segment: what is in the object beside it, and where, as the ledger signs it (spec/archive.md §1). Pure.

import { isHex } from '../bytes/hex.ts'
import { canonicalJson, type JsonRules, type JsonValue, PLAIN_JSON } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { parseTimestamp } from '../clock/clock.ts'
import { HASH_BYTES, sha256Hex } from '../crypto/sha256.ts'
import { segmentId } from './segment-seal.ts'
import { countRuns, cutRuns, parseRuns } from './seq-runs.ts'

/** What every segment begins with. */
export const SEGMENT_HEADER: Uint8Array = utf8('affidavit segment v1\n')

export interface SealedBlock {
  readonly offset: number
  readonly length: number
  readonly first_seq: number
  /** Entries in it. */
  readonly count: number
}

export interface SegmentManifest {
  readonly ledger: string
  /** Keyed, of what is in the blocks. Its first half is the id. */
  readonly digest: string
  readonly retention_class: string
  /** The month in which the minimum of its entries ends, in the time zone of the policies; `open` while an anchor is awaited, `none` without a minimum. */
  readonly due_month: string
  /** The signed checkpoint that covers its entries. */
  readonly checkpoint: string
  /** `0-5 7 9-12` */
  readonly seqs: string
  /** SHA-256 of the leaf hashes of its entries, one behind the other. */
  readonly leaves_sha256: string
  readonly blocks: readonly SealedBlock[]
  /** Hashes of the checkpoint's tree that its root takes besides the entries. */
  readonly rest: { readonly offset: number; readonly count: number }
  /** Sealed payloads. `missing`: those that entries name and that were not in the database as the entries describe them. */
  readonly payloads: {
    readonly offset: number
    readonly length: number
    readonly count: number
    readonly missing: number
  }
  readonly object: { readonly length: number; readonly sha256: string }
  /** What the lock was asked for; absent without a minimum. */
  readonly locked_until?: string
  /** Id of the segment of which it holds what stayed; absent where its entries were archived for the first time. */
  readonly replaces?: string
}

const JSON_RULES: JsonRules = { ...PLAIN_JSON, maxDepth: 8, unsafeIntegers: 'refused' }
const HEADER = 'affidavit segment v1'

/** Where object and manifest of a segment are kept. */
export function segmentKeys(id: string): { readonly object: string; readonly manifest: string } {
  return { object: `segments/${id}.seg`, manifest: `segments/${id}.note` }
}

/** What tells a segment from every other, before anything of it is sealed. */
export type SegmentName = Pick<SegmentManifest, 'ledger' | 'retention_class' | 'due_month' | 'seqs' | 'replaces'>

/** Who owns the scope key of a segment: the segment, and nothing else. */
export function segmentOwner({ ledger, retention_class, due_month, seqs, replaces = '' }: SegmentName): string {
  const words = ['affidavit segment key v1', ledger, retention_class, due_month, seqs, replaces]
  return `archive ${sha256Hex(utf8(`${words.join('\n')}\n`)).slice(0, 32)}`
}

/** The text that the checkpoint key signs as a statement. @throws RangeError where parseSegment would not give back the same manifest */
export function segmentText(manifest: SegmentManifest): string {
  const text = `${HEADER}\n${canonicalJson({ ...manifest, v: 1 }, JSON_RULES)}\n`
  const parsed = parseSegment(text)
  if (typeof parsed === 'string') throw new RangeError(`this is no manifest of a segment: ${parsed}`)
  return text
}

/** Reads the text of a manifest. Strict: segmentText gives the same text again. A text says what is wrong. */
export function parseSegment(text: string): SegmentManifest | string {
  const [header, json = '', end, ...more] = text.split('\n')
  if (header !== HEADER || end !== '' || more.length > 0) return 'it is no manifest of a segment'
  const value = readJson(json)
  if (typeof value === 'string') return value
  const { v, ...members } = value
  if (v !== 1) return 'it is of a version that is not known'
  const problem = shapeProblem(members)
  if (problem !== undefined) return problem
  // Proven by shapeProblem: exactly the members of a manifest, each of its kind.
  const manifest = members as unknown as SegmentManifest
  // A manifest lists a thousand blocks. Strings and numbers have one native spelling, which is that of RFC 8785.
  if (!isOrdered(value) || JSON.stringify(value) !== json) return 'it is not in canonical form'
  return contradiction(manifest) ?? manifest
}

/** The id of the segment that a manifest is about. */
export function idOf({ digest }: Pick<SegmentManifest, 'digest'>): string {
  return segmentId(digest)
}

type Members = { readonly [name: string]: JsonValue }

function readJson(text: string): Members | string {
  try {
    const value: JsonValue = JSON.parse(text)
    return isMembers(value) ? value : 'it is no JSON object'
  } catch (error) {
    if (error instanceof SyntaxError) return error.message
    throw error
  }
}

/** As RFC 8785 orders members, by their UTF-16 code units. */
function isOrdered(members: Members): boolean {
  return Object.keys(members).every((name, i, names) => i === 0 || name > (names[i - 1] ?? ''))
}

function isMembers(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Rule = (value: JsonValue | undefined) => boolean

const text: Rule = (value) => typeof value === 'string' && value !== '' && value.isWellFormed()
const line: Rule = (value) => typeof value === 'string' && /^[^\n]+$/.test(value) && value.isWellFormed()
const hash: Rule = (value) => typeof value === 'string' && isHex(value, 2 * HASH_BYTES)
const id: Rule = (value) => value === undefined || (typeof value === 'string' && isHex(value, HASH_BYTES))
const count: Rule = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const month: Rule = (value) => typeof value === 'string' && /^(open|none|[0-9]{4}-(0[1-9]|1[0-2]))$/.test(value)
const time: Rule = (value) => value === undefined || (typeof value === 'string' && parseTimestamp(value) !== undefined)
const object = (rules: Readonly<Record<string, Rule>>): Rule => {
  const members = Object.entries(rules)
  return (value) =>
    isMembers(value) &&
    Object.keys(value).every((name) => Object.hasOwn(rules, name)) &&
    isOrdered(value) &&
    members.every(([name, rule]) => rule(value[name]))
}
const list =
  (rule: Rule): Rule =>
  (value) =>
    Array.isArray(value) && value.every(rule)

const MEMBERS: Readonly<Record<keyof SegmentManifest, Rule>> = {
  ledger: line,
  digest: hash,
  retention_class: line,
  due_month: month,
  checkpoint: text,
  seqs: text,
  leaves_sha256: hash,
  blocks: list(object({ offset: count, length: count, first_seq: count, count })),
  rest: object({ offset: count, count }),
  payloads: object({ offset: count, length: count, count, missing: count }),
  object: object({ length: count, sha256: hash }),
  locked_until: time,
  replaces: id,
}

function shapeProblem(members: Members): string | undefined {
  const stranger = Object.keys(members).find((name) => !Object.hasOwn(MEMBERS, name))
  if (stranger !== undefined) return `it has an unknown member ${JSON.stringify(stranger.slice(0, 40))}`
  const wrong = Object.entries(MEMBERS).find(([name, rule]) => !rule(members[name]))
  return wrong === undefined ? undefined : `${wrong[0]} is missing, or not of its form`
}

// Everything in the object has one place, and nothing lies between.
function contradiction({ seqs, blocks, rest, payloads, object }: SegmentManifest): string | undefined {
  const runs = parseRuns(seqs)
  if (runs === undefined) return 'seqs is not of its form'
  if (blocks.reduce((sum, block) => sum + block.count, 0) !== countRuns(runs))
    return 'the blocks hold other entries than seqs says'
  let at = SEGMENT_HEADER.length
  for (const block of blocks) {
    if (block.offset !== at || block.count === 0) return 'a block is not behind the one before'
    at += block.length
  }
  const counts = blocks.map((block) => block.count)
  if (cutRuns(runs, counts).some((first, i) => first !== blocks[i]?.first_seq))
    return 'a block begins with another entry'
  if (rest.offset !== at) return 'rest is not behind the blocks'
  if (payloads.offset !== at + HASH_BYTES * rest.count) return 'the payloads are not behind rest'
  if (object.length !== payloads.offset + payloads.length) return 'the object does not end behind the payloads'
  return undefined
}
