// Whether the file that a connection has open is still the one at its path: whoever opens the path next finds nothing that was
// written into a file that was removed or replaced (spec/vault.md §7).

import { statSync } from 'node:fs'
import { resolve } from 'node:path'

import { LedgerError } from '../../errors/ledger-error.ts'
import { storeError } from './connect.ts'

/** Throws where the file at the path is no longer the one that stood there at the first call; from then on always. */
export type ExpectInPlace = () => void

/** @throws LedgerError `missing-key` when asked */
export function expectInPlace(path: string): ExpectInPlace {
  const place = resolve(path)
  let first: string | undefined
  let moved: LedgerError | undefined
  return () => {
    if (moved !== undefined) throw moved
    const found = identityOf(place)
    first ??= found
    if (found !== undefined && found === first) return
    // Also where a file with the same number comes later: once this one is let go of, its number is free.
    moved = noLongerThere(place, found === undefined ? 'was removed' : 'was replaced by another file')
    throw moved
  }
}

function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false, bigint: true })
    return found === undefined ? undefined : `${found.dev} ${found.ino}`
  } catch (error) {
    throw storeError(error, `look at ${path}`)
  }
}

function noLongerThere(path: string, what: string): LedgerError {
  return new LedgerError('missing-key', {
    problem: `${path} ${what} while it was open: keys that were made since are in no keyring; nothing was recorded under them`,
    cure: 'close the ledger, bring the keyring back that was there, or its newest backup, and open the ledger again',
  })
}
