import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { labelBefore } from './label.ts'

function meaningOf(before: string): string | undefined {
  return labelBefore(`${before}123`, before.length)?.meaning
}

describe('the words before a value say what it is', () => {
  const said: readonly [before: string, meaning: string][] = [
    ['SSN ', 'us_ssn'],
    ['ssn: ', 'us_ssn'],
    ['"ssn":"', 'us_ssn'],
    ['\\"ssn\\": ', 'us_ssn'],
    ['social security number is ', 'us_ssn'],
    ['patient_ssn=', 'us_ssn'],
    ['patientSsn: ', 'us_ssn'],
    ['patientSSN: ', 'us_ssn'],
    ['dateOfBirth=', 'birth_date'],
    ['date_of_birth: ', 'birth_date'],
    ['Date of birth:\n  ', 'birth_date'],
    ['card ending is the number ', 'undefined'],
    ['the number of my card is ', 'payment_card'],
    ['account number: ', 'us_bank_account'],
    ['account ', 'undefined'],
    ['P.O. Box ', 'post_office_box'],
    ['[MRN] ', 'medical_record_number'],
    ['CVV2 ', 'card_verification_value'],
  ]
  for (const [before, meaning] of said) {
    test(`${JSON.stringify(before)} says ${meaning}`, () => assert.equal(String(meaningOf(before)), meaning))
  }
})

describe('nothing is said by', () => {
  const silent = [
    '',
    ' ',
    'ssnx ',
    'xssn ',
    'ssn of somebody ',
    'ssn 456, ',
    'ssn is is is is is is ',
    `ssn${' '.repeat(13)}`,
    `${'x'.repeat(40)}ssn `,
    'security ',
    'of birth ',
    'MRN [medical_record_number] ',
    '[npi], ',
    'CVV [removed: card_verification_value] ',
  ]
  for (const before of silent) test(JSON.stringify(before), () => assert.equal(meaningOf(before), undefined))
})

test('only close fillers leave a label close', () => {
  assert.equal(labelBefore('the CVV number is 123', 18)?.close, true)
  assert.equal(labelBefore('the CVV for the 123', 16)?.close, false)
})

test('the longest label counts: where it begins is known', () => {
  const label = labelBefore('my card security code 123', 22)
  assert.deepEqual(label, { meaning: 'card_verification_value', close: true, start: 3, end: 21 })
})
