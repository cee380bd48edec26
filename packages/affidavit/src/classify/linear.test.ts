// Scanning is linear, whatever the text: no pattern repeats without bound, and the work done is counted, not timed.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { knownIdentifiers } from './known-identifiers.ts'
import { removeAuthenticationData } from './remove-authentication-data.ts'
import { detectStructured } from './structured.ts'

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
  removeAuthenticationData(text)
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
