// The text of a stranger's value (spec/capture.md §7): arguments, results, requests. Whatever is handed in, there is a text,
// and what it does not hold is told. Own enumerable members are read once each; nothing of the value is called.

import { toBase64 } from '../bytes/base64.ts'
import type { JsonPath } from '../bytes/json.ts'
import { type Shown, showObject } from './known-objects.ts'
import { createUncaptured, type Uncaptured } from './uncaptured.ts'

export interface Described {
  readonly text: string
  /** `text/plain` where the value is a text itself. */
  readonly media_type: 'application/json' | 'text/plain'
  /** `place: why` of all that the text does not hold, bounded. */
  readonly uncaptured: readonly string[]
}

const MAX_DEPTH = 64
const MAX_BYTES = 8 * 1_048_576
/** `\\u0000` */
const LONGEST_ESCAPE = 6
/** Further digits take longer than anybody waits. */
const MAX_BIGINT = 10n ** 1_000n
/** What closes lists and objects, and one number more, have room of their own: where all is full, the text is JSON still. */
const ROOM = MAX_BYTES - 2_048

/** Never throws. `name` is what places begin with: `arguments.items[3]`. */
export function describeValue(value: unknown, name = 'value'): Described {
  const writer: Writer = { pieces: [], room: ROOM, above: new Set<object>(), uncaptured: createUncaptured(name) }
  if (typeof value === 'string') writer.pieces.push(fitting(writer, undefined, value, Buffer.byteLength))
  else writeValue(writer, undefined, value)
  return {
    text: writer.pieces.join(''),
    media_type: typeof value === 'string' ? 'text/plain' : 'application/json',
    uncaptured: writer.uncaptured.told(),
  }
}

interface Writer {
  readonly pieces: string[]
  /** How many bytes may still be written. */
  room: number
  /** What we are in. */
  readonly above: Set<object>
  readonly uncaptured: Uncaptured
}

function put(writer: Writer, text: string): void {
  writer.pieces.push(text)
  writer.room -= text.length
}

/** In the place of what cannot be captured. */
function putNothing(writer: Writer, path: JsonPath, why: string): void {
  writer.uncaptured.add(path, why)
  put(writer, 'null')
}

function writeValue(writer: Writer, path: JsonPath, value: unknown): void {
  if (typeof value === 'string') writeText(writer, path, value)
  else if (typeof value === 'object' && value !== null) writeObject(writer, path, value)
  else if (typeof value === 'function' || typeof value === 'symbol') putNothing(writer, path, `a ${typeof value}`)
  else if (typeof value === 'number') writeNumber(writer, path, value)
  else if (typeof value === 'bigint') writeBigInt(writer, path, value)
  else put(writer, value === undefined ? 'null' : String(value))
}

function writeNumber(writer: Writer, path: JsonPath, value: number): void {
  if (!Number.isFinite(value)) putNothing(writer, path, 'not a finite number')
  else put(writer, Object.is(value, -0) ? '-0' : String(value))
}

function writeBigInt(writer: Writer, path: JsonPath, value: bigint): void {
  if (value >= MAX_BIGINT || value <= -MAX_BIGINT) putNothing(writer, path, 'more than 1000 digits')
  else put(writer, `"${value}"`)
}

function writeObject(writer: Writer, path: JsonPath, value: object): void {
  const why = writer.above.has(value)
    ? 'a cycle: it stands within itself'
    : writer.above.size === MAX_DEPTH
      ? `nested deeper than ${MAX_DEPTH}`
      : undefined
  if (why !== undefined) {
    putNothing(writer, path, why)
    return
  }
  const { length } = writer.pieces
  writer.above.add(value)
  try {
    writeShown(writer, path, value, showList(value) ?? showObject(value))
  } catch {
    // A trap of a proxy threw, or the stack was nearly full when we were called.
    writer.pieces.length = length
    putNothing(writer, path, 'reading it threw')
  } finally {
    writer.above.delete(value)
  }
}

function showList(value: object): Shown | undefined {
  return Array.isArray(value) ? { as: 'list', items: elementsOf(value) } : undefined
}

function writeShown(writer: Writer, path: JsonPath, value: object, shown: Shown): void {
  switch (shown.as) {
    case 'value':
      writeValue(writer, path, shown.value)
      break
    case 'bytes':
      writeBytes(writer, path, shown.bytes)
      break
    case 'list':
      writeList(writer, path, shown.items)
      break
    case 'members':
      writeMembers(writer, path, value, shown.first)
      break
    case 'nothing':
      putNothing(writer, path, shown.why)
  }
}

const THREW: unique symbol = Symbol('reading it threw')

function read(from: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(from, key)
  } catch {
    return THREW
  }
}

// A proxy may tell any length: what it says is gone through until there is no room.
function* elementsOf(list: readonly unknown[]): Generator<unknown> {
  for (let i = 0; i < list.length; i++) yield read(list, i)
}

function writeList(writer: Writer, path: JsonPath, items: Iterable<unknown>): void {
  put(writer, '[')
  let at = 0
  for (const item of items) {
    if (writer.room <= 0) {
      writer.uncaptured.add(path, `its elements from ${at} on: more than 8 MiB in all`)
      break
    }
    if (at > 0) put(writer, ',')
    writeRead(writer, { above: path, step: at }, item)
    at++
  }
  put(writer, ']')
}

function writeRead(writer: Writer, path: JsonPath, value: unknown): void {
  if (value === THREW) putNothing(writer, path, 'reading it threw')
  else writeValue(writer, path, value)
}

function writeMembers(writer: Writer, path: JsonPath, value: object, first: readonly string[]): void {
  const keys = [...new Set([...first, ...Object.keys(value)])]
  if (hasSymbols(value)) writer.uncaptured.add(path, 'members under symbols')
  put(writer, '{')
  let separator = ''
  for (const key of keys) {
    // One that is left out has its price too: nothing is gone through for ever.
    writer.room--
    if (writer.room <= LONGEST_ESCAPE * key.length + 2) {
      writer.uncaptured.add(path, 'further members: more than 8 MiB in all')
      break
    }
    const member = read(value, key)
    if (member === undefined) continue
    const at = { above: path, step: key }
    put(writer, separator)
    writeText(writer, at, key)
    put(writer, ':')
    writeRead(writer, at, member)
    separator = ','
  }
  put(writer, '}')
}

function hasSymbols(value: object): boolean {
  const symbols = Object.getOwnPropertySymbols(value)
  return symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol))
}

function writeText(writer: Writer, path: JsonPath, text: string): void {
  const token = JSON.stringify(fitting(writer, path, text, sizeOfToken))
  writer.pieces.push(token)
  writer.room -= Buffer.byteLength(token)
}

function sizeOfToken(text: string): number {
  return Buffer.byteLength(JSON.stringify(text))
}

/** As much of a text as there is room for, and no halves of characters. */
function fitting(writer: Writer, path: JsonPath, text: string, sizeOf: (text: string) => number): string {
  // No unit takes less than a byte: what is behind that is not even looked at.
  const start = withoutHalfAtCut(text.slice(0, Math.max(0, writer.room)), text)
  if (!start.isWellFormed()) writer.uncaptured.add(path, 'halves of surrogate pairs, kept as U+FFFD')
  const kept = cut(start.toWellFormed(), writer.room, sizeOf)
  if (kept.length < text.length) {
    writer.uncaptured.add(path, `its end, behind ${kept.length} of ${text.length} characters: more than 8 MiB in all`)
    // Whoever reads on finds nothing that stood behind what is missing.
    writer.room = 0
  }
  return kept
}

function cut(text: string, room: number, sizeOf: (text: string) => number): string {
  if (LONGEST_ESCAPE * text.length + 2 <= room) return text
  let kept = text
  for (let size = sizeOf(kept); size > room && kept !== ''; size = sizeOf(kept)) {
    kept = withoutHalfAtCut(kept.slice(0, Math.floor((kept.length * room * 0.99) / size)), text)
  }
  return kept
}

function withoutHalfAtCut(start: string, whole: string): string {
  return start.length < whole.length ? start.replace(/[\ud800-\udbff]$/, '') : start
}

function writeBytes(writer: Writer, path: JsonPath, bytes: Uint8Array): void {
  const fits = Math.max(0, Math.floor((writer.room - 2) / 4)) * 3
  if (fits < bytes.length) {
    writer.uncaptured.add(path, `its end, behind ${fits} of ${bytes.length} bytes: more than 8 MiB in all`)
    writer.room = 0
  }
  put(writer, `"${toBase64(bytes.subarray(0, fits))}"`)
}
