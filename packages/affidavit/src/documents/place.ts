// Reading a parsed document strictly: each part with its path, so that what is wrong is named (spec/registry.md §1).

import { type JsonValue, memberPath } from '../bytes/json.ts'
import { idProblem, labelProblem } from '../bytes/label.ts'
import { MAX_LABEL_BYTES, MAX_WORD_BYTES, WORD } from '../formats/fields.ts'
import { Flaw } from './fault.ts'

/** A part of the file; `undefined` where nothing stands there. */
export interface Place {
  readonly path: string
  readonly value: JsonValue | undefined
}

export function isAbsent(place: Place): boolean {
  return place.value === undefined
}

/** @throws Flaw where the version of the format is another one than 1 */
export function expectVersion({ value, path }: Place): void {
  if (value === 1) return
  const problem = value === undefined ? 'is missing' : 'is no version that this release reads'
  throw new Flaw(path, problem, `write ${path}: 1`)
}

/** @throws Flaw where the object has another member than the ones named */
export function membersOf(place: Place, allowed: readonly string[]): (name: string) => Place {
  const object = objectOf(place)
  const unknown = Object.keys(object).find((name) => !allowed.includes(name))
  if (unknown !== undefined) {
    throw new Flaw(memberPath(place.path, unknown), 'is no word that may stand here', `allowed: ${allowed.join(', ')}`)
  }
  return (name) => ({
    path: memberPath(place.path, name),
    value: Object.hasOwn(object, name) ? object[name] : undefined,
  })
}

/** The members of an object whose names are the author's own; none where it is left out. */
export function entriesOf(place: Place): readonly (readonly [name: string, entry: Place])[] {
  if (isAbsent(place)) return []
  return Object.entries(objectOf(place)).map(([name, value]) => [name, { path: memberPath(place.path, name), value }])
}

/** The items of a list; none where it is left out. */
export function itemsOf(place: Place, most: number): readonly Place[] {
  const { path, value } = place
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrongKind(place, 'a list')
  if (value.length > most) throw new Flaw(path, `has more than ${most} items`, 'make it shorter')
  return value.map((item, i) => ({ path: `${path}[${i}]`, value: item }))
}

/** @throws Flaw where the list is left out or empty */
export function someItemsOf(place: Place, most: number): readonly Place[] {
  const items = itemsOf(place, most)
  if (items.length > 0) return items
  throw new Flaw(place.path, isAbsent(place) ? 'is missing' : 'is an empty list', 'write what belongs there')
}

/** A list of values of which none stands twice; empty where it is left out. */
export function setOf<Word extends string>(place: Place, most: number, read: (item: Place) => Word): readonly Word[] {
  const words = new Set<Word>()
  for (const item of itemsOf(place, most)) {
    const word = read(item)
    if (words.has(word)) throw new Flaw(item.path, 'stands twice in this list', 'keep one of the two')
    words.add(word)
  }
  return [...words]
}

export function textOf(place: Place): string {
  if (typeof place.value === 'string') return place.value
  throw wrongKind(place, 'text')
}

export function flagOf(place: Place): boolean {
  if (typeof place.value === 'boolean') return place.value
  throw wrongKind(place, 'true or false')
}

export function labelOf(place: Place): string {
  const text = textOf(place)
  const problem = labelProblem(text, MAX_LABEL_BYTES) ?? (text.trim() === '' ? 'says nothing' : undefined)
  refuse(place.path, problem, 'write a short text on one line')
  return text
}

/** @throws Flaw where a name of the author's own could not stand in a record */
export function checkName(name: string, path: string): void {
  refuse(path, idProblem(name, MAX_LABEL_BYTES), 'write the name as the program has it')
}

export function wordOf(place: Place): string {
  const text = textOf(place)
  const fits = WORD.test(text) && text.length <= MAX_WORD_BYTES
  refuse(place.path, fits ? undefined : 'is no word', 'lower-case letters, digits and _, such as patient_record')
  return text
}

export function oneOf<Word extends string>(place: Place, words: readonly Word[]): Word {
  const word = words.find((known) => known === textOf(place))
  if (word === undefined) throw new Flaw(place.path, 'is none of the words allowed here', `one of ${words.join(', ')}`)
  return word
}

function objectOf(place: Place): { readonly [name: string]: JsonValue } {
  const { value } = place
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw wrongKind(place, 'an object')
}

function wrongKind(place: Place, expected: string): Flaw {
  if (place.value === undefined) return new Flaw(place.path, 'is missing', `write ${expected} there`)
  const cure = expected === 'text' ? 'put it in quotes' : `write ${expected} there, or leave it out`
  return new Flaw(place.path, `must be ${expected}, not ${kindOf(place.value)}`, cure)
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'text' : `a ${typeof value}`
}

function refuse(path: string, problem: string | undefined, cure: string): void {
  if (problem !== undefined) throw new Flaw(path, problem, cure)
}
