// Details as a record can hold them (spec/entry.md §2): what adapters tell is a stranger's word, and no record is refused for it.

import type { Draft } from '../formats/fields.ts'

type Details = NonNullable<Draft['details']>

/** Characters of a text. */
const MAX_TEXT = 1_000
const MAX_ITEMS = 64
const MAX_DEPTH = 8

/** What says nothing is left out, at any depth; texts and lists are cut. */
export function fitDetails(details: object): Details {
  return membersOf(details, 0)
}

/** The first of them, and how many more there are. */
export function firstOf(all: readonly string[], most: number): readonly string[] {
  return all.length <= most ? all : [...all.slice(0, most), `… and ${all.length - most} more`]
}

function membersOf(object: object, depth: number): Details {
  const members = Object.entries(object).map(([name, value]) => [name, fit(value, depth)] as const)
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}

function fit(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return fitText(value)
  if (typeof value === 'number') return fitNumber(value)
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value !== 'object' || depth === MAX_DEPTH) return undefined
  if (!Array.isArray(value)) return membersOf(value, depth + 1)
  const items = value.slice(0, MAX_ITEMS).map((item) => fit(item, depth + 1))
  const more = value.length > MAX_ITEMS ? [`… and ${value.length - MAX_ITEMS} more`] : []
  return [...items.filter((item) => item !== undefined), ...more]
}

function fitText(text: string): string {
  const start = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text
  return start.toWellFormed().replaceAll('\0', '\ufffd')
}

// A larger integer is another number in other languages.
function fitNumber(value: number): number | string | undefined {
  if (!Number.isFinite(value)) return undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(value) : value
}
