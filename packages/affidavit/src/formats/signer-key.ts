// Signer keys as text (the form golang.org/x/mod/sumdb/note introduced): PRIVATE+KEY+NAME+KEYID+BASE64(type ‖ seed).
// The secret lives in a KeyObject, which neither console.log nor JSON.stringify shows. No fault repeats the text.

import type { KeyObject } from 'node:crypto'

import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { concatBytes } from '../bytes/compare.ts'
import { generateSeed, privateKeyFromSeed, rawPublicKey } from '../crypto/ed25519.ts'
import { isKeyName } from './note.ts'
import {
  createVerifierKey,
  isKeyId,
  type KeyType,
  keyTypeByte,
  keyTypeOf,
  splitKeyText,
  type VerifierKey,
} from './verifier-key.ts'

const PREFIX = 'PRIVATE+KEY+'
const SEED_BYTES = 32

/** A key that can sign, with the verifier key that others pin. */
export interface SignerKey {
  readonly verifierKey: VerifierKey
  readonly privateKey: KeyObject
}

/** Why a text is no signer key. Only the cause: a wrong secret is still a secret, even its first byte. */
export interface SignerKeyFault {
  readonly code:
    | 'signer-key-prefix'
    | 'signer-key-parts'
    | 'signer-key-name'
    | 'signer-key-key-id'
    | 'signer-key-base64'
    | 'signer-key-length'
    | 'signer-key-unknown-type'
    | 'signer-key-key-id-mismatch'
}

/**
 * A new random key.
 * @throws RangeError for a name that is no key name
 */
export function generateSignerKey(name: string, type: KeyType): SignerKey {
  return signerKeyFromSeed(name, type, generateSeed())
}

/**
 * The key of a 32-byte seed.
 * @throws RangeError for a name that is no key name, or a seed of another length
 */
export function signerKeyFromSeed(name: string, type: KeyType, seed: Uint8Array): SignerKey {
  const privateKey = privateKeyFromSeed(seed)
  return { verifierKey: createVerifierKey(name, type, rawPublicKey(privateKey)), privateKey }
}

/** Reads a signer key. Strict: `formatSignerKey` gives the same text again. */
export function parseSignerKey(text: string): SignerKey | SignerKeyFault {
  if (!text.startsWith(PREFIX)) return { code: 'signer-key-prefix' }
  const parts = splitKeyText(text.slice(PREFIX.length))
  if (parts === undefined) return { code: 'signer-key-parts' }
  if (!isKeyName(parts.name)) return { code: 'signer-key-name' }
  if (!isKeyId(parts.keyId)) return { code: 'signer-key-key-id' }
  const material = fromBase64(parts.base64)
  if (material === undefined) return { code: 'signer-key-base64' }
  const typeByte = material[0]
  if (typeByte === undefined || material.length !== 1 + SEED_BYTES) return { code: 'signer-key-length' }
  const type = keyTypeOf(typeByte)
  if (type === undefined) return { code: 'signer-key-unknown-type' }
  const key = signerKeyFromSeed(parts.name, type, material.subarray(1))
  return key.verifierKey.keyId === parts.keyId ? key : { code: 'signer-key-key-id-mismatch' }
}

/** The signer key as text. It is the secret itself: for a key file, never for a log line. */
export function formatSignerKey({ verifierKey: { type, name, keyId }, privateKey }: SignerKey): string {
  // The seed is the end of the PKCS #8 form (RFC 8410 §7).
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES)
  return `${PREFIX}${name}+${keyId}+${toBase64(concatBytes(keyTypeByte(type), seed))}`
}
