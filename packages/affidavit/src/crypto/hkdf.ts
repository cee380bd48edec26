// HKDF-SHA-256 (RFC 5869) without salt, for one more key out of keys.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { HASH_BYTES } from './sha256.ts'

/** RFC 5869 §2.2: no salt is one of zeros. */
const NO_SALT = createSecretKey(new Uint8Array(HASH_BYTES))
/** RFC 5869 §2.3: the number of the one block that 32 bytes take, behind the info. */
const FIRST_BLOCK = '\x01'

/**
 * The key of 32 bytes that `keys`, one behind the other, and `info` lead to. Where there are several keys, all have one
 * length: else the place where one ends and the next begins would not be fixed.
 * @throws RangeError for no key, or keys of different lengths
 */
export function hkdfSha256(keys: readonly KeyObject[], info: string): KeyObject {
  const [first] = keys
  if (first === undefined) throw new RangeError('a key is derived from at least one key')
  if (keys.some((key) => key.symmetricKeySize !== first.symmetricKeySize)) throw new RangeError('keys of one length')
  const extracted = keys.length === 1 ? extractedOnce(first) : extract(keys)
  return secretKey(createHmac('sha256', extracted).update(`${info}${FIRST_BLOCK}`).digest())
}

// One scope key leads to a key for each payload: the part that is the same for all of them is done once, and goes when it goes.
const extractions = new WeakMap<KeyObject, KeyObject>()

function extractedOnce(key: KeyObject): KeyObject {
  const known = extractions.get(key)
  if (known !== undefined) return known
  const extracted = extract([key])
  extractions.set(key, extracted)
  return extracted
}

function extract(keys: readonly KeyObject[]): KeyObject {
  const parts = keys.map((key) => key.export())
  const joined = concatBytes(...parts)
  const extracted = secretKey(createHmac('sha256', NO_SALT).update(joined).digest())
  for (const copy of [...parts, joined]) copy.fill(0)
  return extracted
}

/** Copies of keys outside their KeyObjects live no longer than they are needed. */
function secretKey(bytes: Uint8Array): KeyObject {
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}
