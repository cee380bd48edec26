// SHA-256 and HMAC-SHA-256. The one-shot crypto.hash is about twice as fast as createHash for short inputs.

import { createHash, createHmac, hash, type KeyObject } from 'node:crypto'

/** 32 bytes. */
export type Hash = Uint8Array

export const HASH_BYTES = 32

/** SHA-256 of bytes, or of the UTF-8 of a text. */
export function sha256(bytes: Uint8Array | string): Hash {
  // Asking for a buffer allocates one outside the JavaScript heap, which costs as much as hashing a short input.
  const digest = hash('sha256', bytes, 'binary')
  const bytesOfDigest = new Uint8Array(HASH_BYTES)
  for (let i = 0; i < HASH_BYTES; i++) bytesOfDigest[i] = digest.charCodeAt(i)
  return bytesOfDigest
}

/** The same in lower-case hex. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex')
}

/**
 * HMAC-SHA-256 (RFC 2104) of the UTF-8 of a text under a secret key, in lower-case hex. Keys are KeyObjects: raw buffers are
 * several times slower. Text goes in and hex comes out: a buffer on either side costs as much as the HMAC.
 */
export function hmacSha256Hex(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/** A digest of bytes that come in pieces. It ends once: after `hex` it takes nothing more. */
export interface Digest {
  update(bytes: Uint8Array): void
  /** 64 lower-case hex digits. */
  hex(): string
}

/** SHA-256 of a stream. */
export function createSha256(): Digest {
  const digest = createHash('sha256')
  return { update: (bytes) => void digest.update(bytes), hex: () => digest.digest('hex') }
}

/** HMAC-SHA-256 of a stream under a secret key. */
export function createHmacSha256(key: KeyObject): Digest {
  const digest = createHmac('sha256', key)
  return { update: (bytes) => void digest.update(bytes), hex: () => digest.digest('hex') }
}
