// What equal bodies are found by (spec/vault.md §3): a digest under their scope keys. Without one of them, no body can be
// tried against it.

import { hkdfSha256 } from '../crypto/hkdf.ts'
import { createHmacSha256, type Digest } from '../crypto/sha256.ts'
import type { PayloadPlace } from './chunk.ts'
import { type ScopeKeys, scopesInOrder } from './content-key.ts'

/**
 * The digest of a body that comes in pieces: the same for equal bodies of one conversation under the same scopes.
 * @throws RangeError for no scope, an id that is none, a key that is not of 32 bytes, or a line break in the place
 */
export function createBodyDigest(scopeKeys: ScopeKeys, place: Pick<PayloadPlace, 'ledger' | 'conversation'>): Digest {
  const { keys } = scopesInOrder(scopeKeys)
  return createHmacSha256(hkdfSha256(keys, equalBodyInfo(place)))
}

/**
 * What the key of body digests is derived with, for whoever keeps derived keys.
 * @throws RangeError for a line break in the place
 */
export function equalBodyInfo({ ledger, conversation }: Pick<PayloadPlace, 'ledger' | 'conversation'>): string {
  const lines = ['affidavit equal body v1', ledger, conversation]
  if (lines.some((line) => line.includes('\n'))) throw new RangeError('the place of a body holds no line break')
  return lines.join('\n')
}
