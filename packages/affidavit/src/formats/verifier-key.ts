// Verifier keys as text, "vkeys" (c2sp.org/signed-note v1.0.0; spec/checkpoint.md §2): NAME+KEYID+BASE64(type ‖ key).
// A verifier key is what an auditor pins: plain values, equal where the text is equal.

import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { concatBytes, equalBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { sha256 } from '../crypto/sha256.ts'
import { isKeyName } from './note.ts'

/** What a key signs, and how. ML-DSA-44 (0x06) joins here: one member, one row in each table below. */
export type KeyType = 'ed25519' | 'cosignature/v1'

const KEY_TYPES: readonly KeyType[] = ['ed25519', 'cosignature/v1']
const TYPE_BYTES: Readonly<Record<KeyType, number>> = { ed25519: 0x01, 'cosignature/v1': 0x04 }
const PUBLIC_KEY_BYTES: Readonly<Record<KeyType, number>> = { ed25519: 32, 'cosignature/v1': 32 }

export interface VerifierKey {
  readonly type: KeyType
  readonly name: string
  /** 8 lower-case hex digits, computed from the other fields: an index, not a fingerprint. */
  readonly keyId: string
  readonly publicKey: Uint8Array
}

export type VerifierKeyFault =
  | { readonly code: 'vkey-is-a-signer-key' }
  | { readonly code: 'vkey-parts' }
  | { readonly code: 'vkey-name' }
  | { readonly code: 'vkey-key-id' }
  | { readonly code: 'vkey-base64' }
  | { readonly code: 'vkey-no-type' }
  | { readonly code: 'vkey-unknown-type'; readonly keyType: string }
  | { readonly code: 'vkey-length'; readonly expected: number; readonly got: number }
  | { readonly code: 'vkey-key-id-mismatch'; readonly expected: string; readonly got: string }

/** Reads a vkey. Strict: `formatVerifierKey` gives the same text again. No fault repeats the text. */
export function parseVerifierKey(text: string): VerifierKey | VerifierKeyFault {
  // A secret pasted into the wrong place deserves its own warning, and must not be quoted in any other.
  if (text.startsWith('PRIVATE+KEY+')) return { code: 'vkey-is-a-signer-key' }
  const parts = splitKeyText(text)
  if (parts === undefined) return { code: 'vkey-parts' }
  if (!isKeyName(parts.name)) return { code: 'vkey-name' }
  if (!isKeyId(parts.keyId)) return { code: 'vkey-key-id' }
  const material = fromBase64(parts.base64)
  if (material === undefined) return { code: 'vkey-base64' }
  const typeByte = material[0]
  if (typeByte === undefined) return { code: 'vkey-no-type' }
  const type = keyTypeOf(typeByte)
  if (type === undefined) return { code: 'vkey-unknown-type', keyType: `0x${toHex(material.subarray(0, 1))}` }
  return checkedKey(parts.name, parts.keyId, type, material.subarray(1))
}

function checkedKey(name: string, got: string, type: KeyType, publicKey: Uint8Array): VerifierKey | VerifierKeyFault {
  const bytes = PUBLIC_KEY_BYTES[type]
  if (publicKey.length !== bytes) return { code: 'vkey-length', expected: bytes, got: publicKey.length }
  const expected = keyId(name, type, publicKey)
  if (got !== expected) return { code: 'vkey-key-id-mismatch', expected, got }
  return { type, name, keyId: expected, publicKey }
}

/** NAME+KEYID+BASE64 taken apart; the base64 part may hold plus signs itself, the others cannot. */
export function splitKeyText(text: string): { name: string; keyId: string; base64: string } | undefined {
  const first = text.indexOf('+')
  const second = text.indexOf('+', first + 1)
  if (first === -1 || second === -1) return undefined
  return { name: text.slice(0, first), keyId: text.slice(first + 1, second), base64: text.slice(second + 1) }
}

/** Whether `text` is 8 lower-case hex digits. */
export function isKeyId(text: string): boolean {
  return /^[0-9a-f]{8}$/.test(text)
}

/** The key type that a signature type byte names, where we know it. */
export function keyTypeOf(byte: number): KeyType | undefined {
  return KEY_TYPES.find((type) => TYPE_BYTES[type] === byte)
}

/** The signature type byte of a key type, as one byte. */
export function keyTypeByte(type: KeyType): Uint8Array {
  return Uint8Array.of(TYPE_BYTES[type])
}

/** The key id: the first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key), as hex. */
export function keyId(name: string, type: KeyType, publicKey: Uint8Array): string {
  return toHex(sha256(concatBytes(utf8(`${name}\n`), keyTypeByte(type), publicKey)).subarray(0, 4))
}

/**
 * The verifier key of a raw public key.
 * @throws RangeError for a name that is no key name, or a key of another length
 */
export function createVerifierKey(name: string, type: KeyType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new RangeError(`${JSON.stringify(name)} is no key name`)
  const bytes = PUBLIC_KEY_BYTES[type]
  if (publicKey.length !== bytes) throw new RangeError(`a ${type} key has ${bytes} bytes, not ${publicKey.length}`)
  return { type, name, keyId: keyId(name, type, publicKey), publicKey }
}

/** The vkey text, one spelling per key. */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${key.keyId}+${toBase64(concatBytes(keyTypeByte(key.type), key.publicKey))}`
}

/** Whether two verifier keys are the same key for the same purpose under the same name. */
export function sameVerifierKey(a: VerifierKey, b: VerifierKey): boolean {
  return a.type === b.type && a.name === b.name && equalBytes(a.publicKey, b.publicKey)
}
