// The compliance domains that every registry knows (spec/registry.md §3), and how an author adds others.

/** A set of rules that data or records fall under. */
export interface Domain {
  readonly title: string
  /** Its rules guard the data itself, so that none of it is public; others say how records are kept or systems are run. */
  readonly guards_data: boolean
}

const GUARDING: readonly (readonly [word: string, title: string])[] = [
  ['ccpa', 'California Consumer Privacy Act'],
  ['cfr42_part2', 'Substance use disorder records, 42 CFR Part 2'],
  ['cjis', 'Criminal Justice Information Services Security Policy'],
  ['coppa', "Children's Online Privacy Protection Act"],
  ['ferpa', 'Family Educational Rights and Privacy Act'],
  ['gdpr', 'General Data Protection Regulation (EU) 2016/679'],
  ['glba', 'Gramm-Leach-Bliley Act, Safeguards Rule'],
  ['hipaa', 'Health Insurance Portability and Accountability Act'],
  ['legal_privilege', 'Client files and privileged communication'],
  ['pci_dss', 'Payment Card Industry Data Security Standard'],
]

const OTHERS: readonly (readonly [word: string, title: string])[] = [
  ['advisers_act', 'SEC rule 204-2, books and records of investment advisers'],
  ['cftc', 'CFTC rule 1.31, regulatory records'],
  ['colorado_ai', 'Colorado SB 26-189, automated decisions'],
  ['dora', 'Digital Operational Resilience Act (EU) 2022/2554'],
  ['eu_ai_act', 'Artificial Intelligence Act (EU) 2024/1689'],
  ['eu_gmp_annex_11', 'EU GMP Annex 11, computerised systems'],
  ['fda_part_11', '21 CFR Part 11, electronic records and signatures'],
  ['fedramp', 'Federal Risk and Authorization Management Program'],
  ['finra', 'FINRA rule 4511 and its companions'],
  ['iso_27001', 'ISO/IEC 27001, information security'],
  ['iso_27789', 'ISO 27789, audit trails of health records'],
  ['iso_42001', 'ISO/IEC 42001, management of AI systems'],
  ['medicare_advantage', '42 CFR 422.504 and 423.505, records of plans'],
  ['mifid_ii', 'Markets in Financial Instruments Directive 2014/65/EU'],
  ['nydfs', '23 NYCRR Part 500, cybersecurity of financial companies'],
  ['sec_17a_4', 'SEC rule 17a-4, records of broker-dealers'],
  ['soc_2', 'SOC 2, trust services criteria'],
  ['sox', 'Sarbanes-Oxley Act'],
  ['texas_traiga', 'Texas Responsible AI Governance Act'],
]

export const BUILT_IN_DOMAINS: ReadonlyMap<string, Domain> = new Map([
  ...domains(GUARDING, true),
  ...domains(OTHERS, false),
])

function domains(words: typeof GUARDING, guards_data: boolean): (readonly [string, Domain])[] {
  return words.map(([word, title]) => [word, { title, guards_data }])
}
