// A JSON value with its texts, numbers and keys rewritten. The keys above a value are read as the words before it:
// {"card":{"number":"41…"}} is looked at as "card number: 41…".

import { JsonFault, type JsonPath, type JsonValue, pathText } from '../bytes/json.ts'
import type { DetectedType } from './detector.ts'
import type { Look, LookAt } from './look.ts'
import { replaceSpans } from './replace-spans.ts'

const MAX_DEPTH = 512

/** What was replaced, and where; a key by the object that it stands in, keys above as they became. */
interface Replaced<Type extends DetectedType> {
  readonly path: JsonPath
  readonly type: Type
}

export interface Rewritten<Type extends DetectedType> {
  /** The same value where nothing was replaced. */
  readonly value: JsonValue
  readonly replaced: readonly Replaced<Type>[]
}

interface Rewriting<Type extends DetectedType> {
  readonly look: Look<Type>
  readonly lookAtKey: LookAt<Type>
  readonly wordFor: (type: DetectedType) => string
  readonly replaced: Replaced<Type>[]
}

interface Position<Type extends DetectedType> {
  readonly path: JsonPath
  /** The two nearest keys above, outer first. */
  readonly keys: readonly string[]
  /** How a text behind these keys is looked at. */
  readonly lookAt: LookAt<Type>
  readonly depth: number
}

/**
 * Rewrites `value`, which stands at `path` and is left as it is.
 * @throws JsonFault for nesting deeper than 512, and what `look` throws
 */
export function rewriteJson<Type extends DetectedType>(
  value: JsonValue,
  look: Look<Type>,
  wordFor: (type: DetectedType) => string,
  path: JsonPath,
): Rewritten<Type> {
  const lookAtKey = look([])
  if (holdsNothing(value, { look, lookAtKey }, [], lookAtKey, 1)) return { value, replaced: [] }
  const rewriting: Rewriting<Type> = { look, lookAtKey, wordFor, replaced: [] }
  const top = { path, keys: [], lookAt: lookAtKey, depth: 1 }
  return { value: rewriteValue(value, rewriting, top), replaced: rewriting.replaced }
}

/** Most values do: nothing is made for them. What is nested too deep is left to whoever says so. */
function holdsNothing<Type extends DetectedType>(
  value: JsonValue,
  looking: Pick<Rewriting<Type>, 'look' | 'lookAtKey'>,
  keys: readonly string[],
  lookAt: LookAt<Type>,
  depth: number,
): boolean {
  if (typeof value === 'string') return lookAt(value).length === 0
  if (typeof value === 'number') return lookAt(String(value)).length === 0
  if (typeof value !== 'object' || value === null) return true
  if (depth > MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every((one) => holdsNothing(one, looking, keys, lookAt, depth + 1))
  return Object.keys(value).every((key) => {
    if (looking.lookAtKey(key).length > 0) return false
    const nearest = nearestKeys(keys, key)
    return holdsNothing(value[key] ?? null, looking, nearest, looking.look(nearest), depth + 1)
  })
}

function nearestKeys(keys: readonly string[], key: string): readonly string[] {
  const above = keys.at(-1)
  return above === undefined ? [key] : [above, key]
}

function rewriteValue<Type extends DetectedType>(
  value: JsonValue,
  rewriting: Rewriting<Type>,
  position: Position<Type>,
): JsonValue {
  if (typeof value === 'string') return rewriteText(value, rewriting, position)
  if (typeof value === 'number') {
    const text = String(value)
    const rewritten = rewriteText(text, rewriting, position)
    return rewritten === text ? value : rewritten
  }
  if (typeof value !== 'object' || value === null) return value
  if (position.depth > MAX_DEPTH) throw new JsonFault(pathText(position.path), `nested deeper than ${MAX_DEPTH}`)
  return Array.isArray(value) ? rewriteArray(value, rewriting, position) : rewriteObject(value, rewriting, position)
}

function rewriteText<Type extends DetectedType>(
  text: string,
  { wordFor, replaced }: Rewriting<Type>,
  { path, lookAt }: Position<Type>,
): string {
  const spans = lookAt(text)
  if (spans.length === 0) return text
  for (const { type } of spans) replaced.push({ path, type })
  return replaceSpans(text, spans, wordFor, '')
}

function rewriteArray<Type extends DetectedType>(
  values: JsonValue[],
  rewriting: Rewriting<Type>,
  { path, keys, lookAt, depth }: Position<Type>,
): JsonValue {
  const rewritten = values.map((value, step) =>
    rewriteValue(value, rewriting, { path: { above: path, step }, keys, lookAt, depth: depth + 1 }),
  )
  return rewritten.every((value, i) => value === values[i]) ? values : rewritten
}

function rewriteObject<Type extends DetectedType>(
  members: { [key: string]: JsonValue },
  rewriting: Rewriting<Type>,
  position: Position<Type>,
): JsonValue {
  const keys = Object.keys(members)
  const names = rewriteKeys(keys, rewriting, position.path)
  let changed = names !== keys
  const rewritten = Object.entries(members).map(([key, value], i): [name: string, value: JsonValue] => {
    const name = names[i] ?? key
    const next = rewriteValue(value, rewriting, below(position, key, name, rewriting.look))
    changed ||= next !== value
    return [name, next]
  })
  // Object.fromEntries defines members: a key named __proto__ is a member like any other.
  return changed ? Object.fromEntries(rewritten) : members
}

/** The very same list where nothing was found in a key. */
function rewriteKeys<Type extends DetectedType>(
  keys: readonly string[],
  { lookAtKey, wordFor, replaced }: Rewriting<Type>,
  path: JsonPath,
): readonly string[] {
  const spans = keys.map(lookAtKey)
  if (spans.every(({ length }) => length === 0)) return keys
  for (const { type } of spans.flat()) replaced.push({ path, type })
  const freeName = createNames()
  return keys.map((key, i) => freeName(replaceSpans(key, spans[i] ?? [], wordFor, '')))
}

function below<Type extends DetectedType>(
  { path, keys, depth }: Position<Type>,
  key: string,
  name: string,
  look: Look<Type>,
): Position<Type> {
  const nearest = nearestKeys(keys, key)
  return { path: { above: path, step: name }, keys: nearest, lookAt: look(nearest), depth: depth + 1 }
}

/** Two keys may become the same word: the later one is numbered, so that no member is lost. */
export function createNames(): (name: string) => string {
  const taken = new Set<string>()
  // Where a name was tried before, those numbers are taken: nobody makes it count from the beginning again.
  const tried = new Map<string, number>()
  return (name) => {
    let free = name
    for (let number = tried.get(name) ?? 2; taken.has(free); number++) {
      free = `${name} ${number}`
      tried.set(name, number + 1)
    }
    taken.add(free)
    return free
  }
}
