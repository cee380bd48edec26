// A JSON text without its sensitive authentication data: looked at as text, and by its keys. The rest stays as it was
// spelled (spec/detection.md §4, §9).

import { isJson } from '../bytes/is-json.ts'
import type { AuthenticationType, Detection } from './detector.ts'
import type { Tally } from './inspection.ts'
import { decodeText, type JsonToken, jsonTokens, spellingOf } from './json-tokens.ts'
import { lookStructured, lookWith } from './look.ts'
import { removedWord } from './mask.ts'
import { replaceSpans } from './replace-spans.ts'
import { createNames } from './rewrite-json.ts'
import { settle } from './settle.ts'
import { detectAuthenticationData, detectBoth } from './structured.ts'

type Span = Detection<AuthenticationType>

const lookForAuthentication = lookWith(detectAuthenticationData)

/** The text itself where nothing was removed; `undefined` where it is no JSON. */
export function cleanJson(json: string, tally: Tally): string | undefined {
  if (!isJson(json)) return undefined
  const { all, authentication } = detectBoth(json)
  tally.find(all)
  const nameOf = createNames()
  let cleaned = ''
  let at = 0
  let next = 0
  for (const token of jsonTokens(json)) {
    const inside: Span[] = []
    for (let span = authentication[next]; span !== undefined && span.start < token.end; span = authentication[++next]) {
      inside.push(span)
    }
    const spelled = json.slice(token.start, token.end)
    const spans = spansOf(token, spelled, inside, tally)
    if (spans.length === 0) continue
    tally.remove(spans)
    cleaned += json.slice(at, token.start) + respell(token, replaceSpans(spelled, spans, removedWord, ''), nameOf)
    at = token.end
  }
  return at === 0 ? json : cleaned + json.slice(at)
}

/** What is to be removed of a token: `inside`, found in the whole text, and what its keys say. Offsets into what is spelled. */
function spansOf(token: JsonToken, spelled: string, inside: readonly Span[], tally: Tally): readonly Span[] {
  const byKeys = lookBehindKeys(token.keys, decodeText(spelled), tally)
  if (inside.length === 0 && byKeys.length === 0) return []
  const places = spellingOf(spelled)
  const asSpelled = byKeys.map(({ type, start, end }) => ({ type, start: places[start] ?? 0, end: places[end] ?? 0 }))
  const asText = inside.map(({ type, start, end }) => ({
    type,
    start: start - token.start,
    // What is found in the whole may end in the next token, or within an escape.
    end: firstFrom(places, end - token.start),
  }))
  return settle(spelled, [...asText, ...asSpelled])
}

function lookBehindKeys(keys: readonly string[], text: string, tally: Tally): readonly Span[] {
  const found = lookStructured(keys)(text)
  tally.find(found)
  // Where nothing is found, no such data is.
  return found.length === 0 ? [] : lookForAuthentication(keys)(text)
}

/** The first of `places`, which ascend, that is `at` or behind it; the last one where none is. */
function firstFrom(places: readonly number[], at: number): number {
  let from = 0
  let until = places.length - 1
  while (from < until) {
    const middle = Math.floor((from + until) / 2)
    if ((places[middle] ?? at) < at) from = middle + 1
    else until = middle
  }
  return places[from] ?? at
}

// A number becomes a text. Two keys that become the same are told apart, so that no reader loses a member.
function respell({ kind }: JsonToken, spelled: string, nameOf: (name: string) => string): string {
  if (kind === 'number') return `"${spelled}"`
  return kind === 'key' ? nameOf(spelled) : spelled
}
