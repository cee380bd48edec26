import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import fc from 'fast-check'
import { detectorContract } from '../testing/detector-contract.ts'
import { detectAuthenticationData, detectStructured } from './structured.ts'

const corpus = join(import.meta.dirname, '../../testdata/classify')

function foundIn(text: string): string[] {
  return detectStructured(text).map(({ type, start, end }) => `${type}: ${text.slice(start, end)}`)
}

function linesOf(file: string): string[] {
  return readFileSync(join(corpus, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'))
}

/** "my PIN is <card_pin>1234</card_pin>" as the text and what is to be found in it. */
function readLabelled(line: string): { text: string; expected: string[] } {
  const spans = [...line.matchAll(/<(\w+)>(.*?)<\/\1>/g)]
  return {
    text: line.replaceAll(/<\/?[a-z]\w+>/g, '').replaceAll('\\n', '\n'),
    expected: spans.map(([, type, value]) => `${type}: ${value}`),
  }
}

describe('in labelled sentences exactly what is labelled is found', () => {
  const sentences = linesOf('labelled.txt').map(readLabelled)
  for (const { text, expected } of sentences) test(text, () => assert.deepEqual(foundIn(text), expected))

  test('every type that the built-in detector knows is among them', () => {
    const types = new Set(
      sentences.flatMap(({ expected }) => expected.map((found) => found.slice(0, found.indexOf(':')))),
    )
    assert.deepEqual([...types].sort(), [
      'birth_date',
      'card_pin',
      'card_track_data',
      'card_verification_value',
      'dea_number',
      'email_address',
      'iban',
      'ip_address',
      'medical_record_number',
      'medicare_beneficiary_id',
      'nhs_number',
      'npi',
      'payment_card',
      'phone_number',
      'us_address',
      'us_bank_account',
      'us_driver_license',
      'us_itin',
      'us_passport',
      'us_routing_number',
      'us_ssn',
    ])
  })
})

describe('in clean sentences nothing is found', () => {
  for (const text of linesOf('clean.txt').map((line) => line.replaceAll('\\n', '\n'))) {
    test(text, () => assert.deepEqual(foundIn(text), []))
  }
})

const VALUES = [
  '4111 1111 1111 1111',
  '4111111111111111',
  '123-45-6789',
  'DE89 3704 0044 0532 0130 00',
  'ann.lee@example.org',
  '203.0.113.7',
  '2001:db8::7',
  '(202) 456-0143',
  '+44 20 7946 0018',
  '1EG4-TE5-MK73',
  'CVV: 123',
  'SSN 123456789',
  'dob 1980-02-03',
]

test('a value is found wherever it stands, between any other words', () => {
  const around = fc.string({ unit: fc.constantFrom(...'abc xyz,;\n"\'é電 '), maxLength: 40 })
  fc.assert(
    fc.property(around, fc.constantFrom(...VALUES), around, (before, value, after) => {
      const text = `${before} ${value} ${after}`
      const alone = foundIn(value)
      assert.ok(alone.length === 1)
      assert.deepEqual(foundIn(text), alone)
    }),
  )
})

test('what is found is sorted, inside the text, and does not overlap', () => {
  const piece = fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: fc.constantFrom(...'0149 -./:@%B^=;ab') }))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      let last = 0
      for (const { start, end } of detectStructured(text)) {
        assert.ok(start >= last && end > start && end <= text.length)
        last = end
      }
    }),
    { numRuns: 1000 },
  )
})

test('authentication data is found alone as it is found with everything else', () => {
  for (const { text } of linesOf('labelled.txt').map(readLabelled)) {
    const wanted = detectStructured(text).filter(({ type }) => /^card_/.test(type))
    assert.deepEqual(detectAuthenticationData(text), wanted)
  }
})

detectorContract('the built-in detector', { name: 'built-in', detect: detectStructured }, [
  { text: 'write to ann@example.org or 203.0.113.7', finds: ['email_address', 'ip_address'] },
  { text: 'a clean text', finds: [] },
])
