// Lists that were written flat, one attribute for each member: PREFIX.INDEX.REST (OpenInference, OpenLLMetry).

import type { JsonValue } from '../../bytes/json.ts'
import type { Attributes } from '../telemetry.ts'

/** Of so many digits as a number holds exactly. */
const PLACE = /^(0|[1-9]\d{0,14})(?:\.(.*))?$/s

/**
 * The items of the list `name`, each with its members by what stands behind the index, in the order of the indices. Nothing
 * is where a number is missing: a list has as many items as were told, whatever their numbers are.
 */
export function itemsOf(attributes: Attributes, name: string): Attributes[] {
  const items = new Map<number, Map<string, JsonValue>>()
  const prefix = `${name}.`
  for (const [key, value] of attributes) {
    if (!key.startsWith(prefix)) continue
    const [, index, rest = ''] = PLACE.exec(key.slice(prefix.length)) ?? []
    if (index === undefined) continue
    const item = items.get(Number(index)) ?? new Map<string, JsonValue>()
    items.set(Number(index), item.set(rest, value))
  }
  return [...items].sort(([a], [b]) => a - b).map(([, item]) => item)
}
