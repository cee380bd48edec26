// Whether text without escapes is canonical JSON (spec/entry.md §2), found by walking over it: nothing is parsed or written
// again. It answers for what records mostly are; json.ts is the authority, and judges whatever this leaves in doubt.

import { canonicalNumber } from './json.ts'

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]
const DOUBT = -1

/** Nothing that JSON escapes, and no escape: then every quote begins or ends a string. */
const UNESCAPED = /^[^\\\0-\x1f]*$/

/**
 * Whether `text`, well-formed, is one value in RFC 8785 form, nested `depth` deep at most, without an integer beyond
 * 2^53 - 1, a key `__proto__` and U+0000. `false` says "not", or "not sure".
 */
export function isCanonicalUnescaped(text: string, depth: number): boolean {
  return UNESCAPED.test(text) && isCanonicalPlain(text, depth)
}

/** The same of text that is known to be printable ASCII without a backslash. */
export function isCanonicalPlain(text: string, depth: number): boolean {
  return endOfValue(text, 0, depth) === text.length
}

function endOfValue(text: string, at: number, depth: number): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return endOfString(text, at)
    case OPEN_OBJECT:
      return depth > 0 ? endOfObject(text, at, depth - 1) : DOUBT
    case OPEN_ARRAY:
      return depth > 0 ? endOfArray(text, at, depth - 1) : DOUBT
    case 0x74:
      return endOfWord(text, at, 'true')
    case 0x66:
      return endOfWord(text, at, 'false')
    case 0x6e:
      return endOfWord(text, at, 'null')
    default:
      return endOfNumber(text, at)
  }
}

function endOfString(text: string, opening: number): number {
  const closing = text.indexOf('"', opening + 1)
  return closing === -1 ? DOUBT : closing + 1
}

function endOfWord(text: string, at: number, word: string): number {
  return text.startsWith(word, at) ? at + word.length : DOUBT
}

function endOfNumber(text: string, begin: number): number {
  let end = begin
  while (isOfNumber(text.charCodeAt(end))) end++
  const spelled = text.slice(begin, end)
  const value = Number(spelled)
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return DOUBT
  return canonicalNumber(value) === spelled ? end : DOUBT
}

// Digits, sign, point, exponent.
function isOfNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e || code === 0x2b || code === 0x65
}

function endOfArray(text: string, opening: number, depth: number): number {
  if (text.charCodeAt(opening + 1) === CLOSE_ARRAY) return opening + 2
  let at = opening
  for (;;) {
    at = endOfValue(text, at + 1, depth)
    if (text.charCodeAt(at) === CLOSE_ARRAY) return at + 1
    if (at === DOUBT || text.charCodeAt(at) !== COMMA) return DOUBT
  }
}

function endOfObject(text: string, opening: number, depth: number): number {
  if (text.charCodeAt(opening + 1) === CLOSE_OBJECT) return opening + 2
  let at = opening
  let before: string | undefined
  for (;;) {
    if (text.charCodeAt(at + 1) !== QUOTE) return DOUBT
    const end = endOfString(text, at + 1)
    if (end === DOUBT || text.charCodeAt(end) !== COLON) return DOUBT
    const key = text.slice(at + 2, end - 1)
    if ((before !== undefined && key <= before) || key === '__proto__') return DOUBT
    before = key
    at = endOfValue(text, end + 1, depth)
    if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1
    if (at === DOUBT || text.charCodeAt(at) !== COMMA) return DOUBT
  }
}
