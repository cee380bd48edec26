// Content keys as bytes (spec/vault.md §3): the digest that equal bodies are found by, which scope keys a payload key is
// wrapped under, and the wrapped key. No secret.

import { concatBytes } from '../bytes/compare.ts'
import { bytesOfHex, isHex, toHex } from '../bytes/hex.ts'
import { NONCE_BYTES, TAG_BYTES } from '../crypto/aead.ts'
import { HASH_BYTES, sha256Hex } from '../crypto/sha256.ts'

const VERSION = 1
const COUNT_BYTES = 2
const SCOPE_ID_BYTES = 16
const WRAPPED_BYTES = 32 + TAG_BYTES
const DIGEST_AT = 1
const COUNT_AT = DIGEST_AT + HASH_BYTES
const FIRST_SCOPE_AT = COUNT_AT + COUNT_BYTES
const MAX_SCOPES = 0xffff

export interface ContentKey {
  /** What equal bodies of the same conversation and scopes are found by: 64 lower-case hex digits. */
  readonly body_digest: string
  /** 32 lower-case hex digits each; at least one, ascending, none twice. */
  readonly scope_ids: readonly string[]
  readonly nonce: Uint8Array
  /** The payload key, sealed: ciphertext ‖ tag. */
  readonly wrapped: Uint8Array
}

/** Why bytes are no content key. Scopes count from 0. */
export type ContentKeyFault =
  /** The first byte is not the version that we know. */
  | { readonly code: 'content-key-version'; readonly got: number }
  /** No scope: nothing would have to be destroyed. */
  | { readonly code: 'content-key-no-scope' }
  /** Cut, or longer than its number of scopes calls for. */
  | { readonly code: 'content-key-length'; readonly expected: number; readonly got: number }
  /** This scope does not come behind the one before it. */
  | { readonly code: 'content-key-scope-order'; readonly scope: number }

/** Reads a content key. Strict: `encodeContentKey` gives the same bytes again. Views of `bytes`. */
export function parseContentKey(bytes: Uint8Array): ContentKey | ContentKeyFault {
  const [version] = bytes
  const [high, low] = bytes.subarray(COUNT_AT, FIRST_SCOPE_AT)
  if (version === undefined || high === undefined || low === undefined) {
    return { code: 'content-key-length', expected: contentKeyBytes(1), got: bytes.length }
  }
  if (version !== VERSION) return { code: 'content-key-version', got: version }
  const scopes = high * 256 + low
  if (scopes === 0) return { code: 'content-key-no-scope' }
  const expected = contentKeyBytes(scopes)
  if (bytes.length !== expected) return { code: 'content-key-length', expected, got: bytes.length }
  const scope_ids = Array.from({ length: scopes }, (_, scope) => scopeIdAt(bytes, scope))
  const scope = misplacedScope(scope_ids)
  if (scope !== undefined) return { code: 'content-key-scope-order', scope }
  const body_digest = toHex(bytes.subarray(DIGEST_AT, COUNT_AT))
  const nonceAt = FIRST_SCOPE_AT + scopes * SCOPE_ID_BYTES
  const wrappedAt = nonceAt + NONCE_BYTES
  return { body_digest, scope_ids, nonce: bytes.subarray(nonceAt, wrappedAt), wrapped: bytes.subarray(wrappedAt) }
}

function contentKeyBytes(scopes: number): number {
  return FIRST_SCOPE_AT + scopes * SCOPE_ID_BYTES + NONCE_BYTES + WRAPPED_BYTES
}

function scopeIdAt(bytes: Uint8Array, scope: number): string {
  const at = FIRST_SCOPE_AT + scope * SCOPE_ID_BYTES
  return toHex(bytes.subarray(at, at + SCOPE_ID_BYTES))
}

// Hex digits of one length sort as the bytes they stand for.
function misplacedScope(scope_ids: readonly string[]): number | undefined {
  const scope = scope_ids.findIndex((id, i) => id <= (scope_ids[i - 1] ?? ''))
  return scope === -1 ? undefined : scope
}

/**
 * The bytes of a content key.
 * @throws RangeError where parseContentKey would not give back the same
 */
export function encodeContentKey({ nonce, wrapped, ...head }: ContentKey): Uint8Array {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`)
  if (wrapped.length !== WRAPPED_BYTES) throw new RangeError(`a wrapped payload key has ${WRAPPED_BYTES} bytes`)
  return concatBytes(encodeContentKeyHead(head), nonce, wrapped)
}

/**
 * The bytes of a content key before its nonce, which its payload key is bound to.
 * @throws RangeError as encodeContentKey
 */
export function encodeContentKeyHead({
  body_digest,
  scope_ids,
}: Pick<ContentKey, 'body_digest' | 'scope_ids'>): Uint8Array {
  const scopes = scope_ids.length
  if (!isHex(body_digest, 2 * HASH_BYTES)) throw new RangeError('a body digest is 64 lower-case hex digits')
  if (scopes < 1 || scopes > MAX_SCOPES) throw new RangeError(`a content key has 1 to ${MAX_SCOPES} scopes`)
  if (!scope_ids.every(isScopeId)) throw new RangeError('a scope id is 32 lower-case hex digits')
  if (misplacedScope(scope_ids) !== undefined) throw new RangeError('scope ids ascend, and none comes twice')
  const count = Uint8Array.of(scopes >> 8, scopes & 0xff)
  return concatBytes(Uint8Array.of(VERSION), bytesOfHex(body_digest), count, ...scope_ids.map(bytesOfHex))
}

/** Whether text is the id of a scope. */
export function isScopeId(text: string): boolean {
  return isHex(text, 2 * SCOPE_ID_BYTES)
}

/** The id of a content key, which stands in the entry: SHA-256 of its bytes, 64 lower-case hex digits. */
export function contentKeyId(bytes: Uint8Array): string {
  return sha256Hex(bytes)
}
