// What stands at a path, if anything.

import { type Stats, statSync } from 'node:fs'

import { LedgerError } from '../errors/ledger-error.ts'

/** @throws LedgerError `store-unavailable` where it cannot be looked at */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('store-unavailable', {
      problem: `cannot look at ${path}: ${said}`,
      cure: 'check the rights on the folders above it',
      cause,
    })
  }
}
