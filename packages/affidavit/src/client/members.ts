// Members of what a server answered. @throws LedgerError `server-unavailable` for what is not of its form

import { isCount } from '../merkle/node.ts'
import { unreadable } from './ask.ts'

export interface Members {
  readonly [name: string]: unknown
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textIn(value: Members, name: string): string {
  const member = value[name]
  if (typeof member !== 'string') throw unreadable(`without a text ${name}`)
  return member
}

export function countIn(value: Members, name: string): number {
  const member = value[name]
  if (typeof member !== 'number' || !isCount(member)) throw unreadable(`without a number ${name}`)
  return member
}
