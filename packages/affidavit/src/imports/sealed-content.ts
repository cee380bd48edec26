// What a chat holds word for word, as content that the ledger seals (spec/import.md §6). What is empty gives none.

import { isJson } from '../bytes/is-json.ts'
import { canonicalJson, type JsonValue, PLAIN_JSON } from '../bytes/json.ts'
import { bodySize } from '../formats/draft.ts'
import type { Draft, DraftContent } from '../formats/fields.ts'
import type { Content } from './chat-content.ts'

export interface ContentSize {
  readonly bodies: number
  /** Before sealing. */
  readonly bytes: number
}

type Name = 'message' | 'refusal' | 'instructions' | 'tools' | 'arguments' | 'result' | 'error'

/** What a person or the model said: words as they are, parts as canonical JSON. */
export function said(name: Name, content: Content): readonly DraftContent[] {
  return contentOf(name, content, () => 'text/plain')
}

/** What a program wrote: text as it is, called JSON where it can be read as such. */
export function written(name: Name, content: Content): readonly DraftContent[] {
  return contentOf(name, content, (text) => (isJson(text) ? 'application/json' : 'text/plain'))
}

/** A value of the file that is no text, as canonical JSON. */
export function asJson(name: Name, value: JsonValue): DraftContent {
  return { name, media_type: 'application/json', body: canonicalJson(value, PLAIN_JSON) }
}

/** Text that stands in the file as such, or a value in its place. */
export function textOrJson(name: Name, value: string | JsonValue): readonly DraftContent[] {
  return typeof value === 'string' ? written(name, { form: 'text', text: value }) : [asJson(name, value)]
}

export function contentSize({ content = [] }: Draft): ContentSize {
  return { bodies: content.length, bytes: content.reduce((sum, { body }) => sum + bodySize(body), 0) }
}

function contentOf(name: Name, content: Content, mediaType: (text: string) => string): readonly DraftContent[] {
  switch (content.form) {
    case 'none':
      return []
    case 'text':
      return content.text === '' ? [] : [{ name, media_type: mediaType(content.text), body: content.text }]
    case 'parts':
      return content.parts.length === 0 ? [] : [asJson(name, [...content.parts])]
  }
}
