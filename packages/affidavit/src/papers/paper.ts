// Papers, such as the plan of an erasure, as bytes: RFC 8785 canonical JSON, one spelling of each (spec/erasure.md §1). Pure.

import { canonicalJson, JsonFault, type JsonRules, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { isMembers, object, type Rule, type Wrong } from './rules.ts'

const VERSION = 1

/** The rules of the members say what numbers and texts may be. */
const PAPER_JSON: JsonRules = { ...PLAIN_JSON, maxDepth: 8 }

/** What a paper of one kind holds besides its version and kind; none of the members may be left out. */
export interface PaperFormat<Paper> {
  readonly kind: string
  readonly maxBytes: number
  readonly members: Readonly<Record<keyof Paper & string, Rule>>
  /** What members say against each other, each being right alone. */
  readonly contradiction: (paper: Paper) => string | undefined
}

/** Why bytes are no such paper. */
export type PaperFault =
  | { readonly code: 'paper-too-long'; readonly limit: number; readonly got: number }
  | { readonly code: 'paper-not-utf8' }
  | { readonly code: 'paper-not-json'; readonly problem: string }
  | { readonly code: 'paper-other-kind' }
  /** A later version may know what it says. */
  | { readonly code: 'paper-unknown-version' }
  | ({ readonly code: 'paper-member' } & Wrong)
  | { readonly code: 'paper-contradiction'; readonly problem: string }
  /** It says what such a paper says, in other bytes. */
  | { readonly code: 'paper-not-canonical' }

/** Reads a paper. Strict: formatPaper gives the same bytes again. No fault quotes a value. */
export function parsePaper<Paper>(bytes: Uint8Array, format: PaperFormat<Paper>): Paper | PaperFault {
  if (bytes.length > format.maxBytes) return { code: 'paper-too-long', limit: format.maxBytes, got: bytes.length }
  const text = decodeUtf8(bytes)
  if (text === undefined) return { code: 'paper-not-utf8' }
  const value = readJson(text)
  if (isFault(value)) return value.fault
  const paper = readPaper(value.json, format)
  if (isPaperFault(paper)) return paper
  return canonicalJson(value.json, PAPER_JSON) === text ? paper : { code: 'paper-not-canonical' }
}

type Read = { readonly json: JsonValue } | { readonly fault: PaperFault }

function isFault(read: Read): read is { readonly fault: PaperFault } {
  return 'fault' in read
}

function readJson(text: string): Read {
  try {
    return { json: parseJson(text, PAPER_JSON) }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return { fault: { code: 'paper-not-json', problem: error.message } }
  }
}

function readPaper<Paper>(value: JsonValue, format: PaperFormat<Paper>): Paper | PaperFault {
  if (!isMembers(value)) return { code: 'paper-other-kind' }
  const { v, kind, ...members } = value
  if (kind !== format.kind) return { code: 'paper-other-kind' }
  if (v !== VERSION) return { code: 'paper-unknown-version' }
  const wrong = object(format.members)(members, '')
  if (wrong !== undefined) return { code: 'paper-member', ...wrong }
  // Proven by the rules: exactly the members of Paper, each of the form that its type says.
  const paper = members as unknown as Paper
  const problem = format.contradiction(paper)
  return problem === undefined ? paper : { code: 'paper-contradiction', problem }
}

export function isPaperFault(read: unknown): read is PaperFault {
  return typeof read === 'object' && read !== null && 'code' in read
}

/**
 * The bytes of a paper.
 * @throws RangeError where parsePaper would not give back the same paper
 */
export function formatPaper<Paper extends object>(paper: Paper, format: PaperFormat<Paper>): Uint8Array {
  const bytes = utf8(canonicalJson({ ...paper, v: VERSION, kind: format.kind }, PAPER_JSON))
  const parsed = parsePaper(bytes, format)
  if (!isPaperFault(parsed)) return bytes
  const said = 'problem' in parsed ? parsed.problem : ''
  const where = parsed.code === 'paper-member' ? `${parsed.path} ` : ''
  throw new RangeError(`this is no ${format.kind}: ${parsed.code}${said === '' ? '' : ` (${where}${said})`}`)
}
