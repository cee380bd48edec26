// What objects of the language and of Node hold, though own members do not show it (spec/capture.md §7). Nothing that a
// stranger may have put on the object is called: each is read by what its class was born with.

import * as is from 'node:util/types'

/** What stands for an object. */
export type Shown =
  | { readonly as: 'value'; readonly value: unknown }
  | { readonly as: 'bytes'; readonly bytes: Uint8Array }
  | { readonly as: 'list'; readonly items: Iterable<unknown> }
  /** Its own enumerable members; `first` are others that it has besides. */
  | { readonly as: 'members'; readonly first: readonly string[] }
  | { readonly as: 'nothing'; readonly why: string }

const TYPED_ARRAY: object = Object.getPrototypeOf(Uint8Array.prototype)

/** What an object that is no list shows. Throws what a proxy's trap throws. */
export function showObject(value: object): Shown {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return { as: 'members', first: [] }
  return showDate(value) ?? showBytes(value) ?? showCollection(value) ?? showText(value) ?? showInstance(value)
}

function showDate(value: object): Shown | undefined {
  if (!is.isDate(value)) return undefined
  if (Number.isNaN(Date.prototype.getTime.call(value))) return { as: 'nothing', why: 'an invalid date' }
  return { as: 'value', value: Date.prototype.toISOString.call(value) }
}

function showBytes(value: object): Shown | undefined {
  if (is.isAnyArrayBuffer(value)) return { as: 'bytes', bytes: new Uint8Array(value) }
  if (is.isDataView(value)) return { as: 'bytes', bytes: bytesIn(DataView.prototype, value) }
  if (is.isUint8Array(value) || is.isUint8ClampedArray(value)) {
    return { as: 'bytes', bytes: bytesIn(TYPED_ARRAY, value) }
  }
  return is.isTypedArray(value) ? { as: 'list', items: Array.prototype.values.call(value) } : undefined
}

// By the getters of the class: an object may have members of the same names.
function bytesIn(born: object, view: object): Uint8Array {
  return new Uint8Array(
    Reflect.get(born, 'buffer', view),
    Reflect.get(born, 'byteOffset', view),
    Reflect.get(born, 'byteLength', view),
  )
}

function showCollection(value: object): Shown | undefined {
  if (is.isMap(value)) return { as: 'list', items: Map.prototype.entries.call(value) }
  if (is.isSet(value)) return { as: 'list', items: Set.prototype.values.call(value) }
  if (is.isPromise(value)) return { as: 'nothing', why: 'a promise' }
  return undefined
}

function showText(value: object): Shown | undefined {
  if (is.isStringObject(value)) return { as: 'value', value: String.prototype.valueOf.call(value) }
  if (is.isNumberObject(value)) return { as: 'value', value: Number.prototype.valueOf.call(value) }
  if (is.isBooleanObject(value)) return { as: 'value', value: Boolean.prototype.valueOf.call(value) }
  if (is.isBigIntObject(value)) return { as: 'value', value: BigInt.prototype.valueOf.call(value) }
  if (is.isSymbolObject(value)) return { as: 'value', value: Symbol.prototype.valueOf.call(value) }
  if (is.isRegExp(value)) return { as: 'value', value: textOfPattern(value) }
  return value instanceof URL ? showUrl(value) : undefined
}

function textOfPattern(value: RegExp): string {
  return `/${Reflect.get(RegExp.prototype, 'source', value)}/${Reflect.get(RegExp.prototype, 'flags', value)}`
}

// What inherits from a URL without being one has no text.
function showUrl(value: URL): Shown | undefined {
  try {
    return { as: 'value', value: Reflect.get(URL.prototype, 'href', value) }
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function showInstance(value: object): Shown {
  if (is.isNativeError(value) || value instanceof Error) {
    return { as: 'members', first: ['name', 'message', 'cause', 'errors'] }
  }
  // A file, a stream, a response: what it holds is behind methods, and it is not for us to call them.
  return Object.keys(value).length === 0
    ? { as: 'nothing', why: 'an object that shows none of what it holds' }
    : { as: 'members', first: [] }
}
