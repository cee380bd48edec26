// Numbers of documents and bank accounts that only a label tells from any other number (spec/detection.md §2).

import { passesAbaCheck } from '../checksums.ts'
import type { DetectAt } from '../place.ts'
import { digitsOf, isContinued, matchAt } from '../tokens.ts'

const PASSPORT = /^[A-Za-z]?\d{8,9}$/

/** A letter and eight digits, or nine digits. */
export const detectUsPassport: DetectAt = ({ text, start, end }, found) => {
  if (end - start !== 9 || !PASSPORT.test(text.slice(start, end))) return
  if (!isContinued(text, end)) found.push({ type: 'us_passport', start, end })
}

const LICENSE = /[A-Za-z0-9]{1,15}(?:[ -][A-Za-z]{0,2}\d{1,6}){0,4}/y

/** Each state has a form of its own: five to sixteen digits with letters before them. */
export const detectUsDriverLicense: DetectAt = ({ text, start }, found) => {
  const match = matchAt(LICENSE, text, start)?.[0] ?? ''
  const digits = digitsOf(match).length
  if (digits < 5 || digits > 16 || isContinued(text, start + match.length)) return
  found.push({ type: 'us_driver_license', start, end: start + match.length })
}

const ACCOUNT = /\d{1,17}(?:[ -]\d{1,8}){0,4}/y

export const detectUsBankAccount: DetectAt = ({ text, start, numeric }, found) => {
  if (!numeric) return
  const match = matchAt(ACCOUNT, text, start)?.[0] ?? ''
  const digits = digitsOf(match).length
  if (digits < 6 || digits > 17 || isContinued(text, start + match.length)) return
  found.push({ type: 'us_bank_account', start, end: start + match.length })
}

export const detectUsRoutingNumber: DetectAt = ({ text, start, end, numeric }, found) => {
  if (!numeric || end - start !== 9 || isContinued(text, end)) return
  if (passesAbaCheck(text.slice(start, end))) found.push({ type: 'us_routing_number', start, end })
}
