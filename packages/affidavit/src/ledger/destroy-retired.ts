// The end of earlier key-encryption keys, as far as it can be had now.

import { LedgerError } from '../errors/ledger-error.ts'
import type { Keyring } from '../vault/keyring.ts'

/** Destroys the key-encryption keys of earlier generations; answers those that stand, ascending: also where nobody could ask. */
export async function destroyRetired(keyring: Keyring): Promise<readonly string[]> {
  try {
    return [...(await keyring.destroyRetired())].sort()
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'key-unavailable')) throw error
    return (await keyring.inForce()).retired
  }
}
