// Members of values whose shape is the provider's to change: what is not as expected is not there.

export type Shape = { readonly [name: string]: unknown }

export function shapeOf(value: unknown): Shape {
  return isShape(value) ? { ...value } : {}
}

/** Of an object of a stranger's class, or of a function. */
export function memberOf(value: unknown, name: string): unknown {
  const has = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return has ? Reflect.get(value, name) : undefined
}

/** Members of the object itself, with those that it inherits: the name of an error, the methods of a client. */
export function membersOf(value: unknown): Shape {
  return isShape(value) ? value : {}
}

function isShape(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** The text parts of a message's content, joined by newlines. */
export function partsText(content: unknown): string {
  if (typeof content === 'string') return content
  const texts = listOf(content).map((part) => textOf(part) ?? textOf(shapeOf(part).text))
  return texts.filter((text) => text !== undefined).join('\n')
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
