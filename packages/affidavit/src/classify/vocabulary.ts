// The words that say what a number is (spec/detection.md §3), as data. Matched without regard to case; `date_of_birth`,
// `dateOfBirth` and "date of birth" are the same words.

import type { StructuredType } from './detector.ts'

/** What a label says of the value behind it. Some labels say less than a type, or say that a value is something else. */
export type LabelMeaning =
  | StructuredType
  | 'security_code'
  | 'zip_code'
  | 'post_office_box'
  | 'contact_line'
  | 'version'

const LABELS: Readonly<Record<LabelMeaning, readonly string[]>> = {
  card_verification_value: [
    'cvv',
    'cvv2',
    'cvc',
    'cvc2',
    'csc',
    'card verification',
    'card verification value',
    'card verification code',
    'card security code',
    'card security',
  ],
  security_code: ['security code'],
  card_pin: ['pin', 'pins', 'personal identification number', 'personal identification'],
  card_track_data: [],
  payment_card: ['card', 'cards', 'cc', 'pan', 'visa', 'mastercard', 'amex', 'maestro', 'american express'],
  iban: [],
  us_bank_account: [
    'account number',
    'account num',
    'account no',
    'account nr',
    'acct number',
    'acct no',
    'acct',
    'bank account',
    'checking account',
    'savings account',
  ],
  us_routing_number: ['routing', 'routing transit', 'aba', 'rtn'],
  us_ssn: [
    'ssn',
    'ssns',
    'social security',
    'social sec',
    'soc sec',
    'tax id',
    'taxpayer id',
    'taxpayer identification',
  ],
  us_itin: ['itin', 'individual taxpayer identification'],
  us_passport: ['passport'],
  us_driver_license: [
    'driver license',
    'drivers license',
    'driver s license',
    'driving license',
    'driver licence',
    'drivers licence',
    'driver s licence',
    'driving licence',
  ],
  medical_record_number: [
    'mrn',
    'medical record',
    'medical records',
    'health record',
    'chart number',
    'chart no',
    'patient id',
    'patient identifier',
    'patient number',
    'patient no',
    'hospital number',
    'hospital id',
  ],
  medicare_beneficiary_id: ['mbi', 'medicare', 'medicare id', 'medicare beneficiary', 'medicare beneficiary id'],
  nhs_number: ['nhs'],
  npi: ['npi', 'provider identifier', 'provider id'],
  dea_number: ['dea', 'dea registration', 'dea reg'],
  birth_date: ['dob', 'd o b', 'date of birth', 'birth date', 'birthdate', 'birthday', 'birth day', 'born'],
  email_address: [],
  phone_number: [
    'phone',
    'phones',
    'telephone',
    'tel',
    'mobile',
    'cell',
    'cellphone',
    'landline',
    'fax',
    'whatsapp',
    'contact number',
    'call',
    'call me',
    'call us',
    'calling',
    'dial',
    'text me',
    'text us',
    'reach me',
    'reach us',
    'sms',
    'message to',
    'messages to',
    'answering',
  ],
  contact_line: ['desk', 'office', 'home', 'work', 'direct', 'switchboard', 'hotline'],
  ip_address: [],
  us_address: [],
  zip_code: ['zip', 'zipcode', 'zip code', 'postal code'],
  post_office_box: ['po box', 'p o box'],
  version: ['version', 'ver', 'v', 'kernel', 'release', 'build', 'section', 'clause', 'firmware', 'oid'],
}

/** Words between a label and its value that leave no doubt: "the CVV number is 123". */
const CLOSE_FILLERS = 'is was are no nr num number numbers code value equals it s as'

/** Words that may stand there too, but may also lead elsewhere: "the PIN for the 1200 users". */
const LOOSE_FILLERS =
  'a an the my your his her their our this that of for on at in to from be been has have me us him following here'

/** What a word near a value can be: the last of a label, a filler between a label and its value, or both. */
export interface Entry {
  /** The longest first; `before` is what stands before this word, the nearest first. */
  readonly labels: readonly { readonly before: readonly string[]; readonly meaning: LabelMeaning }[]
  readonly filler: 'close' | 'loose' | 'none'
}

/** Every word that says anything about a value behind it. */
export const WORDS: ReadonlyMap<string, Entry> = readWords()

function readWords(): Map<string, Entry> {
  const words = new Map<string, Entry>()
  for (const filler of CLOSE_FILLERS.split(' ')) words.set(filler, { labels: [], filler: 'close' })
  for (const filler of LOOSE_FILLERS.split(' ')) words.set(filler, { labels: [], filler: 'loose' })
  for (const [meaning, names] of Object.entries(LABELS)) {
    for (const name of names) {
      const [last = '', ...before] = name.split(' ').reverse()
      const { labels, filler } = words.get(last) ?? { labels: [], filler: 'none' }
      // The record's own keys are exactly the meanings.
      const label = { before, meaning: meaning as LabelMeaning }
      words.set(last, { labels: [...labels, label].sort((a, b) => b.before.length - a.before.length), filler })
    }
  }
  return words
}
