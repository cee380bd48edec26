// UUIDs of RFC 9562: version 7 (time first) for what happens now, version 8 (ours: a digest) for what is derived.

import { toHex } from './hex.ts'

/**
 * UUIDv7 (RFC 9562 §5.7) from a Unix time in whole milliseconds and 10 random bytes.
 * @throws RangeError where the time does not fit into 48 bits
 */
export function uuidV7(at: number, random: Uint8Array): string {
  if (!Number.isSafeInteger(at) || at < 0 || at >= 2 ** 48) throw new RangeError(`${at} is no time of a UUIDv7`)
  const time = at.toString(16).padStart(12, '0')
  const bits = toHex(random)
  const variant = (0x80 | ((random[2] ?? 0) & 0x3f)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${bits.slice(1, 4)}-${variant}${bits.slice(6, 8)}-${bits.slice(8, 20)}`
}

/** UUIDv8 (RFC 9562 §5.8): the first 122 free bits of a digest of at least 16 bytes. */
export function uuidV8(digest: Uint8Array): string {
  const bytes = digest.slice(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = toHex(bytes)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
