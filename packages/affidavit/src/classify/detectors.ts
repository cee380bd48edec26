// Which detector looks at which token: most tokens are none of anybody's business, and that is what makes scanning quick.

import {
  detectUsBankAccount,
  detectUsDriverLicense,
  detectUsPassport,
  detectUsRoutingNumber,
} from './detectors/account.ts'
import {
  detectPin,
  detectTrackOne,
  detectTrackTwo,
  detectValueAfterCard,
  detectVerificationValue,
} from './detectors/authentication.ts'
import { detectBirthDate, detectMonthFirst } from './detectors/birth-date.ts'
import {
  detectDeaNumber,
  detectMedicalRecordNumber,
  detectMedicareBeneficiary,
  detectNhsNumber,
  detectNpi,
  detectPrefixedRecordNumber,
} from './detectors/health.ts'
import { detectIban } from './detectors/iban.ts'
import { detectIpv4 } from './detectors/ip-address.ts'
import { detectPaymentCard } from './detectors/payment-card.ts'
import { detectCalledPhone, detectContactLine, detectNamedPhone, detectPhone } from './detectors/phone.ts'
import { detectSocialSecurity } from './detectors/social-security.ts'
import { detectPostOfficeBox, detectStateZip, detectStreet } from './detectors/us-address.ts'
import type { DetectAt, DetectLabelled } from './place.ts'
import type { LabelMeaning } from './vocabulary.ts'

export interface Detectors {
  /** What may begin with so many digits, by their number. */
  readonly numeric: readonly (readonly DetectAt[])[]
  /** What may begin with so many letters and digits. */
  readonly mixed: readonly (readonly DetectAt[])[]
  /** What a label asks for, whatever the token. */
  readonly labelled: ReadonlyMap<LabelMeaning, readonly DetectLabelled[]>
}

/** A detector with the lengths of the tokens it looks at. */
type Row = readonly [detectAt: DetectAt, ...lengths: number[]]

const AUTHENTICATION_NUMERIC: readonly Row[] = [
  [detectValueAfterCard, 4, ...range(13, 19)],
  [detectTrackTwo, ...range(12, 19)],
]
const AUTHENTICATION_MIXED: readonly Row[] = [[detectTrackOne, ...range(13, 20)]]
const AUTHENTICATION_LABELLED: readonly [LabelMeaning, readonly DetectLabelled[]][] = [
  ['card_verification_value', [detectVerificationValue]],
  ['security_code', [detectVerificationValue]],
  ['card_pin', [detectPin]],
]

/** Only what may not be kept (spec/detection.md §4). */
export const AUTHENTICATION: Detectors = {
  numeric: byLength(AUTHENTICATION_NUMERIC),
  mixed: byLength(AUTHENTICATION_MIXED),
  labelled: new Map(AUTHENTICATION_LABELLED),
}

/** Everything. */
export const STRUCTURED: Detectors = {
  numeric: byLength([
    ...AUTHENTICATION_NUMERIC,
    [detectPaymentCard, 4, ...range(12, 19)],
    [detectSocialSecurity, 3, 9],
    [detectPhone, ...range(1, 15)],
    [detectNamedPhone, ...range(2, 4)],
    [detectIpv4, 1, 2, 3],
    [detectMonthFirst, 1, 2],
    [detectStateZip, 5],
    [detectStreet, ...range(1, 6)],
    [detectPrefixedRecordNumber, ...range(3, 16)],
  ]),
  mixed: byLength([
    ...AUTHENTICATION_MIXED,
    [detectIban, 4, ...range(15, 34)],
    [detectMedicareBeneficiary, 4, 11],
    [detectMonthFirst, 3, 4],
    [detectStreet, ...range(2, 7)],
  ]),
  labelled: new Map<LabelMeaning, readonly DetectLabelled[]>([
    ...AUTHENTICATION_LABELLED,
    ['us_bank_account', [detectUsBankAccount]],
    ['us_routing_number', [detectUsRoutingNumber]],
    ['us_passport', [detectUsPassport]],
    ['us_driver_license', [detectUsDriverLicense]],
    ['medical_record_number', [detectMedicalRecordNumber]],
    ['nhs_number', [detectNhsNumber]],
    ['npi', [detectNpi]],
    ['dea_number', [detectDeaNumber]],
    ['birth_date', [detectBirthDate]],
    ['phone_number', [detectCalledPhone]],
    ['contact_line', [detectContactLine]],
    ['post_office_box', [detectPostOfficeBox]],
  ]),
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

function byLength(rows: readonly Row[]): DetectAt[][] {
  const longest = Math.max(...rows.flatMap(([, ...lengths]) => lengths))
  return Array.from({ length: longest + 1 }, (_, length) =>
    rows.filter(([, ...lengths]) => lengths.includes(length)).map(([detectAt]) => detectAt),
  )
}
