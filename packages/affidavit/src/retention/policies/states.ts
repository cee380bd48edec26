// Retention rules of states of the United States, and of lawyers.

import type { RetentionPolicy } from '../policy.ts'
import { IN_FORCE, months, ofDomain, VERSIONS, years } from './periods.ts'

const LAW = { jurisdiction: 'US', basis: 'law', status: IN_FORCE, part: 'record' } as const
const COLORADO = { ...LAW, confidence: 'S', status: { state: 'from', day: '2027-01-01' } } as const

export const STATES: readonly RetentionPolicy[] = [
  {
    ...COLORADO,
    id: 'colorado.sb26189.deployer',
    title: 'Records of consequential decisions that a machine took part in',
    regime: 'Colorado SB 26-189 (repeals SB 24-205)',
    citation: 'C.R.S. 6-1-17xx as enacted 14 May 2026',
    applies_to: ofDomain('colorado_ai'),
    minimum: years(3, 'decision_date'),
    note: 'Or longer, where other law asks for it.',
  },
  {
    ...COLORADO,
    id: 'colorado.sb26189.developer',
    title: 'Versions of what decides, and their changes',
    regime: 'Colorado SB 26-189',
    citation: 'C.R.S. 6-1-1702(4)',
    applies_to: ofDomain('colorado_ai', VERSIONS),
    minimum: years(3, 'record_created'),
  },
  {
    ...LAW,
    id: 'texas.traiga',
    title: 'AI deployed in Texas',
    regime: 'Texas TRAIGA (HB 149)',
    citation: 'Tex. Bus. & Com. Code ch. 551-554',
    confidence: 'S',
    status: { state: 'from', day: '2026-01-01' },
    applies_to: ofDomain('texas_traiga'),
    without_minimum: 'states no period; the attorney general may ask for records',
  },
  {
    ...LAW,
    id: 'california.ads_employment',
    title: 'Data of automated decisions about employment',
    regime: 'California FEHA ADS regulations',
    citation: '2 CCR 11013(c)',
    confidence: 'K',
    status: { state: 'from', day: '2025-10-01' },
    applies_to: 'when-adopted',
    minimum: years(4, 'record_created', 'personnel_action'),
  },
  {
    ...LAW,
    id: 'ccpa.request_log',
    title: 'Requests of consumers, and how they were answered',
    regime: 'CCPA regulations',
    citation: '11 CCR 7101(a)',
    confidence: 'V',
    applies_to: ofDomain('ccpa', ['request_decided', 'request_received']),
    minimum: months(24, 'record_created'),
    note: 'Personal information itself is kept no longer than its disclosed purpose needs (1798.100(a)(3)).',
  },
  {
    ...LAW,
    id: 'aba.1.15',
    title: 'Client files of lawyers',
    regime: 'ABA Model Rule 1.15(a) + state rules',
    citation: 'MR 1.15(a); e.g. Mass. 1.15A; N.Y. 1.15(d)',
    confidence: 'K',
    applies_to: ofDomain('legal_privilege'),
    without_minimum:
      'each state says another period from the end of the matter: say yours in a policy of your own, counted from matter_closed',
  },
]
