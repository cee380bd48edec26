// What lies where in the folder that a watcher keeps in the home of its ledger.

import { join } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { makeFolder } from '../ledger/make-folder.ts'

export function watchFolder(home: string): string {
  return join(home, 'watch')
}

export function stateFile(home: string): string {
  return join(watchFolder(home), 'state')
}

/** A file for each alert that waits. */
export function outboxFolder(home: string): string {
  return join(watchFolder(home), 'outbox')
}

/** @throws LedgerError `store-unavailable` */
export function makeWatchFolders(home: string): void {
  try {
    makeFolder(outboxFolder(home), 0o700)
  } catch (cause) {
    throw cannotKeep(home, cause)
  }
}

/** That what a watcher remembers cannot be read or written. */
export function cannotKeep(home: string, cause: unknown): LedgerError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError('store-unavailable', {
    problem: `what the watcher remembers cannot be kept in ${watchFolder(home)}: ${said}`,
    cure: 'make that folder writable for whoever watches, and its disk have room',
    cause,
  })
}
