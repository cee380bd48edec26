// JSONPath (RFC 9535), the part of it that can be evaluated in one pass over a document (spec/registry.md §4): one
// selector in brackets, .. once, filters that compare values of one element with literals, no functions.

/** What a path takes of a value, or, with `descend`, of the value and all below it. */
export interface Segment {
  readonly descend: boolean
  readonly selector: Selector
}

export type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' }
  /** Elements for which all conditions of one of the groups hold. */
  | { readonly kind: 'where'; readonly groups: readonly (readonly Condition[])[] }

export interface Condition {
  /** From the element on, by name or index. */
  readonly steps: readonly (string | number)[]
  readonly is: Comparison
}

export type Comparison =
  | { readonly kind: 'there' }
  | { readonly kind: 'equal' | 'unequal'; readonly literal: string | number | boolean | null }

/** The segments of a path, or what is wrong and at which character, counted from 1. */
export function parseJsonPath(text: string): readonly Segment[] | { readonly problem: string } {
  if (!text.isWellFormed()) return { problem: 'is no JSONPath: it holds a lone surrogate' }
  const reader = { text, at: 0 }
  if (!take(reader, '$')) return { problem: 'is no JSONPath: it begins with $' }
  const segments: Segment[] = []
  while (reader.at < text.length) {
    const segment = readSegment(reader)
    if (segment === undefined) return { problem: `is no JSONPath of the subset, from character ${reader.at + 1} on` }
    segments.push(segment)
  }
  const descents = segments.filter(({ descend }) => descend).length
  return descents > 1 ? { problem: 'has .. more than once: each would multiply the work' } : segments
}

interface Reader {
  readonly text: string
  at: number
}

function take(reader: Reader, token: string): boolean {
  const found = reader.text.startsWith(token, reader.at)
  if (found) reader.at += token.length
  return found
}

function match(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text)?.[0]
  reader.at += found?.length ?? 0
  return found
}

const BLANKS = /[ \t\n\r]*/y
const NAME = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*/uy
const INDEX = /0|-?[1-9][0-9]{0,9}/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const QUOTED =
  /'(?:[^'\\\u0000-\u001f]|\\['\\/bfnrt]|\\u[0-9a-fA-F]{4})*'|"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/y
const STEP_BEGINS = /[.[]/
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

function readSegment(reader: Reader): Segment | undefined {
  const descend = take(reader, '..')
  const selector = take(reader, '[')
    ? readBracket(reader)
    : descend || take(reader, '.')
      ? readShort(reader)
      : undefined
  return selector === undefined ? undefined : { descend, selector }
}

function readShort(reader: Reader): Selector | undefined {
  if (take(reader, '*')) return { kind: 'every' }
  const name = match(reader, NAME)
  return name === undefined ? undefined : { kind: 'name', name }
}

function readBracket(reader: Reader): Selector | undefined {
  match(reader, BLANKS)
  const selector = take(reader, '*') ? ({ kind: 'every' } as const) : (readFilter(reader) ?? readStep(reader))
  match(reader, BLANKS)
  return take(reader, ']') ? selector : undefined
}

function readStep(reader: Reader): Selector | undefined {
  const name = readQuoted(reader)
  if (name !== undefined) return { kind: 'name', name }
  const index = match(reader, INDEX)
  return index === undefined ? undefined : { kind: 'index', index: Number(index) }
}

// JSON's own escapes, once the quotes are JSON's.
function readQuoted(reader: Reader): string | undefined {
  const token = match(reader, QUOTED)
  if (token === undefined) return undefined
  const inner = token.slice(1, -1).replace(/\\.|"/g, (part) => (part === "\\'" ? "'" : part === '"' ? '\\"' : part))
  const text: unknown = JSON.parse(`"${inner}"`)
  return typeof text === 'string' && text.isWellFormed() ? text : undefined
}

function readFilter(reader: Reader): Selector | undefined {
  if (!take(reader, '?')) return undefined
  const groups: Condition[][] = []
  do {
    const group = readGroup(reader)
    if (group === undefined) return undefined
    groups.push(group)
  } while (take(reader, '||'))
  return { kind: 'where', groups }
}

function readGroup(reader: Reader): Condition[] | undefined {
  const group: Condition[] = []
  do {
    match(reader, BLANKS)
    const condition = readCondition(reader)
    if (condition === undefined) return undefined
    group.push(condition)
    match(reader, BLANKS)
  } while (take(reader, '&&'))
  return group
}

function readCondition(reader: Reader): Condition | undefined {
  if (!take(reader, '@')) return undefined
  const steps: (string | number)[] = []
  while (STEP_BEGINS.test(reader.text.charAt(reader.at))) {
    const step = readOwnStep(reader)
    if (step === undefined) return undefined
    steps.push(step)
  }
  match(reader, BLANKS)
  const kind = take(reader, '==') ? 'equal' : take(reader, '!=') ? 'unequal' : 'there'
  if (kind === 'there') return { steps, is: { kind } }
  match(reader, BLANKS)
  const literal = readLiteral(reader)
  return literal === undefined ? undefined : { steps, is: { kind, literal } }
}

function readOwnStep(reader: Reader): string | number | undefined {
  const selector = take(reader, '[') ? readBracket(reader) : take(reader, '.') ? readShort(reader) : undefined
  if (selector?.kind === 'name') return selector.name
  return selector?.kind === 'index' ? selector.index : undefined
}

function readLiteral(reader: Reader): string | number | boolean | null | undefined {
  const text = readQuoted(reader)
  if (text !== undefined) return text
  const number = match(reader, NUMBER)
  if (number !== undefined) return Number.isFinite(Number(number)) ? Number(number) : undefined
  const word = match(reader, NAME)
  return word === undefined ? undefined : WORDS.get(word)
}
