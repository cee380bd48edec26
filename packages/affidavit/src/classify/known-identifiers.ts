// A detector of what is known beforehand: the ids and names that a deployment's own systems hold of a person.

import type { DetectedType, Detection, Detector } from './detector.ts'

/** Longer ones are no identifiers, and would make a look at one word cost more than a constant. */
const MAX_LENGTH = 256
const WORD = /[\p{L}\p{N}]{1,256}/gu
const BEGINS_IN_WORD = /^[\p{L}\p{N}]/u

/**
 * Finds each of `identifiers` where it stands as words of its own, without regard to case. Marks around one do not count. Those
 * without a letter or digit, or longer than 256, are not looked for.
 */
export function knownIdentifiers(name: string, type: DetectedType, identifiers: readonly string[]): Detector {
  const byFirstWord = new Map<string, string[]>()
  for (const known of new Set(identifiers.map(withoutMarks))) {
    const [first] = known.length <= MAX_LENGTH ? (known.match(WORD) ?? []) : []
    if (first !== undefined) byFirstWord.set(first, [...(byFirstWord.get(first) ?? []), known])
  }
  return { name, detect: (text) => [...detectKnown(text, type, byFirstWord)] }
}

function withoutMarks(identifier: string): string {
  const words = [...identifier.toLowerCase().matchAll(WORD)]
  const last = words.at(-1)
  return identifier.toLowerCase().slice(words[0]?.index, last === undefined ? 0 : last.index + last[0].length)
}

function* detectKnown(
  text: string,
  type: DetectedType,
  byFirstWord: ReadonlyMap<string, readonly string[]>,
): Generator<Detection> {
  for (const { 0: word, index: start } of text.matchAll(WORD)) {
    for (const known of byFirstWord.get(word.toLowerCase()) ?? []) {
      const end = start + known.length
      if (text.slice(start, end).toLowerCase() === known && !BEGINS_IN_WORD.test(text.slice(end, end + 2))) {
        yield { type, start, end }
      }
    }
  }
}
