// What a record says of an error: its name, code and status. Its message may hold anything, and is content.

import { isName } from '../registry/tool-names.ts'
import { type Captured, textContent } from './draft-of.ts'

const MAX_MESSAGE = 100_000

/** `undefined` where there was no error, or it says nothing. */
export function errorContent(error: unknown): Captured | undefined {
  if (error === undefined) return undefined
  const message = messageOf(error)
  return message === '' ? undefined : textContent('error', message.slice(0, MAX_MESSAGE))
}

export function errorDetails(error: unknown, status: number | undefined): { readonly error?: object } {
  if (error === undefined && status === undefined) return {}
  const name = nameIn(error, 'name')
  const code = nameIn(error, 'code')
  return {
    error: {
      ...(name === undefined ? {} : { name }),
      ...(code === undefined ? {} : { code }),
      ...(status === undefined ? {} : { status }),
    },
  }
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  const message = read(error, 'message')
  return typeof message === 'string' ? message : ''
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
