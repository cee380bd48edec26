// E-mail addresses: what mail systems use of RFC 5321, in ASCII (spec/detection.md §2).

import type { Detection } from '../detector.ts'
import { isWordAt } from '../tokens.ts'

const MAX_LOCAL = 64
const MAX_DOMAIN = 253
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,20}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})$/

/** Adds the address around each `@`. */
export function detectEmails(text: string, found: Detection[]): void {
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at)
    const end = domainEnd(text, at + 1)
    if (start < at && DOMAIN.test(text.slice(at + 1, end))) found.push({ type: 'email_address', start, end })
  }
}

/** Where the part before the `@` begins; `at` itself where it has none, or a longer one than mail allows. */
function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start <= MAX_LOCAL && isLocal(text, start - 1)) start--
  if (at - start > MAX_LOCAL || text.charAt(at - 1) === '.') return at
  while (start < at && !isWordAt(text, start) && text.charAt(start) !== '_') start++
  return text.slice(start, at).includes('..') ? at : start
}

function isLocal(text: string, at: number): boolean {
  return isWordAt(text, at) || "._%+-'~".includes(text.charAt(at))
}

/** The longest run of what a domain is made of, without the full stop of a sentence. */
function domainEnd(text: string, from: number): number {
  let end = from
  while (end - from <= MAX_DOMAIN && (isWordAt(text, end) || text.charAt(end) === '.' || text.charAt(end) === '-'))
    end++
  while (end > from && !isWordAt(text, end - 1)) end--
  return end
}
