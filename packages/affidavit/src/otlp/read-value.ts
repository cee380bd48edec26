// Values and attributes of OTLP/JSON, read (spec/otlp.md §2).

import { toBase64 } from '../bytes/base64.ts'
import type { JsonValue } from '../bytes/json.ts'
import { ItemFault } from './fault.ts'
import { MAX_ATTRIBUTES, MAX_DEPTH } from './limits.ts'
import type { Attributes, UnixNanos } from './telemetry.ts'

export type JsonObject = { readonly [name: string]: JsonValue }

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that is `null` is absent, as in all JSON of protobuf. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}

export function textIn(object: JsonObject, name: string, path: string): string {
  const value = memberOf(object, name)
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new ItemFault(`${path}.${name}`, 'must be a text')
  return value.toWellFormed()
}

/** A list of objects; absent is empty. */
export function listIn(object: JsonObject, name: string, path: string): readonly JsonValue[] {
  const value = memberOf(object, name)
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new ItemFault(path === '' ? name : `${path}.${name}`, 'must be a list')
  return value
}

export function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  if (isObject(value)) return value
  throw new ItemFault(path, 'must be an object')
}

const INTEGER = /^-?[0-9]{1,20}$/

/** A 64-bit integer, as digits or as a number. */
function integerOf(value: JsonValue, path: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value)
  throw new ItemFault(path, 'must be an integer, as a number or as its digits')
}

export function nanosIn(object: JsonObject, name: string, path: string): UnixNanos {
  const value = memberOf(object, name)
  if (value === undefined) return 0n
  const nanos = integerOf(value, `${path}.${name}`)
  if (nanos < 0n) throw new ItemFault(`${path}.${name}`, 'must not be before 1970')
  return nanos
}

/** A count or an enumeration; absent is 0. */
export function smallIn(object: JsonObject, name: string, path: string): number {
  const value = memberOf(object, name)
  return value === undefined ? 0 : Number(BigInt.asUintN(32, integerOf(value, `${path}.${name}`)))
}

/** @throws ItemFault where there are too many, or one is no value */
export function attributesIn(object: JsonObject, path: string, name = 'attributes'): Attributes {
  const rows = listIn(object, name, path)
  if (rows.length > MAX_ATTRIBUTES) throw new ItemFault(`${path}.${name}`, `has more than ${MAX_ATTRIBUTES} attributes`)
  return new Map(rows.map((row, i) => pairOf(row, `${path}.${name}[${i}]`, 0)))
}

function pairOf(row: JsonValue, path: string, depth: number): readonly [string, JsonValue] {
  const pair = objectAt(row, path)
  const value = memberOf(pair, 'value')
  return [textIn(pair, 'key', path), value === undefined ? null : plainValue(value, `${path}.value`, depth)]
}

/** The plain value of an `AnyValue`. */
export function plainValue(any: JsonValue, path: string, depth = 0): JsonValue {
  const object = objectAt(any, path)
  if (depth > MAX_DEPTH) throw new ItemFault(path, `is nested deeper than ${MAX_DEPTH}`)
  for (const [kind, read] of Object.entries(READERS)) {
    const value = memberOf(object, kind)
    if (value !== undefined) return read(value, `${path}.${kind}`, depth)
  }
  return null
}

type Reader = (value: JsonValue, path: string, depth: number) => JsonValue

const READERS: Readonly<Record<string, Reader>> = {
  stringValue(value, path) {
    if (typeof value !== 'string') throw new ItemFault(path, 'must be a text')
    return value.toWellFormed()
  },
  boolValue(value, path) {
    if (typeof value !== 'boolean') throw new ItemFault(path, 'must be true or false')
    return value
  },
  intValue(value, path) {
    const integer = BigInt.asIntN(64, integerOf(value, path))
    const number = Number(integer)
    return Number.isSafeInteger(number) ? number : String(integer)
  },
  doubleValue(value, path) {
    const number = typeof value === 'string' && value !== '' ? Number(value) : value
    if (typeof number !== 'number') throw new ItemFault(path, 'must be a number')
    return Number.isFinite(number) ? number : String(number)
  },
  arrayValue(value, path, depth) {
    return listIn(objectAt(value, path), 'values', path).map((one, i) =>
      plainValue(one, `${path}.values[${i}]`, depth + 1),
    )
  },
  kvlistValue(value, path, depth) {
    const rows = listIn(objectAt(value, path), 'values', path)
    const pairs = rows.map((row, i) => pairOf(row, `${path}.values[${i}]`, depth + 1))
    if (pairs.some(([key]) => key === '__proto__')) throw new ItemFault(path, 'has a member named __proto__')
    return Object.fromEntries(pairs)
  },
  bytesValue(value, path) {
    if (typeof value !== 'string') throw new ItemFault(path, 'must be base64')
    return toBase64(Buffer.from(value, 'base64'))
  },
}
