// Payment card numbers: an issuer's prefix, its lengths, and the Luhn digit (spec/detection.md §2).

import { passesLuhn } from '../checksums.ts'
import type { DetectAt } from '../place.ts'
import { continuesNumber, digitsOf, isDigitAt, isWordAt, matchAt, type Token } from '../tokens.ts'

/** Digits as cards show them, with one kind of mark between the groups. The longest first. */
const LAYOUTS: readonly RegExp[] = [
  /\d{4}([ \-.\u00a0\u202f\u2010-\u2013])\d{4}\1\d{4}\1\d{4}\1\d{3}/y,
  /\d{4}([ \-.\u00a0\u202f\u2010-\u2013])\d{4}\1\d{4}\1\d{4}/y,
  /\d{4}([ \-.\u00a0\u202f\u2010-\u2013])\d{6}\1\d{5}/y,
  /\d{4}([ \-.\u00a0\u202f\u2010-\u2013])\d{6}\1\d{4}/y,
]

interface Issue {
  readonly from: number
  readonly until: number
  readonly lengths: readonly number[]
}

/** Issuer prefixes in four digits, and the lengths in circulation. */
const ISSUES: readonly Issue[] = [
  { from: 4000, until: 4999, lengths: [16, 19] }, // Visa
  { from: 5100, until: 5599, lengths: [16] }, // Mastercard
  { from: 2221, until: 2720, lengths: [16] }, // Mastercard
  { from: 2200, until: 2204, lengths: [16, 19] }, // Mir
  { from: 3400, until: 3499, lengths: [15] }, // American Express
  { from: 3700, until: 3799, lengths: [15] }, // American Express
  { from: 3000, until: 3059, lengths: [14] }, // Diners Club
  { from: 3600, until: 3699, lengths: [14] }, // Diners Club
  { from: 3800, until: 3999, lengths: [14] }, // Diners Club
  { from: 6011, until: 6011, lengths: [16, 19] }, // Discover
  { from: 6440, until: 6599, lengths: [16, 19] }, // Discover
  { from: 3528, until: 3589, lengths: [16, 19] }, // JCB
  { from: 6200, until: 6299, lengths: [16, 19] }, // UnionPay
]

export const detectPaymentCard: DetectAt = (place, found) => {
  const end = cardEnd(place, place.label?.meaning === 'payment_card' ? 'labelled' : 'bare')
  if (end !== undefined) found.push({ type: 'payment_card', start: place.start, end })
}

/** Where the card number that begins with this token ends; `undefined` where none begins. */
export function cardEnd(token: Token, context: 'labelled' | 'bare'): number | undefined {
  const { text, start, end, numeric } = token
  if (!numeric || end - start > 19 || continuesNumber(text, start)) return undefined
  if (end - start === 4) return isDigitAt(text, end + 1) ? groupedEnd(text, start, context) : undefined
  return end - start >= 12 && isCard(text.slice(start, end), context) && !isDecimal(text, end) ? end : undefined
}

function groupedEnd(text: string, start: number, context: 'labelled' | 'bare'): number | undefined {
  for (const layout of LAYOUTS) {
    const end = start + (matchAt(layout, text, start)?.[0].length ?? 0)
    if (end > start && !isWordAt(text, end) && isCard(digitsOf(text.slice(start, end)), context)) return end
  }
  return undefined
}

// What is called a card needs no known issuer: store cards and Maestro have many, and new ranges are given out each year.
function isCard(digits: string, context: 'labelled' | 'bare'): boolean {
  return (context === 'labelled' || isIssued(digits)) && passesLuhn(digits)
}

function isIssued(digits: string): boolean {
  const prefix = Number(digits.slice(0, 4))
  return ISSUES.some(({ from, until, lengths }) => prefix >= from && prefix <= until && lengths.includes(digits.length))
}

// 4111111111111111.25 is an amount.
function isDecimal(text: string, end: number): boolean {
  return text.charAt(end) === '.' && isDigitAt(text, end + 1)
}
