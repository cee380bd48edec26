// Names and tags of keys in KMS, which allow fewer characters than the name of a ledger has (spec/keys.md §7).

import { sha256Hex } from '../crypto/sha256.ts'

// An alias has at most 256 characters; what stands around the ledger in it takes less than 50.
const MAX_CHARACTERS = 200

/**
 * The name of a ledger in letters, digits, `/`, `-` and `_`: every other byte of its UTF-8 is `_` and two hex digits. What
 * would be too long is `__` and its SHA-256. No two ledgers have the same.
 */
export function kmsName(ledger: string): string {
  const bytes = [...Buffer.from(ledger)]
  const name = bytes.map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : escaped(byte))).join('')
  return name.length <= MAX_CHARACTERS ? name : `__${sha256Hex(ledger)}`
}

function isPlain(byte: number): boolean {
  return /[A-Za-z0-9/-]/.test(String.fromCharCode(byte))
}

function escaped(byte: number): string {
  return `_${byte.toString(16).padStart(2, '0')}`
}

/** `arn:aws:kms:REGION:ACCOUNT:key/ID`: it names one key for ever, and where it is. */
export function isKeyArn(text: string): boolean {
  return /^arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(text)
}
