// Strict JSON: RFC 8785 (JCS) canonical text, and a parser for RFC 7493 (I-JSON) that refuses what JSON.parse hides.
// spec/entry.md §2. Both throw JsonFault, which names the place: what cannot be said exactly is refused, never mended.

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

/** What is allowed beyond RFC 8785 itself. */
export interface JsonRules {
  /** Nesting of arrays and objects; the outermost value has depth 1. */
  readonly maxDepth: number
  /** Integers beyond 2^53 - 1: other languages would read another value than the one that was hashed. */
  readonly unsafeIntegers: 'refused' | 'allowed'
  /** U+0000 inside strings: databases and C programs cut text there. */
  readonly nul: 'refused' | 'allowed'
  /**
   * UTF-16 units of the canonical text. A value of a few objects that refer to each other twice can have a text that
   * fills the memory; it is refused as soon as it is longer than this.
   */
  readonly maxLength: number
}

/** RFC 8785 as it stands, with a depth at which no parser overflows. */
export const PLAIN_JSON: JsonRules = {
  maxDepth: 512,
  unsafeIntegers: 'allowed',
  nul: 'allowed',
  maxLength: Number.POSITIVE_INFINITY,
}

/** What entries and drafts may hold. No entry has more bytes than this length (MAX_ENTRY_BYTES), so none is longer. */
export const ENTRY_JSON: JsonRules = { maxDepth: 32, unsafeIntegers: 'refused', nul: 'refused', maxLength: 65_535 }

/** What is wrong with a JSON text or value, and where: `details.tokens[3]`; the empty path is the value itself. */
export class JsonFault extends Error {
  readonly path: string
  readonly kind: 'refused' | 'too-long'

  constructor(path: string, problem: string, kind: 'refused' | 'too-long' = 'refused', cause?: unknown) {
    super(path === '' ? problem : `${path}: ${problem}`, { cause })
    this.name = 'JsonFault'
    this.path = path
    this.kind = kind
  }
}

/** The way from the outermost value to a part of it, innermost step first. It becomes text only where there is a fault. */
export type JsonPath = { readonly above: JsonPath; readonly step: string | number } | undefined

/** `details.tokens[3]`; the empty text is the outermost value. */
export function pathText(path: JsonPath): string {
  if (path === undefined) return ''
  const above = pathText(path.above)
  return typeof path.step === 'number' ? `${above}[${path.step}]` : memberPath(above, path.step)
}

function fault(path: JsonPath, problem: string): JsonFault {
  return new JsonFault(pathText(path), problem)
}

/**
 * The RFC 8785 canonical text of `value`. Only what JSON has is accepted: no undefined, bigint, function, symbol, Date,
 * Map, class instance, array hole or toJSON; no lone surrogate; no own key `__proto__`. Each member is read once, so that
 * a getter or proxy has no second answer to give.
 * @throws JsonFault with the path of the first offence, and nothing else, whatever the value is
 */
export function canonicalJson(value: unknown, rules: JsonRules): string {
  return writeValue(value, undefined, 1, rules)
}

/**
 * The value of one member of an object, as `canonicalJson` writes it there.
 * @throws JsonFault as it would there
 */
export function canonicalValue(key: string, value: unknown, rules: JsonRules): string {
  return writeValue(value, { above: undefined, step: key }, 2, rules)
}

/** The text ECMAScript gives a finite double, which RFC 8785 §3.2.2.3 prescribes. */
export function canonicalNumber(value: number): string {
  return Object.is(value, -0) ? '0' : String(value)
}

function writeValue(value: unknown, path: JsonPath, depth: number, rules: JsonRules): string {
  switch (typeof value) {
    case 'string':
      return writeString(value, path, rules)
    case 'number':
      return writeNumber(value, path, rules)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth > rules.maxDepth) throw fault(path, `nested deeper than ${rules.maxDepth}`)
      return writeNested(value, path, depth, rules)
    default:
      throw fault(path, `${typeof value} has no JSON form; leave the field out or write it as a string`)
  }
}

function writeNested(value: object, path: JsonPath, depth: number, rules: JsonRules): string {
  try {
    return Array.isArray(value) ? writeArray(value, path, depth, rules) : writeObject(value, path, depth, rules)
  } catch (error) {
    if (error instanceof JsonFault) throw error
    // Only a getter or a proxy of the caller's throws anything else.
    throw new JsonFault(pathText(path), 'reading it threw an error', 'refused', error)
  }
}

function checkLength(length: number, path: JsonPath, rules: JsonRules): void {
  if (length > rules.maxLength)
    throw new JsonFault(pathText(path), `longer than ${rules.maxLength} characters`, 'too-long')
}

/** Text that every rule allows and that needs no escape: most of what records hold. Longer text is quicker written natively. */
const PLAIN = /^[ !#-[\]-~]*$/
const MAX_PLAIN = 100

function writeString(value: string, path: JsonPath, rules: JsonRules): string {
  checkLength(value.length, path, rules)
  if (value.length <= MAX_PLAIN && PLAIN.test(value)) return `"${value}"`
  checkString(value, path, rules)
  return JSON.stringify(value)
}

function checkString(value: string, path: JsonPath, rules: JsonRules): void {
  if (!value.isWellFormed()) throw fault(path, 'text holds a lone surrogate, which is no Unicode character')
  if (rules.nul === 'refused' && value.includes('\0')) throw fault(path, 'text holds U+0000')
}

function writeNumber(value: number, path: JsonPath, rules: JsonRules): string {
  if (!Number.isFinite(value)) throw fault(path, `${value} is no JSON number`)
  if (rules.unsafeIntegers === 'refused' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw unsafeInteger(path)
  }
  return canonicalNumber(value)
}

// The number itself stays out of the message: it may be somebody's account.
function unsafeInteger(path: JsonPath): JsonFault {
  return fault(path, 'an integer beyond 2^53 - 1; write it as a string')
}

function writeArray(values: readonly unknown[], path: JsonPath, depth: number, rules: JsonRules): string {
  let text = '['
  for (let i = 0; i < values.length; i++) {
    if (!(i in values)) throw fault({ above: path, step: i }, 'the array has a hole here')
    text += (i === 0 ? '' : ',') + writeValue(values[i], { above: path, step: i }, depth + 1, rules)
    checkLength(text.length, path, rules)
  }
  return `${text}]`
}

function writeObject(value: object, path: JsonPath, depth: number, rules: JsonRules): string {
  const problem = plainObjectProblem(value)
  if (problem !== undefined) throw fault(path, problem)
  let text = '{'
  // The default sort compares UTF-16 code units, which is the order RFC 8785 §3.2.3 asks for.
  for (const key of Object.keys(value).sort()) {
    text += text === '{' ? '' : ','
    text += writeMember(key, Reflect.get(value, key), path, depth, rules)
    checkLength(text.length, path, rules)
  }
  return `${text}}`
}

function writeMember(key: string, value: unknown, path: JsonPath, depth: number, rules: JsonRules): string {
  const at = { above: path, step: key }
  checkKey(key, at, rules)
  return `${writeString(key, at, rules)}:${writeValue(value, at, depth + 1, rules)}`
}

/** Why an object is more, or less, than its own members; `undefined` for a plain object. */
export function plainObjectProblem(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return `an instance of ${prototype.constructor?.name ?? 'a class'} has no JSON form; give a plain object`
  }
  return Object.getOwnPropertySymbols(value).length > 0 ? 'a symbol key has no JSON form' : undefined
}

function checkKey(key: string, path: JsonPath, rules: JsonRules): void {
  if (key === '__proto__') throw fault(path, 'the key __proto__ is refused: it would change objects, not describe them')
  checkString(key, path, rules)
}

/** `details` + `tokens` → `details.tokens`; a key that is no plain word is quoted: `details["a b"]`. */
export function memberPath(path: string, key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return path === '' ? key : `${path}.${key}`
  return `${path}[${JSON.stringify(key)}]`
}

/**
 * Parses one JSON text. Refuses duplicate keys, lone surrogates, the key `__proto__`, integers whose digits a double does
 * not give back, depth beyond the rules, and anything but white space after the value.
 * @throws JsonFault with the path and the offset of the first offence
 */
export function parseJson(text: string, rules: JsonRules): JsonValue {
  const reader = { text, at: 0, rules }
  skipSpace(reader)
  const value = readValue(reader, undefined, 1)
  skipSpace(reader)
  if (reader.at !== text.length) throw unexpected(reader, undefined, 'the end of the text')
  return value
}

interface Reader {
  readonly text: string
  at: number
  readonly rules: JsonRules
}

function unexpected(reader: Reader, path: JsonPath, expected: string): JsonFault {
  const found = reader.at < reader.text.length ? JSON.stringify(reader.text.charAt(reader.at)) : 'the end of the text'
  return fault(path, `expected ${expected} but found ${found} at offset ${reader.at}`)
}

function skipSpace(reader: Reader): void {
  const { text } = reader
  for (;;) {
    const code = text.charCodeAt(reader.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    reader.at++
  }
}

function readValue(reader: Reader, path: JsonPath, depth: number): JsonValue {
  const first = reader.text.charAt(reader.at)
  if (first === '"') return readString(reader, path)
  if (first === '{' || first === '[') {
    if (depth > reader.rules.maxDepth) throw fault(path, `nested deeper than ${reader.rules.maxDepth}`)
    return first === '{' ? readObject(reader, path, depth) : readArray(reader, path, depth)
  }
  if (first === 't') return readWord(reader, path, 'true', true)
  if (first === 'f') return readWord(reader, path, 'false', false)
  if (first === 'n') return readWord(reader, path, 'null', null)
  return readNumber(reader, path)
}

function readWord<T>(reader: Reader, path: JsonPath, word: string, value: T): T {
  if (!reader.text.startsWith(word, reader.at)) throw unexpected(reader, path, 'a JSON value')
  reader.at += word.length
  return value
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y

function readNumber(reader: Reader, path: JsonPath): number {
  NUMBER.lastIndex = reader.at
  const match = NUMBER.exec(reader.text)
  if (match === null) throw unexpected(reader, path, 'a JSON value')
  reader.at += match[0].length
  const value = Number(match[0])
  if (!Number.isFinite(value)) throw fault(path, 'a number beyond the range of a double')
  const written = match[1] === undefined && match[2] === undefined ? 'integer' : 'decimal'
  if (written === 'integer' && !Number.isSafeInteger(value) && String(value) !== match[0]) throw unsafeInteger(path)
  writeNumber(value, path, reader.rules)
  return value
}

function readString(reader: Reader, path: JsonPath): string {
  const { text } = reader
  let end = text.indexOf('"', reader.at + 1)
  while (end !== -1 && isEscaped(text, end, reader.at)) end = text.indexOf('"', end + 1)
  if (end === -1) throw fault(path, `text that begins at offset ${reader.at} is not closed`)
  const token = text.slice(reader.at, end + 1)
  const value = decodeString(token, path, reader.at)
  checkString(value, path, reader.rules)
  reader.at = end + 1
  return value
}

function isEscaped(text: string, quote: number, opening: number): boolean {
  let backslashes = 0
  while (quote - 1 - backslashes > opening && text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

// JSON.parse of one string token is exact: escapes and control characters are judged by RFC 8259; it hides nothing here.
function decodeString(token: string, path: JsonPath, offset: number): string {
  try {
    return JSON.parse(token)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw fault(path, `the text at offset ${offset} holds a control character or a broken escape`)
  }
}

function readArray(reader: Reader, path: JsonPath, depth: number): JsonValue[] {
  const values: JsonValue[] = []
  reader.at++
  skipSpace(reader)
  if (reader.text.charAt(reader.at) === ']') {
    reader.at++
    return values
  }
  for (;;) {
    values.push(readValue(reader, { above: path, step: values.length }, depth + 1))
    skipSpace(reader)
    const next = reader.text.charAt(reader.at)
    if (next !== ',' && next !== ']') throw unexpected(reader, path, '"," or "]"')
    reader.at++
    if (next === ']') return values
    skipSpace(reader)
  }
}

function readObject(reader: Reader, path: JsonPath, depth: number): { [key: string]: JsonValue } {
  const members: { [key: string]: JsonValue } = {}
  reader.at++
  skipSpace(reader)
  if (reader.text.charAt(reader.at) === '}') {
    reader.at++
    return members
  }
  for (;;) {
    readMember(reader, members, path, depth)
    skipSpace(reader)
    const next = reader.text.charAt(reader.at)
    if (next !== ',' && next !== '}') throw unexpected(reader, path, '"," or "}"')
    reader.at++
    if (next === '}') return members
    skipSpace(reader)
  }
}

function readMember(reader: Reader, members: { [key: string]: JsonValue }, path: JsonPath, depth: number): void {
  if (reader.text.charAt(reader.at) !== '"') throw unexpected(reader, path, 'a key in quotes')
  const key = readString(reader, path)
  const at = { above: path, step: key }
  checkKey(key, at, reader.rules)
  if (Object.hasOwn(members, key)) throw fault(at, 'this key stands twice')
  skipSpace(reader)
  if (reader.text.charAt(reader.at) !== ':') throw unexpected(reader, at, '":"')
  reader.at++
  skipSpace(reader)
  members[key] = readValue(reader, at, depth + 1)
}
