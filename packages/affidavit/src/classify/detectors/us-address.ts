// US addresses as far as their form goes: a street line, a state with its ZIP code, a post office box (spec/detection.md §2).

import type { DetectAt, DetectLabelled, Place } from '../place.ts'
import { isContinued, isWordAt, matchAt } from '../tokens.ts'

/** States, territories and military post by the first digit of their ZIP codes. */
const STATES_BY_DIGIT: readonly ReadonlySet<string>[] = [
  'CT MA ME NH NJ NY PR RI VT VI AE',
  'DE NY PA',
  'DC MD NC SC VA WV',
  'AL FL GA MS TN AA',
  'IN KY MI OH',
  'IA MN MT ND SD WI',
  'IL KS MO NE',
  'AR LA OK TX',
  'AZ CO ID NM NV TX UT WY',
  'AK AP CA GU HI OR WA AS',
].map((states) => new Set(states.split(' ')))

const ZIP = /\d{5}(?:-\d{4})?/y

/** "CA 94107", "IL 62704-1234"; five digits alone where the words say that they are a ZIP code. */
export const detectStateZip: DetectAt = (place, found) => {
  const { text, start } = place
  const stop = start + (matchAt(ZIP, text, start)?.[0].length ?? 0)
  if (isContinued(text, stop)) return
  const from = stateStart(place) ?? (place.label?.meaning === 'zip_code' ? start : undefined)
  if (from !== undefined) found.push({ type: 'us_address', start: from, end: stop })
}

function stateStart({ text, start }: Place): number | undefined {
  const from = start - 3
  const state = text.slice(Math.max(0, from), start - 1)
  const known = STATES_BY_DIGIT[Number(text.charAt(start))]?.has(state) ?? false
  return known && text.charAt(start - 1) === ' ' && !isWordAt(text, from - 1) ? from : undefined
}

export const detectPostOfficeBox: DetectLabelled = ({ text, end, numeric, start }, found, label) => {
  if (!numeric || end - start > 6 || isContinued(text, end)) return
  found.push({ type: 'us_address', start: label.start, end })
}

const SUFFIX =
  'Street|St|Avenue|Ave|Boulevard|Blvd|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Square|Sq|Terrace|Ter|Parkway|Pkwy|Highway|Hwy|Trail|Trl|Way'
const NAME = "(?:[A-Z][A-Za-z'\\u2019-]{0,20}\\.? |\\d{1,3}(?:st|nd|rd|th) )"
const UNIT = '(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|#)\\.? ?[A-Za-z0-9-]{1,6})?'
/** 12 Main St · 4500 North Lake Shore Drive, Apt. 7B · 221B Baker Street */
const STREET = new RegExp(`\\d{1,6}[A-Z]? ${NAME}{1,4}(?:${SUFFIX})\\b\\.?${UNIT}`, 'y')

export const detectStreet: DetectAt = (place, found) => {
  const { text, start, end } = place
  if (text.charAt(end) !== ' ') return
  const match = matchAt(STREET, text, start)?.[0]
  if (match === undefined || isYear(place)) return
  found.push({ type: 'us_address', start, end: start + match.length })
}

const YEAR = /^(?:19|20)\d\d$/
const BEFORE_YEARS: ReadonlySet<string> = new Set('in since during the of by from until a this'.split(' '))

// "the 2010 Supreme Court" is no house.
function isYear({ text, start, end, word }: Place): boolean {
  return YEAR.test(text.slice(start, end)) && BEFORE_YEARS.has(word?.text ?? '')
}
