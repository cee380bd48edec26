// What every wrapper answers in the same words. A version's name is no secret; keys, secrets and PINs are never part of one.

import { LedgerError } from '../errors/ledger-error.ts'

/** A version that is gone for good, or on its way. */
export function keyDestroyed(
  version: string,
  cure = 'nothing opens what it wrapped; use a newer version',
): LedgerError {
  return new LedgerError('key-destroyed', { problem: `key-encryption key ${version} was destroyed`, cure })
}

/** Wrapped bytes that do not open under the version that they are said to be under. */
export function doesNotOpen(version: string, cause?: unknown): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `a wrapped key does not open under key-encryption key ${version}: it was altered, or belongs elsewhere`,
    cure: 'restore the keyring that belongs to this ledger and this key',
    cause,
  })
}

export function keyUnavailable(problem: string, cure: string, cause?: unknown): LedgerError {
  return new LedgerError('key-unavailable', { problem, cure, cause })
}
