// Policies of the product itself, chosen by a short word (spec/retention.md §1).

import type { RetentionPolicy } from '../policy.ts'
import { IN_FORCE, months, years } from './periods.ts'

const OURS = { jurisdiction: '-', basis: 'product', confidence: 'own', status: IN_FORCE, part: 'record' } as const

/** What a record falls under that no other policy gives a period for. */
export const DEFAULT_POLICY: RetentionPolicy = {
  ...OURS,
  id: 'default',
  title: 'Kept until somebody says what it is',
  regime: '-',
  citation: '-',
  // What no other policy gives a period, whatever it is.
  applies_to: [],
  without_minimum: 'what nobody classified is kept, and never destroyed automatically',
  at_end: 'keep',
  note: 'Applies where no other policy gives a period.',
}

export const PRESETS: readonly RetentionPolicy[] = [
  {
    ...OURS,
    id: 'hipaa',
    title: 'Six years for everything about health data',
    regime: 'HIPAA',
    citation: 'see hipaa.documentation and hipaa.audit_log',
    applies_to: [{ retention_classes: ['hipaa'] }, { compliance_domains: ['hipaa'] }],
    minimum: years(6, 'record_created'),
    at_end: 'destroy',
    note: 'State law, records of minors and contracts with Medicare plans ask for longer: extend it where they apply.',
  },
  {
    ...OURS,
    id: 'soc2',
    title: 'Eighteen months, so that an examined year is whole when it is examined',
    regime: 'SOC 2',
    citation: 'see soc2.evidence',
    applies_to: [{ retention_classes: ['soc2'] }, { compliance_domains: ['soc_2'] }],
    minimum: months(18, 'record_created'),
    at_end: 'destroy',
    note: 'The criteria name no period; what is examined is the one that you declare.',
  },
  {
    ...OURS,
    id: 'financial',
    title: 'Seven years, the longest flat period that finance commonly chooses',
    regime: 'Finance',
    citation: 'no rule says this; see sec.17a4a, finra.4511, cftc.1.31.general, sox.issuer_itgc',
    applies_to: [{ retention_classes: ['financial'] }],
    minimum: years(7, 'record_created'),
    at_end: 'destroy',
    note: 'Chosen by retention class alone. Rules that count from the closing of an account may end later, and maxima (GLBA, GDPR) earlier.',
  },
  DEFAULT_POLICY,
]
