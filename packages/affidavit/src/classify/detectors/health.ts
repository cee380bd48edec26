// Identifiers of patients and prescribers (spec/detection.md §2). Only a Medicare number proves itself by its form.

import { passesDeaCheck, passesNhsCheck, passesNpiCheck } from '../checksums.ts'
import type { Detection } from '../detector.ts'
import { labelBefore } from '../label.ts'
import type { DetectAt } from '../place.ts'
import { continuesNumber, digitsOf, isContinued, isWordAt, matchAt } from '../tokens.ts'

export const detectNpi: DetectAt = ({ text, start, end, numeric }, found) => {
  if (!numeric || end - start !== 10 || isContinued(text, end)) return
  const digits = text.slice(start, end)
  if (/^[12]/.test(digits) && passesNpiCheck(digits)) found.push({ type: 'npi', start, end })
}

const DEA = /^[A-Za-z][A-Za-z9]\d{7}$/

export const detectDeaNumber: DetectAt = ({ text, start, end }, found) => {
  if (end - start !== 9 || !DEA.test(text.slice(start, end))) return
  if (passesDeaCheck(text.slice(start + 2, end))) found.push({ type: 'dea_number', start, end })
}

// CMS: no S, L, O, I, B, Z, so that nobody reads a digit for a letter.
const MBI =
  /[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d(-?)[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d\1[AC-HJKMNP-RT-Y]{2}\d{2}/y
const MBI_ANY_CASE = new RegExp(MBI.source, 'iy')

export const detectMedicareBeneficiary: DetectAt = ({ text, start, label }, found) => {
  if (continuesNumber(text, start)) return
  const pattern = label?.meaning === 'medicare_beneficiary_id' ? MBI_ANY_CASE : MBI
  const stop = start + (matchAt(pattern, text, start)?.[0].length ?? 0)
  if (stop === start || isContinued(text, stop)) return
  found.push({ type: 'medicare_beneficiary_id', start, end: stop })
}

const NHS = /\d{3}([ -]?)\d{3}\1\d{4}/y

export const detectNhsNumber: DetectAt = ({ text, start }, found) => {
  const match = matchAt(NHS, text, start)?.[0]
  if (match === undefined || isContinued(text, start + match.length) || !passesNhsCheck(digitsOf(match))) return
  found.push({ type: 'nhs_number', start, end: start + match.length })
}

const RECORD_NUMBER = /[A-Za-z0-9]{1,16}(?:-[A-Za-z0-9]{1,8}){0,2}/y

/** Every hospital has a form of its own: the label decides, three digits are asked for. */
export const detectMedicalRecordNumber: DetectAt = (place, found) => {
  addRecordNumber(place.text, place.start, found)
}

/** The letters in "MRN ABC-12345" belong to the number. */
export const detectPrefixedRecordNumber: DetectAt = ({ text, start, label, word }, found) => {
  if (label !== undefined || word === undefined || text.charAt(start - 1) !== '-' || word.end !== start - 1) return
  if (word.end - word.start > 6 || labelBefore(text, word.start)?.meaning !== 'medical_record_number') return
  addRecordNumber(text, word.start, found)
}

function addRecordNumber(text: string, start: number, found: Detection[]): void {
  const match = matchAt(RECORD_NUMBER, text, start)?.[0] ?? ''
  if (digitsOf(match).length < 3 || isWordAt(text, start + match.length)) return
  found.push({ type: 'medical_record_number', start, end: start + match.length })
}
