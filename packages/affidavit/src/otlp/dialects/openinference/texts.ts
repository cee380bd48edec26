// Texts of a call that no message tells.

import type { JsonValue } from '../../../bytes/json.ts'
import type { Message, Told } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { itemsOf } from '../flattened.ts'
import { textPart } from '../part.ts'
import { toldText } from '../told.ts'

/** A flat list of texts, as messages of one role. */
export function textsOf(
  attributes: Attributes,
  list: string,
  member: string,
  role: string,
): Told<readonly Message[]> | undefined {
  const items = itemsOf(attributes, list)
  if (items.length === 0) return undefined
  return { state: 'told', value: items.map((item) => ({ role, parts: textPart(item.get(member)) })) }
}

/** What went in or came out, whatever it is: who said what of it is not known. */
export function asItStands(value: JsonValue | undefined): Told<never> | undefined {
  const told = toldText(value)
  if (told === undefined || told.state === 'redacted') return told
  const text = told.state === 'told' ? told.value : told.text
  return { state: 'unread', text: typeof text === 'string' ? text : JSON.stringify(text), why: 'malformed' }
}
