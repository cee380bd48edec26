// What is found in content before it is sealed, and what may not be kept even so is taken out (spec/detection.md §4, §9).

import { isUtf8 } from 'node:buffer'

import { bytesOf, createBytesReader, unfinished } from '../bytes/any-bytes.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { cleanJson } from './clean-json.ts'
import { createTextCleaning } from './clean-text.ts'
import { createTally, type Inspection } from './inspection.ts'

export interface Inspected extends Inspection {
  /** Not so for images, audio and other bytes that are no text: for them nothing was found because nobody looked. */
  readonly looked_at: boolean
}

export interface BodyInspection {
  /** The cleaned bytes that are settled so far, perhaps none; they may be a view of `bytes`. */
  push(bytes: Uint8Array): Uint8Array
  /** The rest of them, and what was found in all. Nothing can be pushed afterwards. */
  end(): Inspected & { readonly rest: Uint8Array }
}

/** A longer JSON text is looked at as any other text. */
export const MAX_JSON: number = 256 * 1024
/** How much of bytes that are not declared to be text is looked at to know whether they are. */
export const PROBE: number = 64 * 1024
/** Bytes that become text at once. */
const SLICE = 64 * 1024

const NONE = new Uint8Array()

/** Inspects a whole body. It comes back as the very same array where nothing was removed. */
export function inspectBody(body: Uint8Array, media_type: string): Inspected & { readonly body: Uint8Array } {
  const inspection = createBodyInspection(media_type)
  const cleaned = inspection.push(body)
  const { rest, ...inspected } = inspection.end()
  const same = Object.keys(inspected.removed).length === 0
  return { body: same ? body : Buffer.concat([cleaned, rest]), ...inspected }
}

/**
 * Inspects a body that comes in pieces, in memory that does not grow with it. What comes out, and what is told, does not depend
 * on the cuts.
 */
export function createBodyInspection(media_type: string): BodyInspection {
  const kind = bodyKind(media_type)
  switch (kind) {
    case 'json':
      return holding(MAX_JSON, wholeJson, inspectText)
    case 'text':
      return inspectText()
    case 'unknown':
      return holding(PROBE, wholeUnknown, inspectUnknown)
    case 'unreadable':
      return passThrough()
    default:
      return kind satisfies never
  }
}

/** How a body is looked at, by its media type. */
export type BodyKind = 'json' | 'text' | 'unknown' | 'unreadable'

// Digits are bytes of their own in every charset in use but these.
const WIDE_CHARSET = /;\s{0,9}charset\s{0,9}=\s{0,9}"?(?:utf-?16|utf-?32|ucs-?[24]|iso-10646-ucs)/i

export function bodyKind(media_type: string): BodyKind {
  const [essence = ''] = media_type.toLowerCase().split(';')
  const type = essence.trim()
  if (WIDE_CHARSET.test(media_type)) return 'unreadable'
  if (type === 'application/json' || type === 'text/json' || type.endsWith('+json')) return 'json'
  return type.startsWith('text/') ? 'text' : 'unknown'
}

/** Holds what comes while it is `most` bytes or less: then `whole` tells of it. What is longer goes on as `longer` says. */
function holding(
  most: number,
  whole: (body: Uint8Array) => ReturnType<BodyInspection['end']>,
  longer: (begin: Uint8Array) => BodyInspection,
): BodyInspection {
  const held: Uint8Array[] = []
  let size = 0
  let rest: BodyInspection | undefined
  return {
    push(bytes) {
      if (rest !== undefined) return rest.push(bytes)
      size += bytes.length
      if (size > most) {
        const all = joined([...held, bytes])
        held.length = 0
        rest = longer(all.subarray(0, most))
        return rest.push(all)
      }
      held.push(bytes.slice())
      return NONE
    },
    end: () => (rest === undefined ? whole(joined(held)) : rest.end()),
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only = NONE, ...more] = parts
  return more.length === 0 ? only : Buffer.concat(parts)
}

function wholeJson(body: Uint8Array): ReturnType<BodyInspection['end']> {
  const text = decodeUtf8(body)
  const tally = createTally()
  const cleaned = text === undefined ? undefined : cleanJson(text, tally)
  if (cleaned === undefined) return wholeText(body)
  return { rest: cleaned === text ? body : utf8(cleaned), looked_at: true, ...tally.told() }
}

function wholeText(body: Uint8Array): ReturnType<BodyInspection['end']> {
  const inspection = inspectText()
  const cleaned = inspection.push(body)
  const { rest, ...inspected } = inspection.end()
  return { rest: Buffer.concat([cleaned, rest]), ...inspected }
}

function wholeUnknown(body: Uint8Array): ReturnType<BodyInspection['end']> {
  return isUtf8(body) ? wholeText(body) : { ...passThrough().end(), rest: body }
}

// The last character of what was looked at may be cut.
function inspectUnknown(begin: Uint8Array): BodyInspection {
  return isUtf8(begin.subarray(0, begin.length - unfinished(begin))) ? inspectText() : passThrough()
}

function inspectText(): BodyInspection {
  const reader = createBytesReader()
  const tally = createTally()
  const cleaning = createTextCleaning(tally)
  return {
    push(bytes) {
      const cleaned: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += SLICE) {
        const text = cleaning.push(reader.push(bytes.subarray(at, at + SLICE)))
        if (text !== '') cleaned.push(bytesOf(text))
      }
      return joined(cleaned)
    },
    end: () => ({ rest: bytesOf(cleaning.push(reader.end()) + cleaning.end()), looked_at: true, ...tally.told() }),
  }
}

function passThrough(): BodyInspection {
  return { push: (bytes) => bytes, end: () => ({ rest: NONE, looked_at: false, ...createTally().told() }) }
}
