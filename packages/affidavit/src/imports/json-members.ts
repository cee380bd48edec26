// Reading members of parsed JSON with the path of what is wrong. `null` counts as absent, as exporters write it.

import type { JsonValue } from '../bytes/json.ts'
import { idProblem } from '../bytes/label.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { ImportFault } from './fault.ts'

export type JsonObject = { [key: string]: JsonValue }

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The member, also where its name comes from outside: `constructor` is no member of `{}`. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined
  return value === null ? undefined : value
}

/** @throws ImportFault where the value is no object */
export function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  if (isObject(value)) return value
  throw new ImportFault(path, `must be an object, not ${kindOf(value)}`)
}

/** @throws ImportFault where the member is there and no list */
export function listAt(object: JsonObject, key: string, path: string): readonly JsonValue[] {
  const value = member(object, key) ?? []
  if (Array.isArray(value)) return value
  throw new ImportFault(path, `must be a list, not ${kindOf(value)}`)
}

/** @throws ImportFault where the member is there and no text */
export function textAt(object: JsonObject, key: string, path: string): string | undefined {
  const value = member(object, key)
  if (value === undefined || typeof value === 'string') return value
  throw new ImportFault(path, `must be text, not ${kindOf(value)}`)
}

/**
 * An identifier that will stand in records: text, or an integer as its digits.
 * @throws ImportFault where a record could not carry it
 */
export function idAt(object: JsonObject, key: string, path: string): string | undefined {
  const value = member(object, key)
  if (value === undefined) return undefined
  const id = Number.isSafeInteger(value) ? String(value) : value
  if (typeof id !== 'string') throw new ImportFault(path, `must be text or an integer, not ${kindOf(value)}`)
  const problem = idProblem(id, MAX_LABEL_BYTES)
  if (problem !== undefined) throw new ImportFault(path, problem)
  return id
}

export function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'text' : `a ${typeof value}`
}
