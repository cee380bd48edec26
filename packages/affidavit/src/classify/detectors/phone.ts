// Phone numbers: North American form, international form, and anything of fitting length that is called one
// (spec/detection.md §2).

import type { Detection } from '../detector.ts'
import type { DetectAt, DetectLabelled } from '../place.ts'
import { continuesNumber, digitsOf, isContinued, isWordAt, matchAt } from '../tokens.ts'

const EXTENSION = '(?: ?(?:x|ext\\.? ?)\\d{1,5})?'
/** (602) 272-9781 · 602.272.9781 · 1-800-555-0199 · 001-253-366-9781, with or without an extension. */
const NORTH_AMERICAN = new RegExp(
  `(?:(?:\\+1|001|1)[ .-]?)?(?:\\([2-9]\\d{2}\\) ?\\d{3}|[2-9]\\d{2}[ .-][2-9]\\d{2})[.-]\\d{4}${EXTENSION}`,
  'y',
)
/** +46 (0)8 928 571 38 · +447700208815 */
const INTERNATIONAL = new RegExp(`\\+[1-9]\\d{0,14}(?:[ .-]?\\(?\\d{1,5}\\)?){0,6}${EXTENSION}`, 'y')
/** 0489 25 37 29: the 0 that is dialled before an area code, and groups. */
const TRUNK = /0[1-9]\d{1,3}([ -])\d{2,4}\1\d{2,4}(?:\1\d{2,4}){0,2}/y
/** What may be called a phone number: groups of digits with one mark between them. */
const ANY = new RegExp(`\\(?\\d{1,15}\\)?(?:[ ./-]{1,2}\\(?\\d{1,8}\\)?){0,6}${EXTENSION}`, 'y')
/** Longest run of groups before a word that names it. */
const MAX_NAMED = 28
const DATE = /(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?!\d)/y

export const detectPhone: DetectAt = (place, found) => {
  const { text, start, end } = place
  if (continuesNumber(text, start)) return
  const from = openingBefore(text, start)
  if (text.charAt(from) === '+') addPhone(from, northAmericanEnd(text, from) ?? internationalEnd(text, from), found)
  else if (end - start === 3 || end - start === 1) addPhone(from, northAmericanEnd(text, from), found)
  if (text.charAt(start) === '0') addPhone(start, trunkEnd(text, start), found)
}

/** "Can you call me on 9472 7916" */
export const detectCalledPhone: DetectAt = ({ text, start }, found) => {
  const from = openingBefore(text, start)
  if (matchAt(DATE, text, from) !== undefined) return
  addPhone(from, northAmericanEnd(text, from) ?? endOfLength(text, from, matchAt(ANY, text, from)?.[0], 7), found)
}

/** "Office: 5403926876" is a line of a contact card; "the office is at 17031" is not. */
export const detectContactLine: DetectLabelled = (place, found, label) => {
  if (place.text.charAt(label.end) === ':') detectCalledPhone(place, found)
}

const NAMED_AFTER = /[ (-]{1,2}(?:office|fax|mobile|cell|phone|tel)(?![A-Za-z ])/iy
const GROUPS = /(?:^|[^\w.-])(\(?\d{1,4}\)?(?:[ .-]\d{1,4}){1,5})$/

/** "416 60 039 office" at the end of a line: found by its last group. */
export const detectNamedPhone: DetectAt = ({ text, end }, found) => {
  if (matchAt(NAMED_AFTER, text, end) === undefined) return
  const groups = GROUPS.exec(text.slice(Math.max(0, end - MAX_NAMED), end))?.[1]
  if (groups === undefined) return
  addPhone(end - groups.length, endOfLength(text, end - groups.length, groups, 7), found)
}

function addPhone(start: number, end: number | undefined, found: Detection[]): void {
  if (end !== undefined) found.push({ type: 'phone_number', start, end })
}

// The mark that a number begins with is before its first digit: +46…, (602)…, +1 (602)….
function openingBefore(text: string, start: number): number {
  const before = text.charAt(start - 1)
  return before === '(' || before === '+' ? start - 1 : start
}

function northAmericanEnd(text: string, from: number): number | undefined {
  const end = from + (matchAt(NORTH_AMERICAN, text, from)?.[0].length ?? 0)
  return end > from && !isContinued(text, end) ? end : undefined
}

function internationalEnd(text: string, from: number): number | undefined {
  return isWordAt(text, from - 1) ? undefined : endOfLength(text, from, matchAt(INTERNATIONAL, text, from)?.[0], 8)
}

function trunkEnd(text: string, start: number): number | undefined {
  const match = matchAt(TRUNK, text, start)?.[0] ?? ''
  const count = digitsOf(match).length
  return count >= 9 && count <= 11 && !isContinued(text, start + match.length) ? start + match.length : undefined
}

/** The end of a match of `least` to 15 digits, which no letter or digit continues. Those of an extension do not count. */
function endOfLength(text: string, from: number, match: string | undefined, least: number): number | undefined {
  const end = from + (match?.length ?? 0)
  const count = digitsOf(/^[^x]{0,40}/i.exec(match ?? '')?.[0] ?? '').length
  return count >= least && count <= 15 && !isWordAt(text, end) ? end : undefined
}
