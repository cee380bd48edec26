// A JSON value with its texts, numbers and keys rewritten. The keys above a value are read as the words before it:
// {"card":{"number":"41…"}} is looked at as "card number: 41…".

import { JsonFault, type JsonValue, memberPath } from '../bytes/json.ts'
import type { DetectedType, Detection } from './detector.ts'
import { replaceSpans } from './replace-spans.ts'
import { settle } from './settle.ts'

const MAX_DEPTH = 512

/** What was replaced, and where: `patient.contacts[2]`; a key by what it became. */
export interface Replaced<Type extends DetectedType = DetectedType> {
  readonly path: string
  readonly type: Type
}

export interface Rewritten<Type extends DetectedType> {
  /** The same value where nothing was replaced. */
  readonly value: JsonValue
  readonly replaced: readonly Replaced<Type>[]
}

interface Rewriting<Type extends DetectedType> {
  readonly detect: (text: string) => readonly Detection<Type>[]
  readonly wordFor: (type: DetectedType) => string
  readonly replaced: Replaced<Type>[]
}

interface Position {
  readonly path: string
  /** The two nearest keys above, outer first. */
  readonly keys: readonly string[]
  readonly depth: number
}

/**
 * Rewrites `value`, which is left as it is.
 * @throws JsonFault for nesting deeper than 512, and what `detect` throws
 */
export function rewriteJson<Type extends DetectedType>(
  value: JsonValue,
  detect: (text: string) => readonly Detection<Type>[],
  wordFor: (type: DetectedType) => string,
): Rewritten<Type> {
  const rewriting: Rewriting<Type> = { detect, wordFor, replaced: [] }
  return { value: rewriteValue(value, rewriting, { path: '', keys: [], depth: 1 }), replaced: rewriting.replaced }
}

function rewriteValue<Type extends DetectedType>(
  value: JsonValue,
  rewriting: Rewriting<Type>,
  position: Position,
): JsonValue {
  if (typeof value === 'string') return rewriteText(value, rewriting, position)
  if (typeof value === 'number') {
    const text = String(value)
    const rewritten = rewriteText(text, rewriting, position)
    return rewritten === text ? value : rewritten
  }
  if (typeof value !== 'object' || value === null) return value
  if (position.depth > MAX_DEPTH) throw new JsonFault(position.path, `nested deeper than ${MAX_DEPTH}`)
  return Array.isArray(value) ? rewriteArray(value, rewriting, position) : rewriteObject(value, rewriting, position)
}

function rewriteText<Type extends DetectedType>(
  text: string,
  { detect, wordFor, replaced }: Rewriting<Type>,
  { path, keys }: Position,
): string {
  const label = keys.length === 0 ? '' : `${keys.join(' ')}: `
  const spans = settle(label + text, detect(label + text))
    .filter(({ end }) => end > label.length)
    .map(({ type, start, end }) => ({ type, start: Math.max(0, start - label.length), end: end - label.length }))
  for (const { type } of spans) replaced.push({ path, type })
  return replaceSpans(text, spans, wordFor, '')
}

function rewriteArray<Type extends DetectedType>(
  values: JsonValue[],
  rewriting: Rewriting<Type>,
  position: Position,
): JsonValue {
  const { path, keys, depth } = position
  const rewritten = values.map((value, i) =>
    rewriteValue(value, rewriting, { path: `${path}[${i}]`, keys, depth: depth + 1 }),
  )
  return rewritten.every((value, i) => value === values[i]) ? values : rewritten
}

function rewriteObject<Type extends DetectedType>(
  members: { [key: string]: JsonValue },
  rewriting: Rewriting<Type>,
  position: Position,
): JsonValue {
  const { path, keys, depth } = position
  const rewritten = new Map<string, JsonValue>()
  let changed = false
  for (const [key, value] of Object.entries(members)) {
    const name = freeName(rewriteText(key, rewriting, { path, keys: [], depth }), rewritten)
    const below = { path: memberPath(path, name), keys: [...keys.slice(-1), key], depth: depth + 1 }
    const next = rewriteValue(value, rewriting, below)
    changed ||= name !== key || next !== value
    rewritten.set(name, next)
  }
  // Object.fromEntries defines members: a key named __proto__ is a member like any other.
  return changed ? Object.fromEntries(rewritten) : members
}

/** Two keys may become the same word: the later one is numbered, so that no member is lost. */
function freeName(name: string, taken: ReadonlyMap<string, JsonValue>): string {
  if (!taken.has(name)) return name
  let number = taken.size + 1
  while (taken.has(`${name} ${number}`)) number++
  return `${name} ${number}`
}
