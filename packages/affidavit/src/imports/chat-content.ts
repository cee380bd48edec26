// The content of a chat message, and what a record may say of it: how much, and of which kind.

import type { JsonValue } from '../bytes/json.ts'
import { ImportFault } from './fault.ts'
import { type JsonObject, kindOf, objectAt } from './json-members.ts'

export type Content =
  | { readonly form: 'none' }
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'parts'; readonly parts: readonly JsonObject[] }

const TEXT_PARTS = ['text', 'input_text', 'output_text']
/** Named as they are; every other kind is counted as `other`, because its name is the exporter's free text. */
const KNOWN_PARTS = [...TEXT_PARTS, 'refusal', 'image_url', 'input_image', 'input_audio', 'audio', 'file', 'input_file']

/** @throws ImportFault where the value is neither text, nor a list of parts, nor null */
export function parseContent(value: JsonValue | undefined, path: string): Content {
  if (value === undefined || value === null) return { form: 'none' }
  if (typeof value === 'string') return { form: 'text', text: value }
  if (!Array.isArray(value)) {
    throw new ImportFault(path, `must be text, a list of parts or null, not ${kindOf(value)}`)
  }
  return { form: 'parts', parts: value.map((part, i) => parsePart(part, `${path}[${i}]`)) }
}

function parsePart(value: JsonValue, path: string): JsonObject {
  const part = objectAt(value, path)
  if (typeof part.type !== 'string') throw new ImportFault(`${path}.type`, 'a part needs its type')
  const carrier = textMember(part)
  if (carrier !== undefined && typeof part[carrier] !== 'string') {
    throw new ImportFault(`${path}.${carrier}`, `must be text, not ${kindOf(part[carrier])}`)
  }
  return part
}

function textMember(part: JsonObject): 'text' | 'refusal' | undefined {
  if (part.type === 'refusal') return 'refusal'
  return TEXT_PARTS.some((type) => type === part.type) ? 'text' : undefined
}

/** The texts of the content, refusals left out. */
export function textsOf(content: Content): readonly string[] {
  if (content.form === 'none') return []
  if (content.form === 'text') return [content.text]
  return content.parts.flatMap((part) => (textMember(part) === 'text' ? stringsOf(part.text) : []))
}

/** The refusals among the parts. */
export function refusalsOf(content: Content): readonly string[] {
  if (content.form !== 'parts') return []
  return content.parts.flatMap((part) => (textMember(part) === 'refusal' ? stringsOf(part.refusal) : []))
}

function stringsOf(value: JsonValue | undefined): readonly string[] {
  return typeof value === 'string' ? [value] : []
}

/** What a record says of content: Unicode characters and UTF-8 bytes of its texts, parts by kind. */
export function measureContent(content: Content): JsonObject {
  const size = measureTexts([...textsOf(content), ...refusalsOf(content)])
  return content.form === 'parts' ? { ...size, parts: countParts(content.parts) } : size
}

/** Unicode characters and UTF-8 bytes of well-formed texts. */
export function measureTexts(texts: readonly string[]): { characters: number; bytes: number } {
  let characters = 0
  let bytes = 0
  for (const text of texts) {
    bytes += Buffer.byteLength(text)
    characters += text.length
    for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) characters--
  }
  return { characters, bytes }
}

function countParts(parts: readonly JsonObject[]): { [type: string]: number } {
  const counts: { [type: string]: number } = {}
  for (const { type } of parts) {
    const name = KNOWN_PARTS.find((known) => known === type) ?? 'other'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
