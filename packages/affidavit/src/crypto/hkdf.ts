// HKDF-SHA-256 (RFC 5869) without salt, for one more key out of keys.

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'

const NO_SALT = new Uint8Array()

/**
 * The key of 32 bytes that `keys`, one behind the other, and `info` lead to. Where there are several keys, all have one
 * length: else the place where one ends and the next begins would not be fixed.
 * @throws RangeError for no key, or keys of different lengths
 */
export function hkdfSha256(keys: readonly KeyObject[], info: string): KeyObject {
  const [first] = keys
  if (first === undefined) throw new RangeError('a key is derived from at least one key')
  if (keys.some((key) => key.symmetricKeySize !== first.symmetricKeySize)) throw new RangeError('keys of one length')
  const parts = keys.map((key) => key.export())
  const joined = concatBytes(...parts)
  const derived = new Uint8Array(hkdfSync('sha256', joined, NO_SALT, info, 32))
  const key = createSecretKey(derived)
  // Copies of keys outside their KeyObjects live no longer than they are needed.
  for (const copy of [...parts, joined, derived]) copy.fill(0)
  return key
}
