// YAML 1.2 as far as it says what JSON says (spec/registry.md §1): no anchors, aliases, tags, directives or second
// documents. The words of the text are counted and judged before anything is built from them, so that no bomb is built.

import { Composer, CST, type Document, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml'

import { type JsonValue, memberPath } from '../bytes/json.ts'
import { Flaw } from './fault.ts'

/** A JSON value with the lines of its parts. */
export interface Located {
  readonly value: JsonValue
  /** The line where the part at a path begins, else the closest part around it; `undefined` where lines are not known. */
  lineOf(path: string): number | undefined
}

/** Words of one text: a document of a megabyte that anybody wrote has fewer. */
export const MAX_LEXEMES = 500_000

/**
 * `maxDepth` bounds the work; the value may be nested a little deeper.
 * @throws Flaw with its line, for any text that does not say what one JSON value says
 */
export function readYaml(text: string, maxDepth: number): Located {
  const lines = new LineCounter()
  lines.addNewLine(0)
  const document = compose(text, maxDepth, lines)
  const begins = new Map<string, number>()
  const value = jsonOf(document.contents, '', { begins, lines })
  return { value, lineOf: (path) => lineOf(begins, path) }
}

function compose(text: string, maxDepth: number, lines: LineCounter): Document {
  const tokens = tokensOf(text, maxDepth, lines)
  // Unique keys are checked below: the composer compares each key with each other one.
  const composer = new Composer({ schema: 'core', stringKeys: true, uniqueKeys: false, prettyErrors: false })
  const [document, second] = composer.compose(tokens, false, text.length)
  if (document === undefined) throw new Flaw('', 'is empty', 'begin with the version of its format')
  // One that begins without dashes, or behind dots, was not counted.
  if (second !== undefined) throw new Flaw('', SECOND.problem, SECOND.cure, lines.linePos(second.range[0]).line)
  const [error] = document.errors
  if (error === undefined) return document
  const line = lines.linePos(error.pos[0]).line
  throw new Flaw('', `is no YAML: ${error.message.split('\n', 1)[0]}`, 'mend the syntax there', line)
}

function tokensOf(text: string, maxDepth: number, lines: LineCounter): CST.Token[] {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  const seen: Seen = { lexemes: 0, documents: 0, scalar: false }
  for (const lexeme of new Lexer().lex(text)) {
    const refused = refusal(lexeme, seen)
    // The parser holds what is not closed: a few more than the levels of nesting, which are counted by whoever reads the
    // value. Here it matters that nothing recurses without end.
    const flaw = refused ?? (parser.stack.length > 2 * maxDepth ? tooDeep(maxDepth) : undefined)
    if (flaw !== undefined) throw new Flaw('', flaw.problem, flaw.cure, lines.linePos(parser.offset).line)
    tokens.push(...parser.next(lexeme))
  }
  return [...tokens, ...parser.end()]
}

interface Seen {
  lexemes: number
  documents: number
  /** The next word is the text of a scalar, whatever it begins with. */
  scalar: boolean
}

interface Refusal {
  readonly problem: string
  readonly cure: string
}

const SECOND: Refusal = { problem: 'has a second document', cure: 'one file is one document' }

function tooDeep(maxDepth: number): Refusal {
  return {
    problem: `is nested deeper than ${maxDepth}`,
    cure: 'nothing here is that deep: look for a stray bracket',
  }
}

function refusal(lexeme: string, seen: Seen): Refusal | undefined {
  seen.lexemes++
  if (seen.lexemes > MAX_LEXEMES) return { problem: `has more than ${MAX_LEXEMES} words`, cure: 'make it shorter' }
  if (seen.scalar) {
    seen.scalar = false
    return undefined
  }
  switch (CST.tokenType(lexeme)) {
    case 'scalar':
      seen.scalar = true
      return undefined
    case 'anchor':
    case 'alias':
      return { problem: 'uses an anchor or an alias', cure: 'write the value out, so that it stands where it applies' }
    case 'tag':
      return { problem: 'uses a tag', cure: 'leave it out: text in quotes is text' }
    case 'directive-line':
      return { problem: 'uses a directive', cure: 'leave it out: the file is YAML 1.2' }
    case 'doc-start':
      seen.documents++
      return seen.documents > 1 ? SECOND : undefined
    default:
      return undefined
  }
}

interface Reading {
  readonly begins: Map<string, number>
  readonly lines: LineCounter
}

function jsonOf(node: unknown, path: string, reading: Reading): JsonValue {
  if (node === null) return null
  if (isScalar(node)) return scalarOf(node.value, path, lineAt(node.range, reading))
  if (isSeq(node)) return node.items.map((item, i) => itemOf(item, `${path}[${i}]`, reading))
  if (isMap(node)) return objectOf(node.items, path, reading)
  throw new Flaw(path, 'is neither text, number, list nor mapping', 'write a value that JSON has')
}

function scalarOf(value: unknown, path: string, line: number | undefined): JsonValue {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Flaw(path, 'is no value that JSON has', 'put it in quotes if it is text', line)
}

function itemOf(item: unknown, path: string, reading: Reading): JsonValue {
  mark(item, path, reading)
  return jsonOf(item, path, reading)
}

type Pairs = readonly { readonly key: unknown; readonly value: unknown }[]

function objectOf(pairs: Pairs, path: string, reading: Reading): JsonValue {
  const members: { [key: string]: JsonValue } = {}
  for (const { key, value } of pairs) {
    const name = keyOf(key, path, reading)
    const at = memberPath(path, name)
    mark(key, at, reading)
    if (Object.hasOwn(members, name)) {
      throw new Flaw(at, 'this key stands twice', 'keep one of the two', lineAt(rangeOf(key), reading))
    }
    members[name] = jsonOf(value, at, reading)
  }
  return members
}

function keyOf(key: unknown, path: string, reading: Reading): string {
  const name = isScalar(key) ? key.value : undefined
  const line = lineAt(rangeOf(key), reading)
  if (typeof name !== 'string') throw new Flaw(path, 'has a key that is no text', 'put the key in quotes', line)
  if (name !== '__proto__') return name
  throw new Flaw(memberPath(path, name), 'is no key: it would change objects, not describe them', 'leave it out', line)
}

function mark(node: unknown, path: string, reading: Reading): void {
  const line = lineAt(rangeOf(node), reading)
  if (line !== undefined) reading.begins.set(path, line)
}

function rangeOf(node: unknown): readonly number[] | null | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined
}

function lineAt(range: readonly number[] | null | undefined, { lines }: Reading): number | undefined {
  const [offset] = range ?? []
  return offset === undefined ? undefined : lines.linePos(offset).line
}

// What is missing has no line: the closest part around it has.
function lineOf(begins: ReadonlyMap<string, number>, path: string): number | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0))) {
    const line = begins.get(at)
    if (line !== undefined) return line
  }
  return undefined
}
