// The tools file (spec/import.md §5): which tool touches which data. Strict, because a misspelt word would leave an
// access unclassified without anybody noticing.

import { readFile } from 'node:fs/promises'

import { JsonFault, type JsonValue, memberPath, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { CLASSIFICATIONS, type Classification } from '../formats/fields.ts'
import { ImportFault } from './fault.ts'
import { type JsonObject, listAt, objectAt, textAt } from './json-members.ts'

/** What data a call touches, and where its arguments name it. */
export interface DataMapping {
  readonly resource_type: string
  readonly resource_id_argument: string | undefined
  readonly subject_argument: string | undefined
  readonly data_classification: Classification
  readonly compliance_domains: readonly string[] | undefined
}

export type ToolMapping =
  | { readonly kind: 'none' }
  | { readonly kind: 'access'; readonly access: Access; readonly data: DataMapping }
  | {
      readonly kind: 'approval_request'
      readonly approver_key: string
      readonly decision_key: string
      /** What the approval is about. */
      readonly data: DataMapping | undefined
    }

export type Access = 'read' | 'write' | 'disclose'
export type ToolsMapping = ReadonlyMap<string, ToolMapping>

const ACCESSES = ['read', 'write', 'disclose', 'none'] as const
const KINDS = ['access', 'approval_request'] as const
const WORD = /^[a-z][a-z0-9_]{0,63}$/
const MAX_DOMAINS = 32
const DATA = ['resource_type', 'resource_id_argument', 'subject_argument', 'data_classification', 'compliance_domains']
const KEYS = ['approver_key', 'decision_key']

/** @throws ImportFault where the file cannot be read, or with the path of what is wrong in it */
export async function readToolsFile(file: string): Promise<ToolsMapping> {
  try {
    return parseToolsMapping(await readFile(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ImportFault) throw error
    throw new ImportFault('', `${file} cannot be read: ${error.message}`, { cause: error })
  }
}

/** @throws ImportFault with the path of what is wrong: `get_chart.access` */
export function parseToolsMapping(text: string): ToolsMapping {
  const tools = objectAt(parseText(text), '')
  return new Map(Object.entries(tools).map(([name, value]) => [name, parseNamed(value, memberPath('', name))]))
}

function parseNamed(value: JsonValue, path: string): ToolMapping {
  return parseTool(objectAt(value, path), path)
}

function parseText(text: string): JsonValue {
  try {
    return parseJson(text, PLAIN_JSON)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    throw new ImportFault('', `the tools file is not JSON: ${error.message}`, { cause: error })
  }
}

function parseTool(tool: JsonObject, path: string): ToolMapping {
  refuseUnknown(tool, ['kind', 'access', ...DATA, ...KEYS], 'is no word of a tools file', path)
  if (oneOf(tool, 'kind', KINDS, path) === 'approval_request') return parseApproval(tool, path)
  refuseUnknown(tool, ['kind', 'access', ...DATA], 'has a meaning only where kind is approval_request', path)
  const access = oneOf(tool, 'access', ACCESSES, path)
  if (access === undefined) throw new ImportFault(`${path}.access`, `is missing; one of ${ACCESSES.join(', ')}`)
  if (access !== 'none') return { kind: 'access', access, data: parseData(tool, path) }
  refuseUnknown(tool, ['kind', 'access'], 'has no meaning where access is none', path)
  return { kind: 'none' }
}

function parseApproval(tool: JsonObject, path: string): ToolMapping {
  refuseUnknown(tool, ['kind', ...DATA, ...KEYS], 'has no meaning where kind is approval_request', path)
  const touches = DATA.some((key) => tool[key] !== undefined)
  return {
    kind: 'approval_request',
    approver_key: need(tool, 'approver_key', path),
    decision_key: need(tool, 'decision_key', path),
    data: touches ? parseData(tool, path) : undefined,
  }
}

function parseData(tool: JsonObject, path: string): DataMapping {
  const resource_type = need(tool, 'resource_type', path)
  if (!WORD.test(resource_type)) throw new ImportFault(`${path}.resource_type`, `must match ${WORD.source}`)
  return {
    resource_type,
    resource_id_argument: textAt(tool, 'resource_id_argument', `${path}.resource_id_argument`),
    subject_argument: textAt(tool, 'subject_argument', `${path}.subject_argument`),
    data_classification: oneOf(tool, 'data_classification', CLASSIFICATIONS, path) ?? 'restricted',
    compliance_domains: parseDomains(tool, `${path}.compliance_domains`),
  }
}

function parseDomains(tool: JsonObject, path: string): readonly string[] | undefined {
  const domains = listAt(tool, 'compliance_domains', path).map((domain, i) => parseDomain(domain, `${path}[${i}]`))
  if (domains.length > MAX_DOMAINS) throw new ImportFault(path, `has more than ${MAX_DOMAINS} domains`)
  return domains.length === 0 ? undefined : [...new Set(domains)].sort()
}

function parseDomain(domain: JsonValue, path: string): string {
  if (typeof domain === 'string' && WORD.test(domain)) return domain
  throw new ImportFault(path, `must be a word that matches ${WORD.source}`)
}

function oneOf<Word extends string>(
  tool: JsonObject,
  key: string,
  words: readonly Word[],
  path: string,
): Word | undefined {
  const value = textAt(tool, key, `${path}.${key}`)
  const word = words.find((known) => known === value)
  if (value !== undefined && word === undefined) {
    throw new ImportFault(`${path}.${key}`, `must be one of ${words.join(', ')}`)
  }
  return word
}

function need(tool: JsonObject, key: string, path: string): string {
  const value = textAt(tool, key, `${path}.${key}`)
  if (value !== undefined && value !== '') return value
  throw new ImportFault(`${path}.${key}`, 'is missing')
}

function refuseUnknown(tool: JsonObject, known: readonly string[], problem: string, path: string): void {
  const unknown = Object.keys(tool).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new ImportFault(memberPath(path, unknown), `${problem}; allowed here: ${known.join(', ')}`)
}
