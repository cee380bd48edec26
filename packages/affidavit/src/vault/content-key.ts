// Payload keys under scope keys (spec/vault.md §3). All the scope keys together open one; destroying any closes it for ever.

import { createSecretKey, type KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { NONCE_BYTES, openAesGcm, sealAesGcm } from '../crypto/aead.ts'
import { hkdfSha256 } from '../crypto/hkdf.ts'
import type { RandomSource } from '../crypto/random.ts'
import {
  type ContentKey,
  type ContentKeyFault,
  contentKeyId,
  encodeContentKey,
  encodeContentKeyHead,
  isScopeId,
  parseContentKey,
} from '../formats/content-key.ts'
import { isBlobId } from '../formats/sealed.ts'

/** Scope keys by their ids, 32 lower-case hex digits. */
export type ScopeKeys = ReadonlyMap<string, KeyObject>

export interface WrapInput {
  /** The origin. */
  readonly ledger: string
  readonly blob_id: string
  /** Every scope of the payload, and no other. */
  readonly scopeKeys: ScopeKeys
  /** Of the body, under the same scope keys: 64 lower-case hex digits. */
  readonly body_digest: string
  readonly payloadKey: KeyObject
  readonly random: RandomSource
}

export interface UnwrapInput {
  /** The origin. */
  readonly ledger: string
  readonly blob_id: string
  /** As the entry says; of one that was wrapped anew, that of its bytes. */
  readonly key_id: string
  /** The bytes that are stored under it. */
  readonly contentKey: Uint8Array
  /** Those that are left; there may be others among them. */
  readonly scopeKeys: ScopeKeys
}

/** Why a payload key does not unwrap; one code for one cause. */
export type UnwrapFault =
  /** These are not the bytes that the key_id names. */
  | { readonly code: 'content-key-altered'; readonly expected: string; readonly got: string }
  /** They are, and are no content key. */
  | ContentKeyFault
  /** Scope keys are not there: destroyed, or not in this keyring. */
  | { readonly code: 'scope-key-missing'; readonly scope_ids: readonly string[] }
  /**
   * The content key is the one that was recorded, but a scope key is another one, the payload belongs elsewhere, or its
   * body digest or scopes are not those that it was wrapped with.
   */
  | { readonly code: 'wrong-key' }

/** A new payload key. It seals one payload. */
export function createPayloadKey(random: RandomSource): KeyObject {
  const secret = random(KEY_BYTES)
  const payloadKey = createSecretKey(secret)
  secret.fill(0)
  return payloadKey
}

/**
 * Wraps a payload key under scope keys: the content key to store, and its id for the entry.
 * @throws RangeError for no scope, an id or a body digest that is none, or a key that is not of 32 bytes
 */
export function wrapPayloadKey({ ledger, blob_id, scopeKeys, body_digest, payloadKey, random }: WrapInput): {
  readonly contentKey: Uint8Array
  readonly key_id: string
} {
  if (!isBlobId(blob_id)) throw new RangeError('a blob_id is 32 lower-case hex digits')
  if (payloadKey.symmetricKeySize !== KEY_BYTES) throw new RangeError(`a payload key has ${KEY_BYTES} bytes`)
  const { scope_ids, keys } = scopesInOrder(scopeKeys)
  const head = { body_digest, scope_ids }
  const wrappingKey = deriveWrappingKey(keys, ledger, blob_id)
  const nonce = random(NONCE_BYTES)
  const secret = payloadKey.export()
  const wrapped = sealAesGcm(wrappingKey, nonce, additionalData(ledger, blob_id, head), secret)
  secret.fill(0)
  const contentKey = encodeContentKey({ ...head, nonce, wrapped })
  return { contentKey, key_id: contentKeyId(contentKey) }
}

/** Unwraps the payload key of a payload. */
export function unwrapPayloadKey(input: UnwrapInput): KeyObject | UnwrapFault {
  const { ledger, blob_id, key_id: expected } = input
  const got = contentKeyId(input.contentKey)
  if (got !== expected) return { code: 'content-key-altered', expected, got }
  const contentKey = parseContentKey(input.contentKey)
  if ('code' in contentKey) return contentKey
  const { scope_ids, nonce, wrapped } = contentKey
  const scopeKeys = scope_ids.flatMap((id) => input.scopeKeys.get(id) ?? [])
  if (scopeKeys.length < scope_ids.length) {
    return { code: 'scope-key-missing', scope_ids: scope_ids.filter((id) => !input.scopeKeys.has(id)) }
  }
  const wrappingKey = deriveWrappingKey(scopeKeys, ledger, blob_id)
  const secret = openAesGcm(wrappingKey, nonce, additionalData(ledger, blob_id, contentKey), wrapped)
  if (secret === undefined) return { code: 'wrong-key' }
  const payloadKey = createSecretKey(secret)
  secret.fill(0)
  return payloadKey
}

/**
 * Scopes in the order of their ids: the order in which keys are derived from them.
 * @throws RangeError for an id that is none, or a key that is not of 32 bytes
 */
export function scopesInOrder(scopeKeys: ScopeKeys): {
  readonly scope_ids: readonly string[]
  readonly keys: readonly KeyObject[]
} {
  const scopes = [...scopeKeys].sort(([a], [b]) => (a < b ? -1 : 1))
  if (!scopes.every(([id]) => isScopeId(id))) throw new RangeError('a scope id is 32 lower-case hex digits')
  if (scopes.some(([, key]) => key.symmetricKeySize !== KEY_BYTES)) {
    throw new RangeError(`a scope key has ${KEY_BYTES} bytes`)
  }
  return { scope_ids: scopes.map(([id]) => id), keys: scopes.map(([, key]) => key) }
}

const KEY_BYTES = 32

function deriveWrappingKey(scopeKeys: readonly KeyObject[], ledger: string, blob_id: string): KeyObject {
  return hkdfSha256(scopeKeys, `affidavit payload wrap v1\n${ledger}\n${blob_id}`)
}

// The digest and the scopes are bound to the wrapped key as they stand in front of it.
function additionalData(
  ledger: string,
  blob_id: string,
  head: Pick<ContentKey, 'body_digest' | 'scope_ids'>,
): Uint8Array {
  return concatBytes(utf8(`affidavit content key v1\n${ledger}\n${blob_id}\n`), encodeContentKeyHead(head))
}
