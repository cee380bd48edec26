// Retention in the European Union: data protection, and the AI Act.

import type { RetentionPolicy } from '../policy.ts'
import { days, IN_FORCE, months, ofDomain, years } from './periods.ts'

const EU = { jurisdiction: 'EU', basis: 'law', status: IN_FORCE, part: 'record' } as const
const AI_ACT = { ...EU, regime: 'EU AI Act', confidence: 'V', status: { state: 'from', day: '2027-12-02' } } as const

export const EUROPE: readonly RetentionPolicy[] = [
  {
    ...EU,
    id: 'gdpr.storage_limitation',
    title: 'Personal data, no longer than its purpose needs',
    regime: 'GDPR',
    citation: 'Art. 5(1)(c),(e); 17; 30(1)(f); 32',
    confidence: 'V',
    applies_to: ofDomain('gdpr'),
    without_minimum: 'asks for no minimum',
    maximum: days(0, 'purpose_end'),
    note: 'No number is stated: it ends with the purpose, unless a legal duty (Art. 17(3)(b)) or legal claims (Art. 17(3)(e)) keep it.',
  },
  {
    ...EU,
    id: 'cnil.logging',
    jurisdiction: 'FR',
    title: 'Logs of access to personal data and of what was done with it',
    regime: 'CNIL Recommendation 2021-122',
    citation: 'Deliberation 2021-122 of 14 Oct 2021',
    basis: 'guidance',
    confidence: 'S',
    applies_to: 'when-adopted',
    minimum: months(6, 'record_created'),
    maximum: months(12, 'record_created'),
    note: 'Up to three years where a risk to internal control is shown, and longer where a documented duty asks for it: override the maximum then.',
  },
  {
    ...AI_ACT,
    id: 'euaiact.provider_logs',
    title: 'Logs of a high-risk system that its provider controls',
    citation: 'Reg. (EU) 2024/1689 Art. 12, 19(1) as amended by Reg. (EU) 2026/1744',
    applies_to: ofDomain('eu_ai_act'),
    minimum: months(6, 'record_created'),
    note: 'At least six months, and as long as the purpose of the system asks. Systems of Annex III from 2 December 2027, of Annex I from 2 August 2028. Financial institutions keep them with the records of their services.',
  },
  {
    ...AI_ACT,
    id: 'euaiact.deployer_logs',
    title: 'Logs of a high-risk system that its deployer controls',
    citation: 'Art. 26(6)',
    applies_to: ofDomain('eu_ai_act'),
    minimum: months(6, 'record_created'),
    note: 'Systems of Annex III from 2 December 2027, of Annex I from 2 August 2028.',
  },
  {
    ...AI_ACT,
    id: 'euaiact.tech_docs',
    title: 'Technical documentation of a high-risk system',
    citation: 'Art. 18(1)',
    applies_to: 'when-adopted',
    minimum: years(10, 'system_placed_on_market'),
    note: 'Versions of prompts and models that document the system belong here. Systems of Annex III from 2 December 2027, of Annex I from 2 August 2028.',
  },
]
