// The keyring of a ledger in a folder: a database apart from the ledger's, and whoever keeps its key-encryption keys.

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
import { keysFolder } from './folder.ts'
import { nameOf } from './origin.ts'
import { readSettings } from './settings.ts'

/** The database of the keyring. */
export function keyringFile(folder: string): string {
  return join(readSettings(folder).keyring ?? folder, 'keyring.db')
}

/**
 * Opens the keyring of the ledger `origin` in `folder`, or makes it where `mode` says so.
 * @throws LedgerError `missing-key` where it is not there; `key-unavailable`, `key-destroyed`, `wrong-key`, and what the store throws
 */
export async function openFolderKeyring(folder: string, origin: string, mode: 'create' | 'open'): Promise<Keyring> {
  const file = keyringFile(folder)
  if (mode === 'open' && !existsSync(file)) throw noKeyring(file, origin)
  const name = nameOf(origin)
  const wrapper = await openWrapper(folder, name)
  const store = sqliteKeyringStore(file, mode)
  try {
    return await openKeyring({ store, wrapper, name, random: createRandomSource() })
  } catch (error) {
    await store.close()
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
