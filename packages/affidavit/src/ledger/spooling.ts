// Sealing what waits on disk for its ledger (spec/spool.md §3): under a key of the ledger, which stays here.

import { concatBytes } from '../bytes/compare.ts'
import { NONCE_BYTES, openAesGcm, sealAesGcm } from '../crypto/aead.ts'
import { hkdfSha256 } from '../crypto/hkdf.ts'
import type { RandomSource } from '../crypto/random.ts'
import type { LedgerKeys } from './keys.ts'

export interface Spooling {
  /** Whose it is: the NAME of the origin. What waits while a ledger is restored goes to the one that continues it. */
  readonly ledger: string
  /** Nonce, ciphertext and tag. `aad` is authenticated, and not kept. */
  seal(plain: Uint8Array, aad: Uint8Array): Uint8Array
  /** `undefined` where it was not sealed for this ledger with this `aad`, or was altered. */
  open(sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined
}

/** Random nonces under one key: far from the 2³² drafts at which they would need a thought. */
export function createSpooling(
  origin: string,
  { digestKey }: Pick<LedgerKeys, 'digestKey'>,
  random: RandomSource,
): Spooling {
  const ledger = origin.slice(0, origin.lastIndexOf('/'))
  const key = hkdfSha256([digestKey], `affidavit spool key v1\n${ledger}`)
  return {
    ledger,
    seal(plain, aad) {
      const nonce = random(NONCE_BYTES)
      return concatBytes(nonce, sealAesGcm(key, nonce, aad, plain))
    },
    open: (sealed, aad) => openAesGcm(key, sealed.subarray(0, NONCE_BYTES), aad, sealed.subarray(NONCE_BYTES)),
  }
}
