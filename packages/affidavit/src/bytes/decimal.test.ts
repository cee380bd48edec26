import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseDecimal } from './decimal.ts'

test('every safe integer is read from its one spelling', () => {
  for (const value of [0, 1, 9, 10, 2 ** 32, Number.MAX_SAFE_INTEGER]) assert.equal(parseDecimal(String(value)), value)
  fc.assert(fc.property(fc.maxSafeNat(), (value) => assert.equal(parseDecimal(String(value)), value)))
})

for (const text of [
  '',
  '-0',
  '-1',
  '+1',
  '01',
  '00',
  '1.0',
  '1e3',
  '0x10',
  ' 1',
  '1 ',
  '1\n',
  '1_000',
  'NaN',
  'Infinity',
  '9007199254740992',
  '9999999999999999',
  '18446744073709551615',
  '١',
]) {
  test(`not read as a decimal integer: ${JSON.stringify(text)}`, () => assert.equal(parseDecimal(text), undefined))
}
