// Texts of a call that no message tells.

import type { Message, Told } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { itemsOf } from '../flattened.ts'
import { textPart } from '../part.ts'

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
