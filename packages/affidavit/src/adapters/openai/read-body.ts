// The body of a request as values: JSON, or the fields of a form.

import { parsed, type Shape } from '../wire/shape.ts'

/** `undefined` where it has no members: an empty body, a text, bytes, a stream. */
export function readBody(body: unknown): Shape | undefined {
  if (typeof body === 'string') return membersOf(parsed(body))
  if (body instanceof FormData) return fieldsOf(body)
  if (body instanceof URLSearchParams) return Object.fromEntries(body)
  return undefined
}

function membersOf(value: unknown): Shape | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

function fieldsOf(form: FormData): Shape {
  const names = [...new Set(form.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const [first, ...others] = form.getAll(name).map(fieldOf)
      return [name, others.length === 0 ? first : [first, ...others]]
    }),
  )
}

// Of a file, its bytes stay where they are: the record says that they are missing.
function fieldOf(value: string | File): unknown {
  if (typeof value === 'string') return value
  const { name, type, size } = value
  return { name, type, size, bytes: value }
}
