// The store of the keyring of a home, wherever it lies: for tests that look at its rows, or fail at a write of it.

import { openKeyringIn } from '../src/embedded/keyring-database.ts'
import { keyringPlace } from '../src/embedded/keyring-place.ts'
import { sqliteKeyringStore } from '../src/stores/sqlite/keyring.ts'
import type { KeyringStore } from '../src/vault/keyring-store.ts'

export async function openKeyringStore(home: string, name: string): Promise<KeyringStore> {
  const place = keyringPlace(home)
  return place.kind === 'file' ? sqliteKeyringStore(place.file, 'open') : openKeyringIn(place.database, name)
}
