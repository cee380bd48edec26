// Attributes that hold a value, or its JSON as a text (spec/otlp.md §3).

import type { JsonValue } from '../../bytes/json.ts'
import type { Told } from '../step.ts'
import type { Attributes } from '../telemetry.ts'
import { toldJson, toldText } from './told.ts'

/** A text that does not begin as a list or an object of JSON is itself. */
export function toldOf(value: JsonValue | undefined): Told<JsonValue> | undefined {
  return typeof value === 'string' && !/^\s*[[{]/.test(value) ? toldText(value) : toldJson(value)
}

/** The same, read further; what `read` finds no sense in is malformed, and kept as it stands. */
export function readTold<Value>(
  value: JsonValue | undefined,
  read: (value: JsonValue) => Value | undefined,
): Told<Value> | undefined {
  const told = toldOf(value)
  if (told === undefined || told.state !== 'told') return told
  const found = read(told.value)
  if (found !== undefined) return { state: 'told', value: found }
  return { state: 'unread', text: typeof value === 'string' ? value : JSON.stringify(value), why: 'malformed' }
}

/** A list of texts, or a single one. */
export function textsOf(attributes: Attributes, name: string): readonly string[] | undefined {
  const value = attributes.get(name)
  const list = Array.isArray(value) ? value : [value]
  const texts = list.filter((one) => typeof one === 'string')
  return texts.length === 0 ? undefined : texts
}
