// International bank account numbers: the length of the country and the check digits of ISO 13616 (spec/detection.md §2).

import { passesIbanCheck } from '../checksums.ts'
import type { DetectAt } from '../place.ts'
import { isWordAt, matchAt } from '../tokens.ts'

/** Characters of an IBAN by its country, as the IBAN registry lists them. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 ' +
    'LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 ' +
    'RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((row) => [row.slice(0, 2), Number(row.slice(2))]),
)

const HEAD = /[A-Za-z]{2}\d{2}/y

export const detectIban: DetectAt = ({ text, start, end, numeric }, found) => {
  if (numeric || matchAt(HEAD, text, start) === undefined) return
  const length = LENGTHS.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined) return
  const stop = end - start === 4 ? groupedEnd(text, start, length) : start + length
  if (stop === undefined || isWordAt(text, stop)) return
  const iban = text.slice(start, stop).replaceAll(SPACES, '')
  if (iban.length === length && PLAIN.test(iban) && passesIbanCheck(iban))
    found.push({ type: 'iban', start, end: stop })
}

const PLAIN = /^[A-Za-z0-9]{15,34}$/
const SPACES = /[ \u00a0]/g

/** Where an IBAN in groups of four ends: one space before each group. */
function groupedEnd(text: string, start: number, length: number): number | undefined {
  const end = start + length + Math.ceil(length / 4) - 1
  for (let gap = start + 4; gap < end; gap += 5) {
    const char = text.charAt(gap)
    if (char !== ' ' && char !== '\u00a0') return undefined
  }
  return end
}
