// What the words before a value call it (spec/detection.md §3): "social security number is 123…", `"cardNumber":"41…"`.

import { isDetectedType } from './raise.ts'
import { type Entry, type LabelMeaning, WORDS } from './vocabulary.ts'

export interface Label {
  readonly meaning: LabelMeaning
  /** Nothing but close fillers and punctuation stands between label and value. */
  readonly close: boolean
  readonly start: number
  readonly end: number
}

export interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
}

// Together they keep a label within 300 characters of its value.
const MAX_FILLERS = 4
const MAX_GAP = 12
const MAX_MASK = 40
const MAX_WORD = 24

/** The nearest label before `start`, over a few fillers and no other word. A number in between takes the label for itself. */
export function labelBefore(text: string, start: number): Label | undefined {
  return labelFrom(text, wordBefore(text, start))
}

/** The same, where the nearest word is known. */
export function labelFrom(text: string, nearest: Word | undefined): Label | undefined {
  let close = true
  let word = nearest
  for (let fillers = 0; word !== undefined && fillers <= MAX_FILLERS; fillers++) {
    const entry = WORDS.get(word.text)
    if (entry === undefined || isMask(text, word)) return undefined
    const found = labelEndingWith(text, word, entry)
    if (found !== undefined) return { meaning: found.meaning, close, start: found.start, end: word.end }
    if (entry.filler === 'none') return undefined
    if (entry.filler === 'loose') close = false
    word = wordBefore(text, word.start)
  }
  return undefined
}

// What masking has left, `[medical_record_number]`, is the value of a label and none itself.
function isMask(text: string, { end }: Word): boolean {
  if (text.charAt(end) !== ']') return false
  const inside = text.slice(Math.max(0, end - MAX_MASK), end)
  return isDetectedType(inside.slice(inside.lastIndexOf('[') + 1).replace('removed: ', ''))
}

function labelEndingWith(
  text: string,
  last: Word,
  { labels }: Entry,
): { meaning: LabelMeaning; start: number } | undefined {
  for (const { before, meaning } of labels) {
    const start = startOfWords(text, last, before)
    if (start !== undefined) return { meaning, start }
  }
  return undefined
}

/** Where `before`, nearest first, begins if it stands before `last`. */
function startOfWords(text: string, last: Word, before: readonly string[]): number | undefined {
  let { start } = last
  for (const expected of before) {
    const word = wordBefore(text, start)
    if (word?.text !== expected) return undefined
    start = word.start
  }
  return start
}

/** The word that ends nearest before `at`, in lower case, at most a few marks away. `camelCase` is two words. */
export function wordBefore(text: string, at: number): Word | undefined {
  let end = at
  while (end > 0 && at - end < MAX_GAP && !isAlphanumeric(text.charCodeAt(end - 1))) end--
  // A number is no word: most numbers in tables and logs have another one before them.
  if (isDigit(text.charCodeAt(end - 1)) && !isLetter(text.charCodeAt(end - 2))) return undefined
  let start = end
  while (
    start > 0 &&
    end - start < MAX_WORD &&
    isAlphanumeric(text.charCodeAt(start - 1)) &&
    !isHump(text, start, end)
  ) {
    start--
  }
  const word = text.slice(start, end)
  return start === end || (start > 0 && isAlphanumeric(text.charCodeAt(start - 1)) && !isHump(text, start, end))
    ? undefined
    : { text: word.toLowerCase(), start, end }
}

// A new word begins with a capital behind a small letter: the B in dateOfBirth.
function isHump(text: string, start: number, end: number): boolean {
  return start < end && isUpper(text.charCodeAt(start)) && isLower(text.charCodeAt(start - 1))
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}

function isLower(code: number): boolean {
  return code >= 0x61 && code <= 0x7a
}

function isLetter(code: number): boolean {
  return isLower(code) || isUpper(code)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isAlphanumeric(code: number): boolean {
  return isLetter(code) || isDigit(code)
}
