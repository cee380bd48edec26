// OTLP/JSON (spec/otlp.md §2). Lenient where emitters are: half a surrogate pair is where a limit cut a text.

import type { JsonValue } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { OtlpFault } from './fault.ts'
import { MAX_DEPTH, MAX_NODES } from './limits.ts'

/** Far beyond what an item may have: that one is refused by itself. */
const MAX_LEVELS = 16 * MAX_DEPTH

/** @throws OtlpFault where the bytes are no JSON object, or it has too many parts */
export function readJson(bytes: Uint8Array): { readonly [name: string]: JsonValue } {
  checkBrackets(bytes)
  const text = decodeUtf8(bytes)
  if (text === undefined) throw new OtlpFault('malformed', '', 'is not UTF-8')
  const value = parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new OtlpFault('malformed', '', 'must be a JSON object with resourceSpans or resourceLogs')
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new OtlpFault('malformed', '', 'is not JSON')
    throw error
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d])

// Before anything is built: a body of brackets takes fifty times its bytes, and one within the other the whole stack.
function checkBrackets(bytes: Uint8Array): void {
  let [parts, levels, inText] = [0, 0, false]
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (inText && byte === BACKSLASH) i++
    else if (byte === QUOTE) inText = !inText
    else if (inText) continue
    else if (CLOSING.has(byte)) levels--
    else if (OPENING.has(byte)) {
      levels++
      if (++parts > 4 * MAX_NODES)
        throw new OtlpFault('too-large', '', `has more than ${4 * MAX_NODES} parts; send smaller batches`)
      if (levels > MAX_LEVELS) throw new OtlpFault('malformed', '', `is nested deeper than ${MAX_LEVELS}`)
    }
  }
}
