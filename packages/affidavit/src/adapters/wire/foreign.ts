// Values of an SDK, as what they turn out to be. Nothing here throws, and nothing is believed by its type.

export type Members = Readonly<Record<string, unknown>>

export function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Without the members that have no value: of a step, they are absent rather than undefined. */
export function present<T>(value: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  const found = Object.entries(value).filter(([, member]) => member !== undefined)
  // Exactly the members of `value` that have one.
  return Object.fromEntries(found) as Partial<T>
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
