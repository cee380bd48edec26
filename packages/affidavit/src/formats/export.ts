// The cover of an export and the statement that swears to it (spec/export.md §2, §3). Pure text; one spelling of each.

import { JsonFault, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { parseTimestamp } from '../clock/clock.ts'

const EXPORT_FORMAT = 'affidavit-export'
const EXPORT_VERSION = 1

/** The files of an export whose bytes its cover lists. Only `rotations.log` may be absent. */
export const LISTED_FILES = ['checkpoint', 'entries.jsonl', 'keys.jsonl', 'log.vkey', 'rotations.log'] as const
/** The cover and the statement about it. */
export const COVER_FILE = 'export.json'
export const STATEMENT_FILE = 'export.note'

export type ListedName = (typeof LISTED_FILES)[number]

export interface ListedFile {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Which entries were asked for; all conditions hold at once. Empty: every entry. */
export interface ExportQuery {
  readonly id?: string
  readonly conversation_id?: string
  readonly actor_id?: string
  readonly resource_type?: string
  readonly resource_id?: string
  readonly subject_id?: string
  readonly parent_id?: string
  readonly action?: string
  readonly from?: string
  readonly until?: string
  readonly recorded_from?: string
  readonly recorded_until?: string
  readonly from_seq?: number
  readonly until_seq?: number
}

const QUERY_FIELDS: Readonly<Record<keyof ExportQuery, 'text' | 'time' | 'count'>> = {
  id: 'text',
  conversation_id: 'text',
  actor_id: 'text',
  resource_type: 'text',
  resource_id: 'text',
  subject_id: 'text',
  parent_id: 'text',
  action: 'text',
  from: 'time',
  until: 'time',
  recorded_from: 'time',
  recorded_until: 'time',
  from_seq: 'count',
  until_seq: 'count',
}

/** What an export says of itself. A field is absent, never null. */
export interface ExportCover {
  readonly origin: string
  readonly query: ExportQuery
  /** The newest entry that existed as far as the export knows: it answers the query as of then. */
  readonly as_of_seq: number
  readonly tree_size: number
  /** Lower-case hex. */
  readonly root_hash: string
  readonly requester?: string
  readonly reason?: string
  /** IANA name of the time zone that the requester works in; every time in the export is UTC. */
  readonly time_zone: string
  readonly exported_at: string
  /** Lines of `entries.jsonl`. */
  readonly count: number
  /** How many of them are of destroyed entries; absent where none is. Where a filter was given, none stands there. */
  readonly destroyed?: number
  /** Absent where no entry fits. */
  readonly first_seq?: number
  readonly last_seq?: number
  readonly files: Readonly<Partial<Record<ListedName, ListedFile>>>
}

type Kind = 'text' | 'time' | 'count' | 'hash' | 'object'

const COVER_FIELDS: Readonly<Record<keyof ExportCover, { kind: Kind; required: boolean }>> = {
  origin: { kind: 'text', required: true },
  query: { kind: 'object', required: true },
  as_of_seq: { kind: 'count', required: true },
  tree_size: { kind: 'count', required: true },
  root_hash: { kind: 'hash', required: true },
  requester: { kind: 'text', required: false },
  reason: { kind: 'text', required: false },
  time_zone: { kind: 'text', required: true },
  exported_at: { kind: 'time', required: true },
  count: { kind: 'count', required: true },
  destroyed: { kind: 'count', required: false },
  first_seq: { kind: 'count', required: false },
  last_seq: { kind: 'count', required: false },
  files: { kind: 'object', required: true },
}

/** Whether the query asks for every entry. */
export function asksForAll(query: ExportQuery): boolean {
  return Object.keys(query).length === 0
}

/** What the export claims to hold. */
function claimOf({ query, as_of_seq, destroyed }: Pick<ExportCover, 'query' | 'as_of_seq' | 'destroyed'>): string {
  if (!asksForAll(query)) return 'not claimed for the filter'
  return destroyed === undefined ? `complete 0..${as_of_seq}` : `complete 0..${as_of_seq}; ${destroyed} destroyed`
}

/**
 * The bytes of a cover, indented for people.
 * @throws RangeError where parseCover would not give back the same cover
 */
export function formatCover(cover: ExportCover): Uint8Array {
  const bytes = utf8(coverText(cover))
  const parsed = parseCover(bytes)
  if ('code' in parsed) throw new RangeError(`this is no cover: ${parsed.problem}`)
  return bytes
}

function coverText({ files, ...cover }: ExportCover): string {
  const fields = { format: EXPORT_FORMAT, version: EXPORT_VERSION, ...inOrder(cover, COVER_FIELDS) }
  const query = inOrder(cover.query, QUERY_FIELDS)
  const listed = Object.fromEntries(LISTED_FILES.flatMap((name) => (files[name] ? [[name, files[name]]] : [])))
  return `${JSON.stringify({ ...fields, query, completeness: claimOf(cover), files: listed }, undefined, 2)}\n`
}

function inOrder(value: object, fields: object): { [name: string]: unknown } {
  const present = Object.keys(fields).filter((name) => Reflect.get(value, name) !== undefined)
  return Object.fromEntries(present.map((name) => [name, Reflect.get(value, name)]))
}

export interface CoverFault {
  /** `cover-unknown-version`: a later version may know what it says. */
  readonly code: 'cover-malformed' | 'cover-unknown-version'
  readonly problem: string
}

/** Reads a cover. Strict: formatCover gives the same bytes again. */
export function parseCover(bytes: Uint8Array): ExportCover | CoverFault {
  const value = parseObject(bytes)
  if (typeof value === 'string') return malformed(value)
  const { format, version, completeness, ...fields } = value
  if (format !== EXPORT_FORMAT) return malformed(`its format is not ${EXPORT_FORMAT}`)
  if (version !== EXPORT_VERSION) {
    return { code: 'cover-unknown-version', problem: `it is of version ${String(version).slice(0, 20)}` }
  }
  const problem = fieldProblem(fields, COVER_FIELDS) ?? queryProblem(fields.query) ?? filesProblem(fields.files)
  if (problem !== undefined) return malformed(problem)
  // Proven by the three checks above: every member has the kind that ExportCover gives it.
  const cover = fields as unknown as ExportCover
  if (completeness !== claimOf(cover)) return malformed(`completeness is not "${claimOf(cover)}"`)
  return coverText(cover) === decodeUtf8(bytes) ? cover : malformed('it is not spelled as a cover is')
}

function malformed(problem: string): CoverFault {
  return { code: 'cover-malformed', problem }
}

function parseObject(bytes: Uint8Array): { [name: string]: JsonValue } | string {
  const text = decodeUtf8(bytes)
  if (text === undefined) return 'it is not UTF-8'
  try {
    const value = parseJson(text, { ...PLAIN_JSON, maxDepth: 8, unsafeIntegers: 'refused' })
    return isObject(value) ? value : 'it is no JSON object'
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return error.message
  }
}

function isObject(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldProblem(
  value: { [name: string]: JsonValue },
  fields: Readonly<Record<string, { kind: Kind; required: boolean }>>,
): string | undefined {
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(fields, name))
  if (unknown !== undefined) return `unknown field ${JSON.stringify(unknown.slice(0, 80))}`
  for (const [name, { kind, required }] of Object.entries(fields)) {
    const member = value[name]
    if (member === undefined) {
      if (required) return `${name} is missing`
    } else if (!isOfKind(member, kind)) return `${name} is not of kind ${kind}`
  }
  return undefined
}

function queryProblem(query: JsonValue | undefined): string | undefined {
  if (!isObject(query)) return 'query is missing'
  const optional = Object.entries(QUERY_FIELDS).map(([name, kind]) => [name, { kind, required: false }])
  const problem = fieldProblem(query, Object.fromEntries(optional))
  return problem === undefined ? undefined : `query: ${problem}`
}

function filesProblem(files: JsonValue | undefined): string | undefined {
  if (!isObject(files)) return 'files is missing'
  const known: readonly string[] = LISTED_FILES
  for (const [name, listed] of Object.entries(files)) {
    if (!known.includes(name)) return `files: unknown file ${JSON.stringify(name.slice(0, 80))}`
    const shape = { bytes: { kind: 'count', required: true }, sha256: { kind: 'hash', required: true } } as const
    const problem = isObject(listed) ? fieldProblem(listed, shape) : 'is no object'
    if (problem !== undefined) return `files: ${name}: ${problem}`
  }
  const missing = LISTED_FILES.find((name) => name !== 'rotations.log' && files[name] === undefined)
  return missing === undefined ? undefined : `files: ${missing} is not listed`
}

function isOfKind(value: JsonValue, kind: Kind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'time':
      return typeof value === 'string' && parseTimestamp(value) !== undefined
    case 'count':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    case 'hash':
      return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
    case 'object':
      return isObject(value)
  }
}

/** What the ledger's key swears to about an export: the SHA-256 of its cover, which has those of everything else. */
export interface ExportStatement {
  readonly origin: string
  /** Lower-case hex. */
  readonly coverSha256: string
}

/** The text of the statement; it goes into a signed note. */
export function statementText({ origin, coverSha256 }: ExportStatement): string {
  return `affidavit export v${EXPORT_VERSION}\n${origin}\n${COVER_FILE} sha256 ${coverSha256}\n`
}

/** Reads the text of a statement. Strict: statementText gives the same text again. */
export function parseStatementText(text: string): ExportStatement | undefined {
  const match = /^affidavit export v1\n([^\n]+)\nexport\.json sha256 ([0-9a-f]{64})\n$/.exec(text)
  if (match === null) return undefined
  const [, origin = '', coverSha256 = ''] = match
  return { origin, coverSha256 }
}
