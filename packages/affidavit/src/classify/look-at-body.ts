// A body as detectors of one's own see it (spec/detection.md §10): text as it flows, JSON as the texts in it. What they find is
// told; nothing is taken out for it.

import { isUtf8 } from 'node:buffer'

import { type BytesReader, createBytesReader, unfinished } from '../bytes/any-bytes.ts'
import { isJson } from '../bytes/is-json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { Ask } from './detect-with.ts'
import type { DetectedType } from './detector.ts'
import { type BodyKind, bodyKind, MAX_JSON, PROBE } from './inspect-body.ts'
import { decodeText, jsonTokens } from './json-tokens.ts'
import { scanStream } from './scan-stream.ts'

export interface SeenBody {
  /** Every type that was found; sorted. */
  readonly found: readonly DetectedType[]
  /** The detectors that failed at some of it, sorted. */
  readonly undetectedBy: readonly string[]
}

/** Bytes that become text at once. */
const SLICE = 64 * 1024

/** Reads the pieces to their end. Holds one look at a text, or a JSON text of at most 256 KiB, besides the piece it is given. */
export async function lookAtBody(pieces: AsyncIterable<Uint8Array>, media_type: string, ask: Ask): Promise<SeenBody> {
  const types = new Set<DetectedType>()
  const failed = new Set<string>()
  const seen = scanStream(textsOf(pieces, media_type), async (text) => {
    const { found, undetectedBy } = await ask(text)
    for (const name of undetectedBy) failed.add(name)
    return found
  })
  for await (const { detections } of seen) for (const { type } of detections) types.add(type)
  return { found: [...types].sort(), undetectedBy: [...failed].sort() }
}

/** What is no text gives none; the pieces are read all the same. */
async function* textsOf(pieces: AsyncIterable<Uint8Array>, media_type: string): AsyncGenerator<string> {
  const kind = bodyKind(media_type)
  const most = kind === 'json' ? MAX_JSON : kind === 'unknown' ? PROBE : 0
  let reader: BytesReader | 'not text' | undefined = kind === 'unreadable' ? 'not text' : undefined
  let held: Uint8Array = new Uint8Array()
  for await (const piece of pieces) {
    if (reader === 'not text') continue
    // A copy: whoever hands out pieces may write over them.
    held = Buffer.concat([held, piece])
    if (reader === undefined && held.length <= most) continue
    reader ??= kind === 'unknown' && !beginsAsText(held.subarray(0, most)) ? 'not text' : createBytesReader()
    if (reader !== 'not text') yield* slices(held, reader)
    held = new Uint8Array()
  }
  if (reader === undefined) yield* textsOfWhole(held, kind)
  else if (reader !== 'not text') yield reader.end()
}

function* slices(bytes: Uint8Array, reader: BytesReader): Generator<string> {
  for (let at = 0; at < bytes.length; at += SLICE) yield reader.push(bytes.subarray(at, at + SLICE))
}

// The last character may be cut.
function beginsAsText(begin: Uint8Array): boolean {
  return isUtf8(begin.subarray(0, begin.length - unfinished(begin)))
}

function* textsOfWhole(body: Uint8Array, kind: BodyKind): Generator<string> {
  const json = kind === 'json' ? decodeUtf8(body) : undefined
  if (json !== undefined && isJson(json)) yield* textsOfJson(json)
  else if (kind !== 'unknown' || isUtf8(body)) {
    const reader = createBytesReader()
    yield* slices(body, reader)
    yield reader.end()
  }
}

/** Escapes hide a name, and a key says what its value is: "name: Zoë Müller". */
function* textsOfJson(json: string): Generator<string> {
  for (const { kind, start, end } of jsonTokens(json)) {
    const text = decodeText(json.slice(start, end))
    yield kind === 'key' ? `${text}: ` : `${text}\n`
  }
}
