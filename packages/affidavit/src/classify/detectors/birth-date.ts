// Dates of birth: a date of the calendar that the words before it call one (spec/detection.md §2).

import { labelBefore } from '../label.ts'
import type { DetectAt } from '../place.ts'
import { isWordAt, matchAt } from '../tokens.ts'

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const MONTH_WORD =
  /^(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)$/

const YEAR_FIRST =
  /(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?/y
const YEAR_LAST = /(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})/y
const SOLID = /(\d{4})(\d{2})(\d{2})/y
const DAY_MONTH = /(\d{1,2})(?:st|nd|rd|th)?(?: of)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4}|\d{2})/y
const MONTH_DAY = /([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})/y

/** "born on 2/3/1980", `"dob":"1980-02-03T00:00:00Z"`, "date of birth: 3rd of February 1980". */
export const detectBirthDate: DetectAt = ({ text, start }, found) => {
  const end = numericEnd(text, start)
  if (end !== undefined && !isWordAt(text, end)) found.push({ type: 'birth_date', start, end })
}

/** "born on February 3rd, 1980": the date begins before its first digit. */
export const detectMonthFirst: DetectAt = ({ text, word }, found) => {
  if (word === undefined || !MONTH_WORD.test(word.text)) return
  const match = matchAt(MONTH_DAY, text, word.start)
  const end = word.start + (match?.[0].length ?? 0)
  if (!isNamedDay(match?.[1], match?.[2], match?.[3]) || isWordAt(text, end)) return
  if (labelBefore(text, word.start)?.meaning === 'birth_date')
    found.push({ type: 'birth_date', start: word.start, end })
}

/** Where the date that begins with a digit ends. */
function numericEnd(text: string, start: number): number | undefined {
  const first = matchAt(YEAR_FIRST, text, start) ?? matchAt(SOLID, text, start)
  if (first !== undefined && isDay(first[1], first[2], first[3])) return start + first[0].length
  const last = matchAt(YEAR_LAST, text, start)
  if (last !== undefined && (isDay(last[3], last[1], last[2]) || isDay(last[3], last[2], last[1]))) {
    return start + last[0].length
  }
  const named = matchAt(DAY_MONTH, text, start)
  return named !== undefined && isNamedDay(named[2], named[1], named[3]) ? start + named[0].length : undefined
}

function isNamedDay(month = '', day = '', year = ''): boolean {
  const word = month.toLowerCase()
  return MONTH_WORD.test(word) && isDay(year, String(MONTHS.indexOf(word.slice(0, 3)) + 1), day)
}

/** Is this a day on which somebody alive or lately dead was born? A year of two digits is any. */
function isDay(year = '', month = '', day = ''): boolean {
  const full = year.length === 2 ? 2000 : Number(year)
  if (full < 1850 || full > 2100) return false
  // A day that its month does not have is one of another month.
  return new Date(Date.UTC(full, Number(month) - 1, Number(day))).getUTCMonth() === Number(month) - 1
}
