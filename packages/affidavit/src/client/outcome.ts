// What a server says became of one line (spec/http.md §9). Pure.

import { isHex } from '../bytes/hex.ts'
import { isTimestamp } from '../clock/clock.ts'
import type { Appended } from '../ledger/ledger.ts'
import { isCount } from '../merkle/node.ts'
import { type Problem, readProblem } from './problem.ts'

export type Outcome = { readonly appended: Appended } | { readonly problem: Problem }

const HASH_DIGITS = 64

/** The outcome of line `line`, which has this id; `undefined` for a text that says nothing, or of another line. */
export function readOutcome(text: string, line: number, id: string): Outcome | undefined {
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || !('line' in value) || value.line !== line) return undefined
  // The draft is to blame, or what kept the ledger from recording it: the code says which.
  if ('error' in value && 'state' in value && (value.state === 'refused' || value.state === 'failed')) {
    const problem = readProblem(value.error)
    return problem && { problem }
  }
  const appended = readAppended(value)
  return appended?.id === id ? { appended } : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readAppended(value: object): Appended | undefined {
  const { id, seq, integrity_hash, recorded_at, state, duplicate }: { readonly [name: string]: unknown } = { ...value }
  if (typeof id !== 'string' || typeof seq !== 'number' || !isCount(seq)) return undefined
  if (typeof integrity_hash !== 'string' || !isHex(integrity_hash, HASH_DIGITS)) return undefined
  if (typeof recorded_at !== 'string' || !isTimestamp(recorded_at)) return undefined
  if (state !== 'recorded' && state !== 'duplicate') return undefined
  if (duplicate !== undefined && (duplicate !== 'not compared' || state !== 'duplicate')) return undefined
  return { id, seq, integrity_hash, recorded_at, state, ...(duplicate === undefined ? {} : { duplicate }) }
}
