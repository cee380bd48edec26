// Any bytes as text and back, byte for byte: what is UTF-8 reads as such, and each other byte as half a surrogate pair
// (U+DC80 to U+DCFF), which no UTF-8 decodes to.

import { isUtf8 } from 'node:buffer'

import { utf8 } from './text.ts'

const ESCAPE = 0xdc00
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export interface BytesReader {
  /** The text of all complete characters so far. The array stays the caller's. */
  push(bytes: Uint8Array): string
  /** The text of what is left of a character that never ended. */
  end(): string
}

/** Reads bytes that come in any pieces: the texts, one after another, do not depend on the cuts. */
export function createBytesReader(): BytesReader {
  let held: Uint8Array = new Uint8Array()
  return {
    push(bytes) {
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      const end = all.length - unfinished(all)
      held = all.slice(end)
      return readBytes(all.subarray(0, end))
    },
    end() {
      const text = readBytes(held)
      held = held.subarray(0, 0)
      return text
    },
  }
}

/** The bytes that were read as `text`. */
export function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return utf8(text)
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text))
  let size = 0
  let at = 0
  // With the u flag only a half that stands alone matches.
  for (const { 0: escaped, index } of text.matchAll(/[\udc80-\udcff]/gu)) {
    if (at < index) size += bytes.write(text.slice(at, index), size)
    size = bytes.writeUInt8(escaped.charCodeAt(0) - ESCAPE, size)
    at = index + 1
  }
  size += bytes.write(text.slice(at), size)
  return bytes.subarray(0, size)
}

/** How many bytes at the end begin a character that may still come. */
export function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc0) return lengthFrom(byte) > back ? back : 0
    if (byte < 0x80) return 0
  }
  return 0
}

function lengthFrom(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
}

function readBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return strict.decode(bytes)
  let text = ''
  let from = 0
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    if (length === 0) {
      if (from < at) text += strict.decode(bytes.subarray(from, at))
      text += String.fromCharCode(ESCAPE + (bytes[at] ?? 0))
      from = at + 1
    }
    at += length === 0 ? 1 : length
  }
  return text + strict.decode(bytes.subarray(from))
}

/** The length of the character at `at`; 0 where there is none (Unicode, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lengthFrom(lead)
  const second = bytes[at + 1] ?? 0
  if (second < (SECOND_FROM.get(lead) ?? 0x80) || second > (SECOND_UNTIL.get(lead) ?? 0xbf)) return 0
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

// No overlong form, no surrogate, nothing beyond U+10FFFF.
const SECOND_FROM: ReadonlyMap<number, number> = new Map([
  [0xe0, 0xa0],
  [0xf0, 0x90],
])
const SECOND_UNTIL: ReadonlyMap<number, number> = new Map([
  [0xed, 0x9f],
  [0xf4, 0x8f],
])
