// The keyring of a ledger: a database apart from the ledger's, in a file or on a server, and whoever keeps its key-encryption keys.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { createRandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { environmentWrapper } from '../keys/environment-wrapper.ts'
import { fileWrapper } from '../keys/file-wrapper.ts'
import { defaultKmsClient } from '../keys/kms-client.ts'
import { kmsWrapper } from '../keys/kms-wrapper.ts'
import { pkcs11Wrapper } from '../keys/pkcs11-wrapper.ts'
import { sqliteKeyringStore } from '../stores/sqlite/keyring.ts'
import type { KeyWrapper } from '../vault/key-wrapper.ts'
import { type Keyring, openKeyring } from '../vault/keyring.ts'
import type { KeyringStore } from '../vault/keyring-store.ts'
import { keysFolder } from './folder.ts'
import { newKeyringIn, openKeyringIn } from './keyring-database.ts'
import { type KeyringPlace, keyringPlace } from './keyring-place.ts'
import { nameOf } from './origin.ts'
import { readSettings } from './settings.ts'

/**
 * Opens the keyring of the ledger `origin` with the home `folder`, or makes it where `mode` says so.
 * @throws LedgerError `missing-key` where it is not there; `key-unavailable`, `key-destroyed`, `wrong-key`, and what the store throws
 */
export async function openFolderKeyring(folder: string, origin: string, mode: 'create' | 'open'): Promise<Keyring> {
  const place = keyringPlace(folder)
  if (place.kind === 'file' && mode === 'open' && !existsSync(place.file)) throw noKeyring(place.file, origin)
  return openKeyringOf(folder, origin, (name) => storeAt(place, name, mode))
}

function storeAt(place: KeyringPlace, name: string, mode: 'create' | 'open'): Promise<KeyringStore> {
  if (place.kind === 'file') return Promise.resolve(sqliteKeyringStore(place.file, mode))
  return mode === 'create' ? newKeyringIn(place.database, name) : openKeyringIn(place.database, name)
}

/** The keyring in a store, with the wrapper of a home. Where it does not open, nothing of either stays open. */
export async function openKeyringOf(
  folder: string,
  origin: string,
  openStore: (name: string) => Promise<KeyringStore>,
): Promise<Keyring> {
  const name = nameOf(origin)
  const wrapper = await openWrapper(folder, name)
  let store: KeyringStore | undefined
  try {
    store = await openStore(name)
    return await openKeyring({ store, wrapper, name, random: createRandomSource() })
  } catch (error) {
    await store?.close()
    await wrapper.close()
    throw error
  }
}

/** Whoever keeps the key-encryption keys of a folder's keyring. */
export async function openWrapper(folder: string, name: string): Promise<KeyWrapper> {
  const { key_wrapper: choice = { kind: 'file' } } = readSettings(folder)
  const versions = join(keysFolder(folder), 'kek')
  switch (choice.kind) {
    case 'file':
      return fileWrapper({ folder: versions, ledger: name })
    case 'environment':
      return environmentWrapper({ folder: versions, ledger: name, environment: process.env })
    case 'aws_kms':
      return kmsWrapper({ ledger: name, client: await defaultKmsClient() })
    case 'pkcs11':
      return pkcs11Wrapper({ module: choice.module, token: choice.token, ledger: name, environment: process.env })
  }
}

function noKeyring(file: string, origin: string): LedgerError {
  return new LedgerError('missing-key', {
    problem: `the keyring of ${origin} is not there: ${file}`,
    cure: 'bring it back from its own backup; without it no content opens and no person is found',
  })
}
