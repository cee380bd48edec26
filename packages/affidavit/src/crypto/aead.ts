// AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags. Keys are KeyObjects. A nonce is used once under a key:
// whoever uses one twice gives both texts away.

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'

export const NONCE_BYTES = 12
export const TAG_BYTES = 16

// Said outright, so that no tag of another length can ever be set: a shortened one can be guessed.
const OPTIONS = { authTagLength: TAG_BYTES } as const

/**
 * Ciphertext ‖ tag, 16 bytes longer than `plain`, in memory of its own. `aad` is authenticated, not encrypted.
 * @throws RangeError for a nonce of another length, or a key that is not of 32 bytes
 */
export function sealAesGcm(key: KeyObject, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  checkNonce(nonce)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, OPTIONS).setAAD(aad)
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag())
}

/**
 * The plain bytes; `undefined` where key, nonce, aad or one bit of `sealed` is not what it was sealed with.
 * @throws RangeError for a nonce of another length, or a key that is not of 32 bytes
 */
export function openAesGcm(
  key: KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  checkNonce(nonce)
  const end = sealed.length - TAG_BYTES
  if (end < 0) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, OPTIONS)
  decipher.setAAD(aad).setAuthTag(sealed.subarray(end))
  const plain = decipher.update(sealed.subarray(0, end))
  try {
    // The bytes above are unproven until this returns, and leave this function only then.
    decipher.final()
  } catch {
    return undefined
  }
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
}

// Keys of another length are refused by the cipher itself; nonces of another length it would take.
function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`)
}
