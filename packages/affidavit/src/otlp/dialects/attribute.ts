// Single attributes as what a step needs of them. What is none of it is not there: nobody's telemetry is refused for it.

import type { JsonValue } from '../../bytes/json.ts'
import type { Attributes } from '../telemetry.ts'

/** The first of them that is there as a text that says something. */
export function textOf(attributes: Attributes, ...names: readonly string[]): string | undefined {
  return firstOf(attributes, names, (value) => (typeof value === 'string' && value !== '' ? value : undefined))
}

/** The first of them that is there as a number that counts something; some emitters write numbers as text. */
export function countOf(attributes: Attributes, ...names: readonly string[]): number | undefined {
  return firstOf(attributes, names, (value) => {
    const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
    return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
  })
}

/** The first of them that is there as an amount, with its fraction. */
export function amountOf(attributes: Attributes, ...names: readonly string[]): number | undefined {
  return firstOf(attributes, names, (value) => {
    const amount = typeof value === 'string' && /^\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : value
    return typeof amount === 'number' && amount >= 0 ? amount : undefined
  })
}

/** The first of them that is there as a truth; some emitters write it as text. */
export function truthOf(attributes: Attributes, ...names: readonly string[]): boolean | undefined {
  return firstOf(attributes, names, (value) => {
    if (typeof value === 'boolean') return value
    return value === 'true' || value === 'false' ? value === 'true' : undefined
  })
}

function firstOf<T>(
  attributes: Attributes,
  names: readonly string[],
  read: (value: JsonValue | undefined) => T | undefined,
): T | undefined {
  for (const name of names) {
    const value = read(attributes.get(name))
    if (value !== undefined) return value
  }
  return undefined
}
