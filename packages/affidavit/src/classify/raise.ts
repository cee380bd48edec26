// What a finding does to a record's classification (spec/detection.md §5): it raises, and never lowers.

import { type Classification, stricter } from '../formats/fields.ts'
import type { DetectedType } from './detector.ts'

export interface Classified {
  readonly data_classification: Classification
  /** A set; sorted. */
  readonly compliance_domains: readonly string[]
}

const CARD: Classified = { data_classification: 'restricted', compliance_domains: ['pci_dss'] }
const HEALTH: Classified = { data_classification: 'restricted', compliance_domains: ['hipaa'] }
const ACCOUNT: Classified = { data_classification: 'restricted', compliance_domains: ['glba'] }
const IDENTITY: Classified = { data_classification: 'restricted', compliance_domains: [] }
const CONTACT: Classified = { data_classification: 'confidential', compliance_domains: ['gdpr'] }

const RAISES: Readonly<Record<DetectedType, Classified>> = {
  card_verification_value: CARD,
  card_track_data: CARD,
  card_pin: CARD,
  payment_card: CARD,
  us_bank_account: ACCOUNT,
  us_routing_number: { data_classification: 'confidential', compliance_domains: ['glba'] },
  iban: { data_classification: 'restricted', compliance_domains: ['gdpr'] },
  medical_record_number: HEALTH,
  medicare_beneficiary_id: HEALTH,
  dea_number: HEALTH,
  npi: { data_classification: 'confidential', compliance_domains: ['hipaa'] },
  nhs_number: { data_classification: 'restricted', compliance_domains: ['gdpr'] },
  us_ssn: IDENTITY,
  us_itin: IDENTITY,
  us_passport: IDENTITY,
  us_driver_license: IDENTITY,
  birth_date: { data_classification: 'confidential', compliance_domains: [] },
  us_address: { data_classification: 'confidential', compliance_domains: [] },
  email_address: CONTACT,
  phone_number: CONTACT,
  ip_address: CONTACT,
  person_name: CONTACT,
  postal_address: CONTACT,
  known_identifier: CONTACT,
}

/** Is this one of the types? What a detector of one's own answers may be any word. */
export function isDetectedType(type: string): type is DetectedType {
  return Object.hasOwn(RAISES, type)
}

/** The highest classification and all domains of what was declared and what was found. */
export function raise(declared: Classified, found: readonly DetectedType[]): Classified {
  if (found.length === 0 && declared.compliance_domains.length < 2) return declared
  let highest = declared.data_classification
  const domains = new Set(declared.compliance_domains)
  for (const type of found) {
    const { data_classification, compliance_domains } = RAISES[type]
    highest = stricter(highest, data_classification)
    for (const domain of compliance_domains) domains.add(domain)
  }
  return { data_classification: highest, compliance_domains: [...domains].sort() }
}
