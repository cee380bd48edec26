// The keyring of a ledger's folder, to be read and nothing else: on copies and read-only disks too.

import { existsSync } from 'node:fs'

import { createRandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { readOnlyKeyringStore } from '../stores/sqlite/keyring.ts'
import { type Keyring, openKeyring } from '../vault/keyring.ts'
import { keyringFile, openWrapper } from './keyring.ts'
import { nameOf } from './origin.ts'

/**
 * Opens the keyring of `ledger` in `folder`; begins none.
 * @throws LedgerError `missing-key` (there is no keyring), `key-destroyed` (an old copy of it), `key-unavailable`, `wrong-key`,
 * and what the store throws
 */
export async function openKeyringToRead(folder: string, ledger: string): Promise<Keyring> {
  const file = keyringFile(folder)
  if (!existsSync(file)) throw missingKeyring(`there is no keyring ${file}`)
  const name = nameOf(ledger)
  const wrapper = await openWrapper(folder, name)
  const store = readOnlyKeyringStore(file)
  try {
    if ((await store.head()) === undefined) throw missingKeyring(`the keyring ${file} has no key`)
    return await openKeyring({ store, wrapper, name, random: createRandomSource() })
  } catch (error) {
    await store.close()
    await wrapper.close()
    throw error
  }
}

function missingKeyring(problem: string): LedgerError {
  return new LedgerError('missing-key', { problem, cure: 'bring the keyring back from its own backup' })
}
