// JSON Pointer (RFC 6901): the way to one value of a JSON document.

import type { JsonValue } from '../bytes/json.ts'

/** The member names and indexes of a pointer, unescaped; what is wrong where it is none. */
export function parsePointer(text: string): readonly string[] | { readonly problem: string } {
  if (text === '') return []
  if (!text.startsWith('/')) return { problem: 'is no JSON Pointer: it begins with /' }
  if (/~(?![01])/.test(text)) return { problem: 'is no JSON Pointer: ~ is written ~0 in it, and / inside a name ~1' }
  // In this order: ~01 is the name ~1, not /.
  return text
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value at a pointer; `undefined` where there is none. */
export function followPointer(root: JsonValue, names: readonly string[]): JsonValue | undefined {
  return names.reduce<JsonValue | undefined>((value, name) => (value === undefined ? value : step(value, name)), root)
}

const INDEX = /^(?:0|[1-9][0-9]{0,9})$/

function step(value: JsonValue, name: string): JsonValue | undefined {
  if (Array.isArray(value)) return INDEX.test(name) ? value[Number(name)] : undefined
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? value[name] : undefined
}
