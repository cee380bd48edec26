// Keys wrapped by a key-encryption key that this process holds: u8(1) ‖ nonce (12) ‖ AES-256-GCM of the key (32) ‖ tag (16)
// (spec/keys.md §3). Pure but for its nonces.

import { type KeyObject, randomBytes } from 'node:crypto'

import { utf8 } from '../bytes/text.ts'
import { NONCE_BYTES, openAesGcm, sealAesGcm, TAG_BYTES } from '../crypto/aead.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { MAX_CONTEXT_BYTES, WRAPPED_KEY_BYTES } from '../vault/key-wrapper.ts'

const FORMAT = 1
const WRAPPING_BYTES: number = 1 + NONCE_BYTES + WRAPPED_KEY_BYTES + TAG_BYTES

/** What a wrapping is bound to besides its key. */
export interface Binding {
  readonly ledger: string
  readonly version: string
  readonly context: string
}

/** None of the parts but the last may hold a line feed, so that no two bindings read the same. */
export function bindingBytes({ ledger, version, context }: Binding): Uint8Array {
  return utf8(`affidavit wrapped key v1\n${ledger}\n${version}\n${context}`)
}

/** What is asked of every wrapper. Only the library itself wraps keys: another length or context is its own bug. */
export function assertWrappable(key: Uint8Array, context: string): void {
  if (key.length !== WRAPPED_KEY_BYTES) unreachable(`a key of ${key.length} bytes is to be wrapped`)
  assertContext(context)
}

export function assertContext(context: string): void {
  const size = Buffer.byteLength(context)
  if (size === 0 || size > MAX_CONTEXT_BYTES || !context.isWellFormed()) unreachable(`a context of ${size} bytes`)
}

export function wrapKey(kek: KeyObject, key: Uint8Array, binding: Binding): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  return formatWrapping(nonce, sealAesGcm(kek, nonce, bindingBytes(binding), key))
}

/** `undefined` where the bytes do not open under this key and binding. */
export function unwrapKey(kek: KeyObject, wrapped: Uint8Array, binding: Binding): Uint8Array | undefined {
  const parts = parseWrapping(wrapped)
  return parts === undefined ? undefined : openAesGcm(kek, parts.nonce, bindingBytes(binding), parts.sealed)
}

/** `sealed` is ciphertext and tag. */
export function formatWrapping(nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  return Uint8Array.from([FORMAT, ...nonce, ...sealed])
}

/** `undefined` for bytes of another format or length. */
export function parseWrapping(wrapped: Uint8Array): { nonce: Uint8Array; sealed: Uint8Array } | undefined {
  if (wrapped.length !== WRAPPING_BYTES || wrapped[0] !== FORMAT) return undefined
  return { nonce: wrapped.subarray(1, 1 + NONCE_BYTES), sealed: wrapped.subarray(1 + NONCE_BYTES) }
}
