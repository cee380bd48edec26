// Sensitive authentication data leaves content before it is sealed, spooled or kept anywhere (spec/detection.md §4).

import type { JsonValue } from '../bytes/json.ts'
import type { AuthenticationType, DetectedType } from './detector.ts'
import { lookWith } from './look.ts'
import { countTypes, replaceSpans, type TypeCount } from './replace-spans.ts'
import { rewriteJson } from './rewrite-json.ts'
import { scanStream } from './scan-stream.ts'
import { detectAuthenticationData } from './structured.ts'

export interface WithoutAuthenticationData<Content> {
  /** The very same content where there was none. */
  readonly content: Content
  readonly removed: readonly TypeCount<AuthenticationType>[]
}

/** Each verification value, track and PIN becomes `[removed: card_verification_value]`. JSON in the text stays JSON. */
export function removeAuthenticationData(text: string): WithoutAuthenticationData<string> {
  const spans = detectAuthenticationData(text)
  return { content: replaceSpans(text, spans, removedWord, ''), removed: countTypes(spans) }
}

/**
 * The same of a JSON value, where keys say what a value is: {"card":{"cvv":123}}.
 * @throws JsonFault for nesting deeper than 512
 */
export function removeAuthenticationJson(value: JsonValue): WithoutAuthenticationData<JsonValue> {
  const { value: content, replaced } = rewriteJson(value, lookWith(detectAuthenticationData), removedWord, undefined)
  return { content, removed: countTypes(replaced) }
}

/** The same of a text that comes in chunks, piece by piece: the pieces make the whole text. */
export async function* removeFromStream(
  chunks: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<WithoutAuthenticationData<string>> {
  for await (const { before, text, detections } of scanStream(chunks, detectAuthenticationData)) {
    yield { content: replaceSpans(text, detections, removedWord, before), removed: countTypes(detections) }
  }
}

export function removedWord(type: DetectedType): string {
  return `[removed: ${type}]`
}
