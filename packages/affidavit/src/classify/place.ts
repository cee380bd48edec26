// A token with what the words before it say, as the detectors are given it.

import type { Detection } from './detector.ts'
import { type Label, labelFrom, type Word, wordBefore } from './label.ts'
import type { Token } from './tokens.ts'

export interface Place extends Token {
  /** The nearest word before it. */
  readonly word: Word | undefined
  readonly label: Label | undefined
}

/** Adds to `found` what begins at this place. */
export type DetectAt = (place: Place, found: Detection[]) => void

/** The same, where the words before it call it something. */
export type DetectLabelled = (place: Place, found: Detection[], label: Label) => void

export function placeOf({ text, start, end, numeric }: Token): Place {
  const word = wordBefore(text, start)
  return { text, start, end, numeric, word, label: labelFrom(text, word) }
}
