// US social security and individual taxpayer numbers (spec/detection.md §2).

import type { DetectAt } from '../place.ts'
import { continuesNumber, isContinued, isWordAt, matchAt } from '../tokens.ts'

const DASHED = /(\d{3})([-\u2010-\u2013])(\d{2})\2(\d{4})/y
const SPACED = /(\d{3})([ .\u00a0])(\d{2})\2(\d{4})/y
const SOLID = /(\d{3})()(\d{2})(\d{4})/y

/** With dashes the form is enough. Nine digits alone, or with spaces, are one only where the words say so. */
export const detectSocialSecurity: DetectAt = ({ text, start, end, label }, found) => {
  if (continuesNumber(text, start)) return
  const match =
    end - start === 9 ? matchAt(SOLID, text, start) : (matchAt(DASHED, text, start) ?? matchAt(SPACED, text, start))
  if (match === undefined) return
  const [whole, area = '', mark = '', group = '', serial = ''] = match
  const stop = start + whole.length
  const type = typeOf(area, group, serial)
  if (type === undefined || isContinued(text, stop) || isPartNumber(text, stop)) return
  const proven = mark !== '' && !' .\u00a0'.includes(mark)
  if (proven || label?.meaning === 'us_ssn' || label?.meaning === 'us_itin' || isNamedAfter(text, stop)) {
    found.push({ type, start, end: stop })
  }
}

/** SSA: no area 000, 666 or 9xx, no group 00, no serial 0000. IRS: an ITIN is 9xx with certain groups. */
function typeOf(area: string, group: string, serial: string): 'us_ssn' | 'us_itin' | undefined {
  if (serial === '0000' || group === '00' || area === '000' || area === '666') return undefined
  if (!area.startsWith('9')) return 'us_ssn'
  const number = Number(group)
  const assigned = (number >= 50 && number <= 65) || (number >= 70 && number <= 99 && number !== 89 && number !== 93)
  return assigned ? 'us_itin' : undefined
}

// 123-45-6789-AB
function isPartNumber(text: string, end: number): boolean {
  return text.charAt(end) === '-' && isWordAt(text, end + 1)
}

const NAMED_AFTER = /[ (,]{1,3}(?:(?:is|as) )?(?:(?:my|your|his|her|their|the) )?(?:SSN|ssn|social security)\b/y

// "123456789 is my SSN"
function isNamedAfter(text: string, end: number): boolean {
  return matchAt(NAMED_AFTER, text, end) !== undefined
}
