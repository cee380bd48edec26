// Retention rules of the federal government of the United States, and of criminal justice.

import type { RetentionPolicy } from '../policy.ts'
import { days, IN_FORCE, months, ofDomain, years } from './periods.ts'

const US = { jurisdiction: 'US', status: IN_FORCE, part: 'record' } as const

export const PUBLIC_SECTOR: readonly RetentionPolicy[] = [
  {
    ...US,
    id: 'omb.m2614',
    title: 'Event logs of federal agencies',
    regime: 'OMB M-26-14 (22 May 2026; rescinds M-21-31)',
    citation: 'M-26-14',
    basis: 'policy',
    confidence: 'S',
    applies_to: 'when-adopted',
    minimum: months(12, 'record_created'),
    availability: months(6, 'record_created'),
    note: 'Six months searchable, twelve months retrievable.',
  },
  {
    ...US,
    id: 'omb.m2131.legacy',
    title: 'Event logs of federal agencies, as contracts may still cite them',
    regime: 'OMB M-21-31 (rescinded)',
    citation: 'M-21-31',
    basis: 'policy',
    confidence: 'V',
    status: { state: 'until', day: '2026-05-22' },
    applies_to: 'when-adopted',
    minimum: months(30, 'record_created'),
    availability: months(12, 'record_created'),
    note: 'Twelve months active and eighteen months cold.',
  },
  {
    ...US,
    id: 'fedramp.au11',
    title: 'Audit logs within a FedRAMP boundary',
    regime: 'FedRAMP Rev 5',
    citation: 'AU-11 + FedRAMP additional requirements',
    basis: 'standard',
    confidence: 'V',
    applies_to: ofDomain('fedramp'),
    minimum: months(30, 'record_created'),
    availability: days(90, 'record_created'),
    note: 'Its parameter still refers to M-21-31, which was rescinded; ninety days on-line, and off-line as NARA says.',
  },
  {
    ...US,
    id: 'cjis.au11',
    title: 'Audit logs of criminal justice information',
    regime: 'CJIS Security Policy',
    citation: 'AU-11',
    basis: 'standard',
    confidence: 'V',
    applies_to: ofDomain('cjis'),
    minimum: years(1, 'record_created', 'no_longer_needed'),
    note: 'A year at least, and until it is no longer needed for administration, law, audit or operation: somebody has to record that.',
  },
]
