// Scanning is linear, whatever the text: no pattern repeats without bound, and the work done is counted, not timed.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import type { JsonValue } from '../bytes/json.ts'
import { inspectBody } from './inspect-body.ts'
import { knownIdentifiers } from './known-identifiers.ts'
import { lookStructured } from './look.ts'
import { maskMetadata } from './mask-metadata.ts'
import { detectAuthenticationData, detectStructured } from './structured.ts'

const HOSTILE: readonly string[] = [
  '9',
  '9-',
  '9 ',
  '9.',
  '1234 ',
  '1234-',
  '4111 ',
  '4111111111111111 ',
  '@',
  'a@',
  'a.',
  'a.a@',
  '.@',
  'a@b.',
  ':',
  'a:',
  '1:',
  '::1 ',
  '1.1.1.1.',
  '"',
  '\\"',
  '{"a":"1",',
  '"ssn":"1","cvv":"1",',
  'ssn ',
  'ssn is ',
  'is is 1 ',
  'card number 1 ',
  'pin 1 ',
  'security code 1',
  'born on May 1 ',
  '1 A B C D ',
  '1 A A A A St',
  '+1 ',
  '+1(',
  '(202) ',
  '0123 ',
  '%B4111111111111111^',
  ';4111111111111111=',
  'DE89 ',
  'AB12',
  'A1-',
  'é1',
  '電1',
  ' ',
]

function fill(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
}

interface Work {
  readonly steps: number
  readonly patterns: ReadonlySet<string>
}

/** Counts each character that is looked at and each pattern that is tried while `work` runs. */
function measure(work: () => void): Work {
  let steps = 0
  const patterns = new Set<string>()
  const { charCodeAt, charAt, slice } = String.prototype
  const { exec } = RegExp.prototype
  String.prototype.charCodeAt = function (at) {
    steps++
    return charCodeAt.call(this, at)
  }
  String.prototype.charAt = function (at) {
    steps++
    return charAt.call(this, at)
  }
  String.prototype.slice = function (start, end) {
    steps++
    return slice.call(this, start, end)
  }
  RegExp.prototype.exec = function (text) {
    steps++
    patterns.add(this.source)
    return exec.call(this, text)
  }
  try {
    work()
  } finally {
    Object.assign(String.prototype, { charCodeAt, charAt, slice })
    RegExp.prototype.exec = exec
  }
  return { steps, patterns }
}

/** Looks for everything that is ever looked for in a text. */
function scan(text: string): void {
  detectStructured(text)
  detectAuthenticationData(text)
  knownIdentifiers('known', 'known_identifier', ['Ann Lee', 'A-1'])
}

const LENGTH = 20_000
/** Characters and patterns that are looked at for one character of text, at the very worst. */
const STEPS_PER_CHARACTER = 400

describe('twice the text is twice the work, for text that repeats', () => {
  for (const unit of HOSTILE) {
    test(JSON.stringify(unit), () => {
      const once = measure(() => scan(fill(unit, LENGTH))).steps
      const twice = measure(() => scan(fill(unit, 2 * LENGTH))).steps
      assert.ok(once <= STEPS_PER_CHARACTER * LENGTH, `${once / LENGTH} steps for a character`)
      assert.ok(twice <= 2.1 * once + 1000, `${twice} steps after ${once}`)
    })
  }
})

const encoder = new TextEncoder()

/** Everything that happens to a draft with such details, and to content like it. */
function inspect(value: JsonValue): void {
  maskMetadata({ action: 'tool_completed', actor_id: 'a', actor_type: 'agent', details: { value } }, lookStructured)
  inspectBody(encoder.encode(JSON.stringify(value)), 'application/json')
  inspectBody(encoder.encode(JSON.stringify(value)), 'text/plain')
}

/** Many short values are looked at behind the same words, again for each. */
const STEPS_PER_CHARACTER_OF_JSON = 1000

describe('twice the JSON is twice the work, for texts, numbers and keys that repeat', () => {
  const key = `${'security code, my card pin '.repeat(40)}cvv`
  const values: readonly [name: string, value: (count: number) => JsonValue, characters: number][] = [
    ...HOSTILE.map((unit): [string, (count: number) => JsonValue, number] => [
      `a list of ${JSON.stringify(unit)}`,
      (count) => ({ [key]: new Array<JsonValue>(count).fill(unit) }),
      unit.length + 3,
    ]),
    ['one text of findings', (count) => 'cvv 123 " \\ '.repeat(count), 15],
    ['numbers', (count) => ({ [key]: Array.from({ length: count }, (_, i) => 100 + (i % 900)) }), 4],
    ['keys', (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`my pin is ${1000 + i}`, i])), 22],
    [
      'keys that are names of others',
      (count) =>
        Object.fromEntries(
          Array.from({ length: count }, (_, i) =>
            i % 2 === 0 ? [`my pin is ${1000 + i}`, i] : [`my pin is [removed: card_pin] ${count / 2 + i}`, i],
          ),
        ),
      32,
    ],
    [
      'places below long keys',
      (count) => ({ ['x'.repeat(count * 8)]: new Array<JsonValue>(count).fill('a@b.co') }),
      17,
    ],
  ]
  for (const [name, value, characters] of values) {
    test(name, () => {
      const count = Math.floor(4000 / characters)
      const once = measure(() => inspect(value(count))).steps
      const twice = measure(() => inspect(value(2 * count))).steps
      assert.ok(
        once <= STEPS_PER_CHARACTER_OF_JSON * count * characters + 20_000,
        `${once / count / characters} steps for a character`,
      )
      assert.ok(twice <= 2.1 * once + 20_000, `${twice} steps after ${once}`)
    })
  }
})

test('a megabyte of each is looked through', () => {
  for (const unit of HOSTILE) scan(fill(unit, 2 ** 20))
})

test('no pattern repeats without bound, and none repeats a repetition more than a few times', () => {
  const corpus = join(import.meta.dirname, '../../testdata/classify/labelled.txt')
  const { patterns } = measure(() => {
    for (const unit of HOSTILE) scan(fill(unit, 200))
    for (const line of readFileSync(corpus, 'utf8').split('\n')) scan(line.replaceAll(/<\/?\w{1,40}>/g, ''))
  })
  const own = [...patterns].filter((source) => !source.includes('<\\/'))
  assert.ok(own.length > 25, `only ${own.length} patterns were tried`)
  for (const source of own) {
    const bare = source.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x')
    assert.doesNotMatch(bare, /[*+]|\{\d+,\}/, `${source} repeats without bound`)
    for (const [, most] of bare.matchAll(/\)\{(?:\d+,)?(\d+)\}/g)) {
      assert.ok(Number(most) <= 20, `${source} repeats a group ${most} times`)
    }
  }
})
