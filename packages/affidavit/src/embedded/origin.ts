// NAME/INCARNATION: the identity of a ledger (spec/entry.md §6).

import { randomBytes } from 'node:crypto'

import { idProblem } from '../bytes/label.ts'

/** Longest NAME: with the incarnation and `/heartbeat` it stays a key name of at most 255 bytes. */
const MAX_NAME_BYTES = 200

/** Two ledgers of one name, or one restored, are never taken for each other. */
export function newIncarnation(name: string): string {
  return `${name}/${randomBytes(8).toString('hex')}`
}

/** The NAME in NAME/INCARNATION. */
export function nameOf(ledger: string): string {
  return ledger.slice(0, ledger.lastIndexOf('/'))
}

/** Why a text is no NAME. */
export function nameProblem(name: string): string | undefined {
  const problem = idProblem(name, MAX_NAME_BYTES)
  if (problem !== undefined) return problem
  if (/\s/u.test(name) || name.includes('+')) return 'holds white space or "+", which key names cannot'
  return name.startsWith('/') || name.endsWith('/') ? 'begins or ends with "/"' : undefined
}
