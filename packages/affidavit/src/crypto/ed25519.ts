// Ed25519 (RFC 8032) over raw 32-byte keys, as C2SP signed notes carry them.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'

// The fixed DER prefixes of RFC 8410 keys; what follows is the raw key.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** A new secret seed of 32 random bytes. */
export function generateSeed(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519')
  return Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length))
}

/** The private key of a 32-byte seed. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new RangeError(`an Ed25519 seed has 32 bytes, not ${seed.length}`)
  return createPrivateKey({ key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
}

/** The raw 32-byte public key of a private or public key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length))
}

/** The public key object of 32 raw bytes; `undefined` where they are no Ed25519 key. */
export function publicKeyFromRaw(raw: Uint8Array): KeyObject | undefined {
  if (raw.length !== 32) return undefined
  return createPublicKey({ key: Buffer.from(concatBytes(SPKI_PREFIX, raw)), format: 'der', type: 'spki' })
}

/** The 64-byte signature of `message`. */
export function signEd25519(key: KeyObject, message: Uint8Array): Uint8Array {
  return Uint8Array.from(sign(null, message, key))
}

/** Whether `signature` is the key's signature of `message`. */
export function verifyEd25519(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, message, key, signature)
}
