// A draft as JSON has it: bytes of a body stand in base64, beside the word that says so (spec/http.md §2).

import { fromBase64 } from '../bytes/base64.ts'
import type { JsonValue } from '../bytes/json.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'

/**
 * The draft that a JSON value holds. What is no draft is handed on as it is, for admission to refuse.
 * @throws LedgerError `invalid-draft` where a body is not encoded as it says
 */
export function readDraftJson(value: JsonValue): Draft {
  // An append checks the value against the format; the type only says what a good one holds.
  return withBodies(value) as unknown as Draft
}

function withBodies(value: JsonValue): unknown {
  if (!isObject(value) || !Array.isArray(value.content)) return value
  return { ...value, content: value.content.map(withBytes) }
}

function withBytes(content: JsonValue, index: number): unknown {
  if (!isObject(content) || content.encoding === undefined) return content
  const { encoding, body, ...named } = content
  const path = `content[${index}]`
  if (encoding !== 'base64') throw badBody(`${path}.encoding`, 'is not "base64", the only encoding there is')
  const bytes = typeof body === 'string' ? fromBase64(body) : undefined
  if (bytes === undefined) throw badBody(`${path}.body`, 'is no base64 (RFC 4648 §4, padded)')
  return { ...named, body: bytes }
}

function isObject(value: JsonValue): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function badBody(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-draft', { problem: `${path} ${problem}`, path })
}
