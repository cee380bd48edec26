// Looking at many short texts, each behind the words that lead to it (spec/detection.md §3, §8): what cannot hold
// anything is not looked at.

import type { DetectedType, Detection } from './detector.ts'
import { labelBefore } from './label.ts'
import { settle } from './settle.ts'
import { detectStructured } from './structured.ts'

/**
 * Given the keys that stand before some texts, outer first, finds what a text holds: sorted, without overlap, as offsets into
 * the text alone.
 */
export type Look<Type extends DetectedType = DetectedType> = (keys: readonly string[]) => LookAt<Type>
export type LookAt<Type extends DetectedType = DetectedType> = (text: string) => readonly Detection<Type>[]

/** Looks with any detector, at every text. */
export function lookWith<Type extends DetectedType>(detect: (text: string) => readonly Detection<Type>[]): Look<Type> {
  return (keys) => {
    const before = wordsOf(keys)
    return (text) => behind(before, settle(before + text, detect(before + text)))
  }
}

const NOTHING: readonly Detection[] = []

/** Looks with the built-in detector, and only where it may find something. */
export const lookStructured: Look = (keys) => {
  // A track of a card may reach from a key into what is behind it; nothing else does.
  const isApart = !keys.some((key) => key.includes('^'))
  let words: string | undefined
  let labelled: boolean | undefined
  return (text) => {
    if (isApart && isBare(text)) return NOTHING
    words ??= wordsOf(keys)
    if (isApart && isPlain(text)) {
      labelled ??= labelBefore(words, words.length) !== undefined
      if (!labelled) return NOTHING
    }
    return behind(words, detectStructured(words + text))
  }
}

const DIGEST_LENGTH = 64
const DIGEST = /^[0-9a-f]{64}$/

/** Nothing is found in it, whatever stands before: no digit, no `@`, not two colons; or a digest. */
function isBare(text: string): boolean {
  if (text.length === DIGEST_LENGTH && DIGEST.test(text)) return true
  return !/[0-9@]/.test(text) && text.indexOf(':') === text.lastIndexOf(':')
}

const MAX_PLAIN = 36
const PLAIN =
  /^(?:[0-9]{1,12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))$/

/** Nothing is found in it without a label: a number of at most twelve digits, a UUID, a time of RFC 3339. */
function isPlain(text: string): boolean {
  return text.length <= MAX_PLAIN && PLAIN.test(text)
}

function behind<Type extends DetectedType>(
  { length }: string,
  found: readonly Detection<Type>[],
): readonly Detection<Type>[] {
  if (length === 0 || found.length === 0) return found
  return found
    .filter(({ end }) => end > length)
    .map(({ type, start, end }) => ({ type, start: Math.max(0, start - length), end: end - length }))
}

const MAX_REMEMBERED = 1000
const MAX_REMEMBERED_TEXT = 256

/**
 * The same answers, remembered for short texts behind each of `keys`: names, models and versions are those of the record
 * before. Behind other keys it is remembered what they mean, for details have the same members in record after record.
 */
export function rememberingLook(look: Look, keys: readonly string[]): Look {
  const behindKey = new Map(keys.map((key) => [key, rememberAt(look([key]))]))
  const alone = rememberAt(look([]))
  const behindOther = new Map<string, LookAt>()

  function lookBehind(key: string): LookAt {
    const known = behindKey.get(key) ?? behindOther.get(key)
    if (known !== undefined) return known
    const lookAt = look([key])
    if (key.length > MAX_REMEMBERED_TEXT) return lookAt
    if (behindOther.size >= MAX_REMEMBERED) behindOther.clear()
    behindOther.set(key, lookAt)
    return lookAt
  }

  return (above) => {
    const [key] = above
    if (key === undefined) return alone
    return above.length === 1 ? lookBehind(key) : look(above)
  }
}

function rememberAt(lookAt: LookAt): LookAt {
  const answers = new Map<string, readonly Detection[]>()
  return (text) => {
    if (text.length > MAX_REMEMBERED_TEXT) return lookAt(text)
    const known = answers.get(text)
    if (known !== undefined) return known
    const found = lookAt(text)
    if (answers.size >= MAX_REMEMBERED) answers.clear()
    answers.set(text, found)
    return found
  }
}

/** Longer than any label with its fillers is likely to be. */
const MAX_WORDS = 64

/**
 * The keys above a value as the words before it: "card number: ". Only the nearest are, whole: long keys above many values
 * would be read again for each.
 */
export function wordsOf(keys: readonly string[]): string {
  if (keys.length === 0) return ''
  const words = `${keys.map((key) => key.slice(-MAX_WORDS)).join(' ')}: `
  return words.length <= MAX_WORDS ? words : words.slice(-MAX_WORDS).replace(/^[\p{L}\p{N}]{1,64}/u, '')
}
