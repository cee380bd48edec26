// What every object store answers in the same words. No message shows a credential.

import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_OBJECT_BYTES } from './object-store.ts'

export function archiveUnavailable(problem: string, cure: string, cause?: unknown): LedgerError {
  return new LedgerError('archive-unavailable', { problem, cure, cause })
}

/** Other bytes under a key than those handed in. */
export function objectExists(key: string, where: string): LedgerError {
  return new LedgerError('object-exists', {
    problem: `${where} holds other bytes under ${key}; they were left as they are`,
    cure: 'keep both as evidence, and archive to a place that nobody else writes to',
  })
}

export function objectLocked(key: string, where: string, until: string): LedgerError {
  return new LedgerError('object-locked', {
    problem: `${key} in ${where} is locked ${until}; it is still there`,
    cure: 'delete it when its lock has ended',
  })
}

export function noSuchObject(key: string, where: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `there is no ${key} in ${where}`,
    cure: 'archive it again, or restore it from a copy of the archive',
  })
}

export function lockRefused(key: string, where: string, why: string, cause?: unknown): LedgerError {
  return new LedgerError('lock-refused', {
    problem: `${key} in ${where} is not locked as it was told to be: ${why}`,
    cure: 'let nothing leave the database for it, and use a store that locks',
    cause,
  })
}

/** @throws LedgerError `invalid-query` */
export function assertObjectSize(key: string, size: number): void {
  if (size <= MAX_OBJECT_BYTES) return
  throw new LedgerError('invalid-query', {
    path: key,
    problem: `an object of ${size} bytes; the largest has ${MAX_OBJECT_BYTES}`,
    cure: 'cut it into smaller ones',
  })
}
