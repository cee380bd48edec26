// Masking of text: each span becomes the word for its type, `[us_ssn]`.

import type { DetectedType, Detection } from './detector.ts'
import { countTypes, replaceSpans, type TypeCount } from './replace-spans.ts'
import { settle } from './settle.ts'

export interface MaskedText {
  readonly text: string
  readonly masked: readonly TypeCount[]
}

/** Masks what was found. Spans may overlap and come in any order; a text without any comes back as it is. */
export function maskText(text: string, detections: readonly Detection[]): MaskedText {
  const spans = settle(text, detections)
  return { text: replaceSpans(text, spans, maskWord, ''), masked: countTypes(spans) }
}

export function maskWord(type: DetectedType): string {
  return `[${type}]`
}
