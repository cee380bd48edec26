// Found spans become words, and JSON in the text stays JSON.

import type { DetectedType, Detection } from './detector.ts'

/**
 * Puts `wordFor` each type in place of its spans, which are sorted and do not overlap. Without spans the very same text comes
 * back. `before` is what stands before the text, where it is a piece of a longer one.
 */
export function replaceSpans(
  text: string,
  spans: readonly Detection[],
  wordFor: (type: DetectedType) => string,
  before: string,
): string {
  if (spans.length === 0) return text
  let replaced = ''
  let at = 0
  for (const { type, start, end } of spans) {
    const quote = isJsonEnd(text, end) ? quoteBefore(text, start, before) : ''
    replaced += `${text.slice(at, start)}${quote}${wordFor(type)}${quote}`
    at = end
  }
  return replaced + text.slice(at)
}

const QUOTE = /(\\{0,8}")\s{0,8}:\s{0,8}$/
const MAX_QUOTE = 24

/**
 * The quotes that a word needs in place of a bare JSON number: `{"cvv":123}` becomes `{"cvv":"[…]"}`, and JSON inside a JSON
 * text has escaped ones.
 */
function quoteBefore(text: string, start: number, before: string): string {
  // No more is read than is needed: a text may hold a finding at every few characters.
  const near =
    start < MAX_QUOTE ? before.slice(-MAX_QUOTE) + text.slice(0, start) : text.slice(start - MAX_QUOTE, start)
  return QUOTE.exec(near)?.[1] ?? ''
}

function isJsonEnd(text: string, at: number): boolean {
  return at === text.length || ' ,}]\r\n\t'.includes(text.charAt(at))
}
