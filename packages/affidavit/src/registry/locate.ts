// Where a registry says that ids stand in a call, and the ids found there (spec/registry.md §4).

import { JsonFault, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { idProblem } from '../bytes/label.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { parseJsonPath, type Segment } from './json-path.ts'
import { followPointer, parsePointer } from './pointer.ts'
import { select } from './select.ts'

export const PARTS = ['arguments', 'result'] as const
export type Part = (typeof PARTS)[number]

export interface Locator {
  readonly from: Part
  /** A JSON Pointer or a JSONPath, as written. */
  readonly at: string
  readonly way: Way
}

export type Way =
  | { readonly kind: 'pointer'; readonly names: readonly string[] }
  | { readonly kind: 'path'; readonly segments: readonly Segment[] }

/** What a call was given and gave. Text that begins as a JSON object or list is read as JSON. */
export type Parts = { readonly [part in Part]: JsonValue | undefined }

/** Ids of one kind, sorted, none twice, and the places where one was to be found and was not. */
export interface Ids {
  readonly ids: readonly string[]
  readonly missing: readonly Missing[]
}

export interface Missing {
  readonly from: Part
  readonly at: string
  readonly why: Why
}

/** Nothing there; no id; more ids than a record holds; text that two readers could read differently; too much to look at. */
export type Why = 'absent' | 'not-an-id' | 'too-many' | 'unreadable' | 'too-large'

/** Ids of one kind in one record: more would not fit. */
export const MAX_IDS = 100
/** Characters of arguments or a result that stand as text. */
export const MAX_TEXT: number = 4 * 2 ** 20

/** The way that a text names, or what is wrong with it. */
export function parseWay(at: string): Way | { readonly problem: string } {
  if (at.startsWith('$')) {
    const segments = parseJsonPath(at)
    return 'problem' in segments ? segments : { kind: 'path', segments }
  }
  const names = parsePointer(at)
  return 'problem' in names ? names : { kind: 'pointer', names }
}

/** All ids that the locators find. Each place without one is told; nothing that was found is quoted there. */
export function findIds(locators: readonly Locator[], parts: Parts): Ids {
  const found = locators.map((locator) => idsAt(locator, valuesAt(locator, parts)))
  const ids = [...new Set(found.flatMap((one) => one.ids))].sort()
  const missing = found.flatMap((one) => one.missing)
  const [last] = locators.slice(-1)
  if (last === undefined || ids.length <= MAX_IDS) return { ids, missing }
  return { ids: ids.slice(0, MAX_IDS), missing: [...missing, { from: last.from, at: last.at, why: 'too-many' }] }
}

/** The values at a locator, or why there is none. */
export function valuesAt({ from, way }: Locator, parts: Parts): readonly JsonValue[] | Why {
  const root = readable(parts[from])
  if (root.kind === 'not') return root.why
  if (way.kind === 'pointer') {
    const value = followPointer(root.value, way.names)
    return value === undefined ? 'absent' : [value]
  }
  const selected = select(root.value, way.segments)
  if (selected.kind === 'too-much') return 'too-large'
  return selected.nodes.length === 0 ? 'absent' : selected.nodes
}

function idsAt({ from, at }: Locator, values: readonly JsonValue[] | Why): Ids {
  if (typeof values === 'string') return { ids: [], missing: [{ from, at, why: values }] }
  const ids = values.flatMap((value) => (Array.isArray(value) ? value : [value])).map(idOf)
  const fit = ids.filter((id) => id !== undefined)
  const why = ids.length === 0 ? 'absent' : fit.length < ids.length ? 'not-an-id' : undefined
  return { ids: fit, missing: why === undefined ? [] : [{ from, at, why }] }
}

// An integer as its digits; what two readers could read as two numbers is none.
function idOf(value: JsonValue): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value
  return typeof id === 'string' && idProblem(id, MAX_LABEL_BYTES) === undefined ? id : undefined
}

type Readable = { readonly kind: 'value'; readonly value: JsonValue } | { readonly kind: 'not'; readonly why: Why }

const BEGINS_AS_JSON = /^[ \t\n\r]*[{[]/

function readable(part: JsonValue | undefined): Readable {
  if (part === undefined) return { kind: 'not', why: 'absent' }
  if (typeof part !== 'string' || !BEGINS_AS_JSON.test(part)) return { kind: 'value', value: part }
  if (part.length > MAX_TEXT) return { kind: 'not', why: 'too-large' }
  try {
    return { kind: 'value', value: parseJson(part, PLAIN_JSON) }
  } catch (error) {
    if (error instanceof JsonFault) return { kind: 'not', why: 'unreadable' }
    throw error
  }
}
