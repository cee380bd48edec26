import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { JsonFault, type JsonValue, pathText } from '../bytes/json.ts'
import type { DetectedType } from './detector.ts'
import { lookWith } from './look.ts'
import { maskWord } from './mask.ts'
import { rewriteJson } from './rewrite-json.ts'
import { detectAuthenticationData, detectStructured } from './structured.ts'

interface Masked {
  readonly value: JsonValue
  readonly masked: readonly { readonly path: string; readonly type: DetectedType }[]
}

function mask(given: JsonValue, detect = detectStructured): Masked {
  const { value, replaced } = rewriteJson(given, lookWith(detect), maskWord, undefined)
  return { value, masked: replaced.map(({ path, type }) => ({ path: pathText(path), type })) }
}

test('keys say what their values are', () => {
  const { value, masked } = mask({
    ssn: '123456789',
    dob: '1980-02-03',
    mrn: 12345,
    card: { number: '4222222222222', cvv: 123 },
    phoneNumbers: ['9472 7916', '9472 7917'],
    age: 46,
    active: true,
    note: null,
  })
  assert.deepEqual(value, {
    ssn: '[us_ssn]',
    dob: '[birth_date]',
    mrn: '[medical_record_number]',
    card: { number: '[payment_card]', cvv: '[card_verification_value]' },
    phoneNumbers: ['[phone_number]', '[phone_number]'],
    age: 46,
    active: true,
    note: null,
  })
  assert.deepEqual(masked, [
    { path: 'ssn', type: 'us_ssn' },
    { path: 'dob', type: 'birth_date' },
    { path: 'mrn', type: 'medical_record_number' },
    { path: 'card.number', type: 'payment_card' },
    { path: 'card.cvv', type: 'card_verification_value' },
    { path: 'phoneNumbers[0]', type: 'phone_number' },
    { path: 'phoneNumbers[1]', type: 'phone_number' },
  ])
})

test('a number that reads as a card is masked, any other stays a number', () => {
  assert.deepEqual(mask([4111111111111111, 4111111111111112, 123456789, 1.5, -1]).value, [
    '[payment_card]',
    4111111111111112,
    123456789,
    1.5,
    -1,
  ])
})

test('in a JSON value the keys say what may not be kept', () => {
  const value = { card: { number: '4111111111111111', cvc: 123 }, atm: { pin: '0042' }, security: { code: '321' } }
  assert.deepEqual(mask(value, detectAuthenticationData).value, {
    card: { number: '4111111111111111', cvc: '[card_verification_value]' },
    atm: { pin: '[card_pin]' },
    security: { code: '[card_verification_value]' },
  })
  const clean = { pin: ['a', 1], cvv: null }
  assert.equal(mask(clean, detectAuthenticationData).value, clean)
})

test('a key that holds an identifier is masked, in the value and in the path', () => {
  const { value, masked } = mask({ 'ann@example.org': { ssn: '123-45-6789' } })
  assert.deepEqual(value, { '[email_address]': { ssn: '[us_ssn]' } })
  assert.deepEqual(masked, [
    { path: '', type: 'email_address' },
    { path: '["[email_address]"].ssn', type: 'us_ssn' },
  ])
})

test('keys that become the same word lose no member', () => {
  const { value } = mask({ 'a@example.org': 1, 'b@example.org': 2, '[email_address]': 3 })
  assert.deepEqual(value, { '[email_address]': 1, '[email_address] 2': 2, '[email_address] 3': 3 })
})

test('words of a key far above say nothing of a value', () => {
  assert.deepEqual(mask({ ssn: { parts: { count: 123456789 } } }).value, { ssn: { parts: { count: 123456789 } } })
})

test('a value without findings is the same value, not a copy', () => {
  const value = { a: ['b', { c: 1 }], d: 'text' }
  assert.equal(mask(value).value, value)
  fc.assert(
    fc.property(fc.jsonValue(), (any) => {
      // What fc.jsonValue makes is JSON by its definition.
      const json = any as JsonValue
      assert.equal(mask(json, () => []).value, json)
    }),
  )
})

test('the value that was handed in stays as it was, and __proto__ is a key like any other', () => {
  const text = '{"__proto__":{"ssn":"123-45-6789"},"constructor":"a@example.org"}'
  const value: JsonValue = JSON.parse(text)
  const { value: masked } = mask(value)
  assert.equal(JSON.stringify(value), text)
  assert.equal(JSON.stringify(masked), '{"__proto__":{"ssn":"[us_ssn]"},"constructor":"[email_address]"}')
})

test('refused: nesting deeper than 512', () => {
  let value: JsonValue = 'a'
  for (let depth = 0; depth < 512; depth++) value = [value]
  assert.equal(mask(value).value, value)
  assert.throws(() => mask([value]), JsonFault)
})
