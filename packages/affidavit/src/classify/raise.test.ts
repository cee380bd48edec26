import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { CLASSIFICATIONS, type Classification } from '../formats/fields.ts'
import type { DetectedType } from './detector.ts'
import { type Classified, raise } from './raise.ts'

const NOTHING: Classified = { data_classification: 'public', compliance_domains: [] }

const RAISED: readonly [type: DetectedType, to: Classification, domains: string[]][] = [
  ['card_verification_value', 'restricted', ['pci_dss']],
  ['card_track_data', 'restricted', ['pci_dss']],
  ['card_pin', 'restricted', ['pci_dss']],
  ['payment_card', 'restricted', ['pci_dss']],
  ['iban', 'restricted', ['gdpr']],
  ['us_bank_account', 'restricted', ['glba']],
  ['us_routing_number', 'confidential', ['glba']],
  ['us_ssn', 'restricted', []],
  ['us_itin', 'restricted', []],
  ['us_passport', 'restricted', []],
  ['us_driver_license', 'restricted', []],
  ['medical_record_number', 'restricted', ['hipaa']],
  ['medicare_beneficiary_id', 'restricted', ['hipaa']],
  ['dea_number', 'restricted', ['hipaa']],
  ['npi', 'confidential', ['hipaa']],
  ['nhs_number', 'restricted', ['gdpr']],
  ['birth_date', 'confidential', []],
  ['us_address', 'confidential', []],
  ['email_address', 'confidential', ['gdpr']],
  ['phone_number', 'confidential', ['gdpr']],
  ['ip_address', 'confidential', ['gdpr']],
  ['person_name', 'confidential', ['gdpr']],
  ['postal_address', 'confidential', ['gdpr']],
  ['known_identifier', 'confidential', ['gdpr']],
]

for (const [type, data_classification, compliance_domains] of RAISED) {
  test(`${type} raises to ${[data_classification, ...compliance_domains].join(', ')}`, () => {
    assert.deepEqual(raise(NOTHING, [type]), { data_classification, compliance_domains })
  })
}

test('what was declared stays: a classification is never lowered, no domain is lost', () => {
  const types = fc.array(fc.constantFrom(...RAISED.map(([type]) => type)))
  const declared = fc.record({
    data_classification: fc.constantFrom(...CLASSIFICATIONS),
    compliance_domains: fc.uniqueArray(fc.constantFrom('gdpr', 'hipaa', 'sox')).map((domains) => domains.sort()),
  })
  fc.assert(
    fc.property(declared, types, (before, found) => {
      const after = raise(before, found)
      const rank = ({ data_classification }: Classified): number => CLASSIFICATIONS.indexOf(data_classification)
      assert.ok(rank(after) >= rank(before))
      assert.ok(before.compliance_domains.every((domain) => after.compliance_domains.includes(domain)))
      assert.deepEqual(after.compliance_domains, [...new Set(after.compliance_domains)].sort())
      assert.deepEqual(raise(after, found), after)
    }),
  )
})
