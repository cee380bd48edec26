// What a record says of the places that were masked in it: enough to know that something was there, and never long.

import { type JsonPath, memberPath } from '../bytes/json.ts'
import type { DetectedType } from './detector.ts'

export interface Place {
  readonly path: JsonPath
  readonly type: DetectedType
}

/** `details.items[3].memo`; a key by the object that it stands in. Keys in the path are those that were kept. */
export interface Masked {
  readonly path: string
  /** A set; sorted. */
  readonly types: readonly DetectedType[]
  /** Only of the last one, whose path is `…`: how many more places there are. */
  readonly more?: number
}

const MAX_PLACES = 50
const MAX_KEY = 40
const MAX_PATH = 128
const CUT = '…'

/** Sorted by path. Beyond fifty places, one more says how many the others are. */
export function masksOf(places: readonly Place[]): readonly Masked[] {
  const byPath = new Map<string, Set<DetectedType>>()
  for (const { path, type } of places) {
    const text = shortPath(path)
    byPath.set(text, (byPath.get(text) ?? new Set()).add(type))
  }
  const masked = [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, types]) => ({ path, types: sorted(types) }))
  if (masked.length <= MAX_PLACES) return masked
  const others = masked.slice(MAX_PLACES)
  const types = sorted(new Set(others.flatMap((other) => other.types)))
  return [...masked.slice(0, MAX_PLACES), { path: CUT, types, more: others.length }]
}

function sorted(types: ReadonlySet<DetectedType>): DetectedType[] {
  return [...types].sort()
}

function shortPath(path: JsonPath): string {
  return cut(longPath(path), MAX_PATH)
}

function longPath(path: JsonPath): string {
  if (path === undefined) return ''
  const above = longPath(path.above)
  return typeof path.step === 'number' ? `${above}[${path.step}]` : memberPath(above, cut(path.step, MAX_KEY))
}

function cut(text: string, length: number): string {
  // A character of two halves is kept or left out as a whole: a lone half has no place in an entry.
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}${CUT}`
}
