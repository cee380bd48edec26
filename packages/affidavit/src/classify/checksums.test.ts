import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  passesAbaCheck,
  passesDeaCheck,
  passesIbanCheck,
  passesLuhn,
  passesNhsCheck,
  passesNpiCheck,
} from './checksums.ts'

// Numbers that issuers and authorities publish as examples, or that pass by a calculation on paper.
const PUBLISHED: readonly [name: string, check: (digits: string) => boolean, numbers: readonly string[]][] = [
  ['Luhn', passesLuhn, ['4111111111111111', '5555555555554444', '378282246310005', '30569309025904', '79927398713']],
  ['NPI', passesNpiCheck, ['1234567893', '1245319599']],
  ['DEA', passesDeaCheck, ['1234563', '5836727']],
  ['ABA', passesAbaCheck, ['021000021', '011000015', '111000025']],
  ['NHS', passesNhsCheck, ['9434765919', '4010232137']],
]

for (const [name, check, numbers] of PUBLISHED) {
  for (const number of numbers) test(`${name} check: ${number} passes`, () => assert.ok(check(number)))

  // Doubling alone takes 2 and 7 for each other: a DEA number notices only every second digit.
  const step = name === 'DEA' ? 2 : 1
  test(`${name} check: every single wrong digit is noticed`, () => {
    for (const number of numbers) {
      for (let at = 0; at < number.length; at += step) {
        for (const digit of '0123456789') {
          if (digit === number.charAt(at)) continue
          assert.ok(!check(number.slice(0, at) + digit + number.slice(at + 1)), `${number} with ${digit} at ${at}`)
        }
      }
    }
  })
}

for (const iban of [
  'GB82WEST12345698765432',
  'DE89370400440532013000',
  'NO9386011117947',
  'MT84MALT011000012345MTLCAST001S',
]) {
  test(`IBAN check: ${iban} passes, and no other check digits do`, () => {
    assert.ok(passesIbanCheck(iban))
    for (let digits = 0; digits < 97; digits++) {
      const other = iban.slice(0, 2) + String(digits).padStart(2, '0') + iban.slice(4)
      assert.equal(passesIbanCheck(other), other === iban)
    }
  })
}

function stringOf(alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...alphabet), { minLength, maxLength }).map((chars) => chars.join(''))
}

test('a second way to compute Luhn and mod 97 agrees', () => {
  fc.assert(
    fc.property(stringOf('0123456789', 1, 19), (digits) => {
      const sum = [...digits]
        .reverse()
        .map((digit, i) => (i % 2 === 0 ? digit : String(Number(digit) * 2)))
        .join('')
        .split('')
        .reduce((total, digit) => total + Number(digit), 0)
      assert.equal(passesLuhn(digits), sum % 10 === 0)
    }),
  )
  fc.assert(
    fc.property(stringOf('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 15, 34), (iban) => {
      const turned = [...`${iban.slice(4)}${iban.slice(0, 4)}`].map((char) => Number.parseInt(char, 36)).join('')
      assert.equal(passesIbanCheck(iban), BigInt(turned) % 97n === 1n)
    }),
  )
})
