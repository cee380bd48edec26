// What an emitter wrote of a text, or of a value as JSON text: word for word, cut, broken or hidden (spec/otlp.md).

import { JsonFault, type JsonRules, type JsonValue, PLAIN_JSON, parseJson } from '../../bytes/json.ts'
import type { Told } from '../step.ts'
import type { Attributes } from '../telemetry.ts'

/** How emitters write what they hid: OpenInference, Claude Code, and others after them. */
const HIDDEN: ReadonlySet<JsonValue> = new Set(['__REDACTED__', '<REDACTED>', '[REDACTED]'])

// What is read stands within a message, which stands within a list: that fits into what JSON may nest.
const RULES: JsonRules = { ...PLAIN_JSON, maxDepth: 64 }

export function isHidden(value: JsonValue | undefined): boolean {
  return value !== undefined && HIDDEN.has(value)
}

/** A text as it is; anything else too. */
export function toldText(value: JsonValue | undefined): Told<JsonValue> | undefined {
  if (value === undefined) return undefined
  return isHidden(value) ? { state: 'redacted' } : { state: 'told', value }
}

/** A text that is to be JSON, as the value that it stands for; anything else as it is. */
export function toldJson(value: JsonValue | undefined): Told<JsonValue> | undefined {
  if (typeof value !== 'string' || isHidden(value)) return toldText(value)
  const read = jsonIn(value)
  if (read !== undefined) return { state: 'told', value: read }
  return { state: 'unread', text: value, why: isCut(value) ? 'truncated' : 'malformed' }
}

/** The value of a JSON text; `undefined` where it is none, or one that two readers could read differently. */
function jsonIn(text: string): JsonValue | undefined {
  try {
    return parseJson(text, RULES)
  } catch (error) {
    if (error instanceof JsonFault) return undefined
    throw error
  }
}

/** The members of an object, or of a JSON text that is one; none of anything else. */
export function membersIn(given: JsonValue | undefined): Attributes {
  const value = typeof given === 'string' ? jsonIn(given) : given
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return new Map(isObject ? Object.entries(value) : [])
}

/** Whether a text begins as a list, an object or a text of JSON, and ends within it. */
function isCut(text: string): boolean {
  const start = text.trimStart()
  if (!/^["[{]/.test(start)) return false
  let depth = 0
  let quoted = false
  for (let at = 0; at < start.length; at++) {
    const char = start.charAt(at)
    if (char === '"') quoted = !quoted
    else if (quoted && char === '\\') at++
    else if (!quoted && (char === '[' || char === '{')) depth++
    else if (!quoted && (char === ']' || char === '}')) depth--
  }
  return quoted || depth > 0
}
