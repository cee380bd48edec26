// What a record says of an error: its name, code and status. Its message may hold anything, and is content.

import { isName } from '../registry/tool-names.ts'
import { type Captured, captured, capturedText } from './captured.ts'

/** What was thrown, in words; the value itself where it has none. `undefined` where there was nothing. */
export function errorContent(error: unknown): Captured | undefined {
  if (error === undefined) return undefined
  const message = read(error, 'message')
  if (typeof message === 'string') return capturedText('error', message)
  return error === '' ? undefined : captured('error', error)
}

export function errorDetails(error: unknown, status: number | undefined): { readonly error?: object } {
  if (error === undefined && status === undefined) return {}
  return { error: { name: nameIn(error, 'name'), code: nameIn(error, 'code'), status } }
}

/** Whether the application gave up by itself. */
export function isAbort(error: unknown): boolean {
  return read(error, 'name') === 'AbortError'
}

function nameIn(error: unknown, member: string): string | undefined {
  const value = read(error, member)
  return typeof value === 'string' && isName(value) ? value : undefined
}

// Anything can be thrown, also what throws when it is looked at.
function read(error: unknown, member: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  try {
    return Reflect.get(error, member)
  } catch {
    return undefined
  }
}
