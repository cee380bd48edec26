// The keyring of a ledger, to be read and nothing else: of a file on copies and read-only disks too.

import { existsSync } from 'node:fs'

import { LedgerError } from '../errors/ledger-error.ts'
import { readOnlyKeyringStore } from '../stores/sqlite/keyring.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { KeyringStore } from '../vault/keyring-store.ts'
import { openKeyringOf } from './keyring.ts'
import { openKeyringIn } from './keyring-database.ts'
import { keyringPlace } from './keyring-place.ts'

/**
 * Opens the keyring of `ledger` with the home `folder`; begins none.
 * @throws LedgerError `missing-key` (there is no keyring), `key-destroyed` (an old copy of it), `key-unavailable`, `wrong-key`,
 * and what the store throws
 */
export async function openKeyringToRead(folder: string, ledger: string): Promise<Keyring> {
  const place = keyringPlace(folder)
  if (place.kind === 'database') return openKeyringOf(folder, ledger, (name) => openKeyringIn(place.database, name))
  if (!existsSync(place.file)) throw missingKeyring(`there is no keyring ${place.file}`)
  return openKeyringOf(folder, ledger, () => begunIn(place.file))
}

async function begunIn(file: string): Promise<KeyringStore> {
  const store = readOnlyKeyringStore(file)
  try {
    if ((await store.head()) !== undefined) return store
    throw missingKeyring(`the keyring ${file} has no key`)
  } catch (error) {
    await store.close()
    throw error
  }
}

function missingKeyring(problem: string): LedgerError {
  return new LedgerError('missing-key', { problem, cure: 'bring the keyring back from its own backup' })
}
