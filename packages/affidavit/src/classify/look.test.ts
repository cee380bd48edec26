import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import fc from 'fast-check'

import { lookStructured, lookWith, rememberingLook, wordsOf } from './look.ts'
import { detectStructured } from './structured.ts'
import { WORDS } from './vocabulary.ts'

const corpus = join(import.meta.dirname, '../../testdata/classify')
const everywhere = lookWith(detectStructured)

function same(keys: readonly string[], text: string): void {
  assert.deepEqual(lookStructured(keys)(text), everywhere(keys)(text), JSON.stringify([keys, text]))
}

const KEYS = [
  'count',
  'sha256',
  'p95_ms',
  'trace id',
  'dea',
  '%B4111111111111111^DOE/JANE^2712101',
  ';4111111111111111=2712',
  '4111111111111111 exp',
  '123456789 is my',
  'born on May',
  'a@',
  'fe80:',
  '12',
  ...WORDS.keys(),
]

test('what is not looked at holds nothing: the sentences, behind every key', () => {
  for (const file of ['labelled.txt', 'clean.txt']) {
    const lines = readFileSync(join(corpus, file), 'utf8')
      .replaceAll(/<\/?[a-z]\w+>/g, '')
      .split('\n')
    for (const line of lines) {
      for (const keys of [[], ['count'], ['card', 'number'], ['dob'], ['phone'], ['mrn']]) {
        same(keys, line)
        for (const word of line.split(' ')) same(keys, word)
      }
    }
  }
})

test('what is not looked at holds nothing: digests, UUIDs, times, numbers and other short texts', () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
  const digits = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length })
  const numeric = fc.tuple(digits(8), digits(4), digits(4), digits(4), digits(12)).map((parts) => parts.join('-'))
  const mixed = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join('-'))
  const time = fc
    .tuple(fc.date({ noInvalidDate: true }), fc.constantFrom('Z', '+02:00', '-05:30'), digits(9))
    .map(([at, zone, fraction]) => at.toISOString().replace('Z', zone).replace(/\.\d+/, `.${fraction}`))
  const number = fc.oneof(fc.maxSafeInteger(), fc.double(), fc.nat(999_999_999)).map(String)
  const other = fc.string({ unit: fc.constantFrom(...'abcdef:: .-@019MayCA'), maxLength: 48 })
  const text = fc.oneof(hex(64), digits(64), numeric, mixed, fc.uuid(), time, number, digits(9), digits(12), other)
  const keys = fc.array(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 12 })), { maxLength: 2 })
  fc.assert(
    fc.property(keys, text, (above, value) => same(above, value)),
    { numRuns: 20_000 },
  )
})

test('an address without a digit is looked at', () => {
  assert.deepEqual(lookStructured([])('at fdab::cafe'), [{ type: 'ip_address', start: 3, end: 13 }])
})

test('a label is read behind the nearest keys, however long the keys are', () => {
  assert.equal(wordsOf([]), '')
  assert.equal(wordsOf(['card', 'number']), 'card number: ')
  const long = wordsOf(['card', 'x'.repeat(100_000)])
  assert.ok(long.length < 64)
  assert.equal(wordsOf(['a '.repeat(50_000), 'mrn']).slice(-5), 'mrn: ')
  // The half of a word that is cut is none: no pin stands here.
  const half = wordsOf([`${'x'.repeat(40)}pin ${'y '.repeat(29)}`])
  assert.ok(!half.includes('pin'), half)
})

test('what is remembered is what is found, and only so much is remembered', () => {
  let looks = 0
  const counting = lookWith((text) => {
    looks++
    return detectStructured(text)
  })
  const look = rememberingLook(counting, ['phone'])
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(look(['phone'])('9472 7916'), [{ type: 'phone_number', start: 0, end: 9 }])
    assert.deepEqual(look(['count'])('9472 7916'), [])
  }
  assert.equal(looks, 3)
  assert.deepEqual(look(['phone', 'count'])('9472 7916'), [])
  assert.equal(looks, 4)
  for (let i = 0; i < 2500; i++) look(['phone'])(`x${i}`)
  assert.deepEqual(look(['phone'])('9472 7916'), [{ type: 'phone_number', start: 0, end: 9 }])
  assert.equal(looks, 2505)
})
