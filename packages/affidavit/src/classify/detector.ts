// What is found in text, and the seam for finding more (spec/detection.md §1).

/** What the built-in detector finds. */
export type StructuredType =
  | AuthenticationType
  | 'payment_card'
  | 'iban'
  | 'us_bank_account'
  | 'us_routing_number'
  | 'us_ssn'
  | 'us_itin'
  | 'us_passport'
  | 'us_driver_license'
  | 'medical_record_number'
  | 'medicare_beneficiary_id'
  | 'nhs_number'
  | 'npi'
  | 'dea_number'
  | 'birth_date'
  | 'email_address'
  | 'phone_number'
  | 'ip_address'
  | 'us_address'

/** Sensitive authentication data: it may not be kept even encrypted (spec/detection.md §4). */
export type AuthenticationType = 'card_verification_value' | 'card_track_data' | 'card_pin'

/** What only a detector of one's own can find: it takes more than a form and a checksum. */
export type DetectedType = StructuredType | 'person_name' | 'postal_address' | 'known_identifier'

/** UTF-16 offsets into the text: `start` is inside, `end` is not. */
export interface Detection<Type extends DetectedType = DetectedType> {
  readonly type: Type
  readonly start: number
  readonly end: number
}

/**
 * The plug-in seam, for a recogniser of names or a service of one's own. Promise: every offset is inside the text and no
 * detection is empty; the same text gives the same answer; spans may overlap and come in any order. What is found depends
 * on no more than the 512 characters around it, so that a stream can be read in pieces. Throwing means that the text was not
 * looked at: what that comes to is said in spec/detection.md §10, and the text is never taken for clean.
 */
export interface Detector {
  /** Told in records where it fails: a name of its own, of at most 64 bytes. */
  readonly name: string
  detect(text: string): readonly Detection[] | Promise<readonly Detection[]>
}
