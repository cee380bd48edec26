// The words that stand for what was found: `[us_ssn]`, and for what may not be kept at all `[removed: card_pin]`.

import type { DetectedType } from './detector.ts'

export function maskWord(type: DetectedType): string {
  return `[${type}]`
}

export function removedWord(type: DetectedType): string {
  return `[removed: ${type}]`
}
