// The end of earlier key-encryption keys, as far as it can be had now.

import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LISTED_VERSIONS } from '../formats/key-rotation.ts'
import type { Keyring } from '../vault/keyring.ts'

/**
 * Destroys the key-encryption keys of earlier generations; answers those that stand, ascending, also where nobody could ask. As
 * many as a record lists: where there are more, some that are not listed stand too, and none is forgotten.
 */
export async function destroyRetired(keyring: Pick<Keyring, 'destroyRetired' | 'inForce'>): Promise<readonly string[]> {
  return [...(await standing(keyring))].sort().slice(0, MAX_LISTED_VERSIONS)
}

async function standing(keyring: Pick<Keyring, 'destroyRetired' | 'inForce'>): Promise<readonly string[]> {
  try {
    return await keyring.destroyRetired()
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'key-unavailable')) throw error
    return (await keyring.inForce()).retired
  }
}
