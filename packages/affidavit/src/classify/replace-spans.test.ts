import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Detection } from './detector.ts'
import { maskWord } from './mask.ts'
import { replaceSpans } from './replace-spans.ts'
import { settle } from './settle.ts'
import { detectStructured } from './structured.ts'

function masked(text: string, detections: readonly Detection[] = detectStructured(text)): string {
  return replaceSpans(text, settle(text, detections), maskWord, '')
}

test('each span becomes the word for its type', () => {
  const text = 'ann@example.org, bob@example.org and 123-45-6789'
  assert.equal(masked(text), '[email_address], [email_address] and [us_ssn]')
})

test('spans in any order, and spans that overlap, hide all that they hold', () => {
  const spans: Detection[] = [
    { type: 'person_name', start: 9, end: 16 },
    { type: 'payment_card', start: 2, end: 10 },
  ]
  assert.equal(masked('..4111111Ann Lee..', spans), '..[payment_card][person_name]..')
})

test('a bare number in JSON text becomes a text, so that it stays JSON', () => {
  for (const [json, expected] of [
    ['{"mrn":12345}', { mrn: '[medical_record_number]' }],
    ['{"mrn": 12345, "a": 1}', { mrn: '[medical_record_number]', a: 1 }],
    ['{"mrn":"12345"}', { mrn: '[medical_record_number]' }],
    [JSON.stringify({ arguments: '{"mrn":12345}' }), { arguments: '{"mrn":"[medical_record_number]"}' }],
  ] as const) {
    assert.deepEqual(JSON.parse(masked(json)), expected)
  }
})

test('a text without findings comes back as it is', () => {
  assert.equal(masked('nothing here'), 'nothing here')
})

test('masking is done after one time: nothing is found in what was masked', () => {
  const values = fc.constantFrom(
    '4111 1111 1111 1111',
    '123-45-6789',
    'a@example.org',
    'MRN 12345',
    'dob 1980-02-03',
    '000',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(values, fc.string()), { maxLength: 8 }), (parts) => {
      const once = masked(parts.join(' '))
      assert.equal(masked(once), once)
    }),
    { numRuns: 2000 },
  )
})
