// Sensitive authentication data of cards (spec/detection.md §4). What is found here is removed from content for good, so
// that a label has to stand close, and a form has to be whole.

import { passesLuhn } from '../checksums.ts'
import type { Detection } from '../detector.ts'
import { type Label, wordBefore } from '../label.ts'
import type { DetectAt, DetectLabelled, Place } from '../place.ts'
import { isContinued, isDigitAt, matchAt } from '../tokens.ts'
import { cardEnd } from './payment-card.ts'

/** "CVV: 123", "the CVC is 1234"; "security code 123", but not the four digits and more of a one-time code. */
export const detectVerificationValue: DetectLabelled = ({ text, start, end, numeric }, found, label) => {
  if (!numeric || !label.close || isPartOfMore(text, end)) return
  const digits = end - start
  const fits =
    (label.meaning === 'card_verification_value' && (digits === 3 || digits === 4)) ||
    (label.meaning === 'security_code' && digits === 3)
  if (fits) found.push({ type: 'card_verification_value', start, end })
}

const AFTER_CARD =
  /[ ,;|]{1,3}(?:exp[a-z]{0,5}[.:]? ?)?(?:0[1-9]|1[0-2])[/|-]?(?:20)?\d{2}[ ,;|]{1,3}(?=\d{3,4}(?!\d))/iy

/** The digits behind a card number and its expiry: "4111 1111 1111 1111 12/27 123". */
export const detectValueAfterCard: DetectAt = (place, found) => {
  const { text } = place
  const card = cardEnd(place, 'bare')
  const start = card === undefined ? 0 : card + (matchAt(AFTER_CARD, text, card)?.[0].length ?? 0)
  if (card === undefined || start === card) return
  const end = start + (isDigitAt(text, start + 3) ? 4 : 3)
  if (!isPartOfMore(text, end)) found.push({ type: 'card_verification_value', start, end })
}

const OWNERS: ReadonlySet<string> = new Set('my your his her their atm card debit credit bank'.split(' '))

/** "my PIN is 1234", "pin: 1234", `"pin":"1234"`; six digits only with an owner, for "PIN 560001" is an Indian address. */
export const detectPin: DetectLabelled = ({ text, start, end, numeric }, found, label) => {
  const digits = end - start
  if (!label.close || !numeric || digits < 4 || digits > 6) return
  const owned = OWNERS.has(wordBefore(text, label.start)?.text ?? '')
  if (isPartOfMore(text, end) || !(owned || (digits < 6 && isStated(text, label, start)))) return
  found.push({ type: 'card_pin', start, end })
}

// "pin 2024 to the top" is a verb. A noun has a mark or a word behind it, or is written in capitals.
function isStated(text: string, { start, end }: Label, value: number): boolean {
  return /[^ ]/.test(text.slice(end, value)) || text.slice(start, end) === 'PIN'
}

// 123.50, 12:30, 1234-5678, 10%: a number of something else.
function isPartOfMore(text: string, end: number): boolean {
  if (isContinued(text, end) || text.charAt(end) === '%') return true
  return /[,:/]/.test(text.charAt(end)) && isDigitAt(text, end + 1)
}

const TRACK_1 = /%?B(\d{12,19})\^[^^\r\n]{2,26}\^\d{4}[^?\r\n]{3,60}\??/y
const TRACK_2 = /;?(\d{12,19})=\d{2}(?:0[1-9]|1[0-2])\d{3,30}\??/y

/** The first track of a magnetic stripe (ISO/IEC 7813). Without its sentinel it counts where the card number passes Luhn. */
export const detectTrackOne: DetectAt = (place, found) => addTrack(place, found, TRACK_1, '%')

/** The second track. */
export const detectTrackTwo: DetectAt = (place, found) => addTrack(place, found, TRACK_2, ';')

function addTrack({ text, start }: Place, found: Detection[], track: RegExp, sentinel: string): void {
  const from = text.charAt(start - 1) === sentinel ? start - 1 : start
  const match = matchAt(track, text, from)
  if (match === undefined || (from === start && !passesLuhn(match[1] ?? ''))) return
  found.push({ type: 'card_track_data', start: from, end: from + match[0].length })
}
