// sqliteKeyringStore: a keyring in one file, in a thread of its own; any number of processes may share it.

import type { KeyringStore } from '../../vault/keyring-store.ts'
import { wait } from './calls.ts'
import { connectSqliteForReading } from './connect.ts'
import { KEYRING_DATABASE, localKeyringStore } from './local-keyring.ts'
import { startThread } from './thread-host.ts'

/** What was answered is durable, and what is not may be done again: a thread that is stuck keeps nobody from closing. */
const CLOSE_PATIENCE_MILLIS = 15_000

/**
 * The file is opened by the first call, and created where `mode` says so. That call throws LedgerError `not-a-ledger`
 * (it is no keyring), `newer-format`, `unsupported-file-system`, `store-unavailable`, `store-corrupt`.
 */
export function sqliteKeyringStore(path: string, mode: 'create' | 'open'): KeyringStore {
  const thread = startThread<KeyringStore>({ path, role: 'keyring', mode })
  return {
    head: () => thread.call('head', []),
    begin: (head) => thread.call('begin', [head]),
    find: (generation, lookups) => thread.call('find', [generation, lookups]),
    byKeys: (generation, keys) => thread.call('byKeys', [generation, keys]),
    byOwner: (generation, owner) => thread.call('byOwner', [generation, owner]),
    add: (generation, rows) => thread.call('add', [generation, rows]),
    page: (generation, after, limit) => thread.call('page', [generation, after, limit]),
    stage: (generation, stage, rows) => thread.call('stage', [generation, stage, rows]),
    turnOver: (turn) => thread.call('turnOver', [turn]),
    settle: () => thread.call('settle', []),
    forget: (version) => thread.call('forget', [version]),
    close: () => thread.stop(CLOSE_PATIENCE_MILLIS),
  }
}

/**
 * A keyring to be read, on copies and read-only disks too, in the calling thread; every write fails. The first call
 * throws LedgerError `not-a-ledger` (it is no keyring), `newer-format`, `store-unavailable`, `store-corrupt`.
 */
export function readOnlyKeyringStore(path: string): KeyringStore {
  return localKeyringStore(() => connectSqliteForReading(path, KEYRING_DATABASE), wait)
}
