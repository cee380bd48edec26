// What the members of a paper may hold (spec/erasure.md §1). Whoever wrote it is not trusted: each rule names the place and
// the problem, and quotes nothing of it.

import { isHex } from '../bytes/hex.ts'
import { type JsonValue, memberPath } from '../bytes/json.ts'
import { labelProblem } from '../bytes/label.ts'
import { isTimestamp } from '../clock/clock.ts'
import { MAX_LABEL_BYTES, MAX_WORD_BYTES, WORD } from '../formats/fields.ts'
import { isBlobId } from '../formats/sealed.ts'
import { TOKEN } from '../formats/token.ts'

/** What is wrong, and where: `shared[3].seq`; the empty path is the whole. */
export interface Wrong {
  readonly path: string
  readonly problem: string
}

export type Rule = (value: JsonValue, path: string) => Wrong | undefined

/** UTF-8 bytes of one sentence. */
const MAX_SENTENCE_BYTES = 1024
/** UUIDv7 (RFC 9562), lower-case. */
export const UUID_V7: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export const count: Rule = rule('is no integer from 0 to 2^53 - 1', isCount)
export const generation: Rule = rule('is no generation of a keyring', (value) => isCount(value) && value !== 0)
export const hash: Rule = textRule('is not 64 lower-case hex digits', (text) => isHex(text, 64))
export const time: Rule = textRule('is no UTC time in milliseconds', isTimestamp)
export const dayOrOpen: Rule = textRule('is no day YYYY-MM-DD, nor open', (text) => {
  return text === 'open' || isTimestamp(`${text}T00:00:00.000Z`)
})
export const uuid: Rule = textRule('is no UUID of version 7 in lower case', (text) => UUID_V7.test(text))
export const blobId: Rule = textRule('is not 32 lower-case hex digits', isBlobId)
export const token: Rule = textRule('is no token of a person', (text) => TOKEN.test(text))
export const word: Rule = textRule('is no word', (text) => text.length <= MAX_WORD_BYTES && WORD.test(text))
// NFC is a rule of admission, not of reading: an id that a record has is one.
export const label: Rule = saidBy((text) => labelProblem(text, MAX_LABEL_BYTES))
export const sentence: Rule = saidBy((text) => labelProblem(text, MAX_SENTENCE_BYTES))

export function oneOf(words: readonly string[]): Rule {
  return textRule(`is none of ${words.join(', ')}`, (text) => words.includes(text))
}

/** A list of `least` to `most` items. */
export function list(item: Rule, least: number, most: number): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) return { path, problem: 'is no list' }
    if (value.length < least || value.length > most) return { path, problem: `does not have ${least} to ${most} items` }
    return firstOf(value, (one, i) => item(one, `${path}[${i}]`))
  }
}

/** As list, each item greater than the one before it: one order, and nothing twice. */
export function ascending(item: Rule, least: number, most: number, isAfter: typeof comesAfter = comesAfter): Rule {
  const items = list(item, least, most)
  return (value, path) => {
    const wrong = items(value, path)
    if (wrong !== undefined || !Array.isArray(value)) return wrong
    return firstOf(value, (one, i) => {
      const before = value[i - 1]
      if (before === undefined || isAfter(one, before)) return undefined
      return { path: `${path}[${i}]`, problem: 'does not come after the one before it' }
    })
  }
}

/** In the order of `names`, the first that differs decides. */
export function byMembers(...names: readonly string[]): (one: JsonValue, before: JsonValue) => boolean {
  return (one, before) => {
    if (!isMembers(one) || !isMembers(before)) return false
    const name = names.find((name) => one[name] !== before[name])
    return name !== undefined && comesAfter(one[name] ?? null, before[name] ?? null)
  }
}

/** An object that has each of these members and no other. */
export function object(members: Readonly<Record<string, Rule>>): Rule {
  return (value, path) => {
    if (!isMembers(value)) return { path, problem: 'is no object' }
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name))
    if (unknown !== undefined) return { path: memberPath(path, unknown.slice(0, 80)), problem: 'is no member here' }
    return firstOf(Object.entries(members), ([name, accepts]) => {
      const at = memberPath(path, name)
      const member = Object.hasOwn(value, name) ? value[name] : undefined
      return member === undefined ? { path: at, problem: 'is missing' } : accepts(member, at)
    })
  }
}

export function isMembers(value: JsonValue): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: JsonValue): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

// Text by UTF-16 code units, as RFC 8785 sorts.
function comesAfter(one: JsonValue, before: JsonValue): boolean {
  if (typeof one === 'string' && typeof before === 'string') return one > before
  return typeof one === 'number' && typeof before === 'number' && one > before
}

function rule(problem: string, accepts: (value: JsonValue) => boolean): Rule {
  return (value, path) => (accepts(value) ? undefined : { path, problem })
}

function textRule(problem: string, accepts: (text: string) => boolean): Rule {
  return rule(problem, (value) => typeof value === 'string' && accepts(value))
}

function saidBy(problemOf: (text: string) => string | undefined): Rule {
  return (value, path) => {
    const problem = typeof value === 'string' ? problemOf(value) : 'is no text'
    return problem === undefined ? undefined : { path, problem }
  }
}

function firstOf<Item>(items: readonly Item[], look: (item: Item, at: number) => Wrong | undefined): Wrong | undefined {
  for (const [at, item] of items.entries()) {
    const wrong = look(item, at)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
