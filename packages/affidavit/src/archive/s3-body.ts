// Bytes on their way to S3, with what the server holds them against. Servers differ in which checksum they look at: Amazon's asks for one of them where an
// object is locked, Ceph's ignores SHA-256.

import { createHash } from 'node:crypto'

import { sha256 } from '../crypto/sha256.ts'

export interface CheckedBody {
  readonly Body: Uint8Array
  readonly ContentLength: number
  readonly ChecksumSHA256: string
  readonly ContentMD5?: string
}

export function checkedBody(bytes: Uint8Array): CheckedBody {
  const md5 = md5Of(bytes)
  return {
    Body: bytes,
    ContentLength: bytes.length,
    ChecksumSHA256: Buffer.from(sha256(bytes)).toString('base64'),
    ...(md5 === undefined ? {} : { ContentMD5: md5 }),
  }
}

// Not a matter of security, and not there where OpenSSL runs in FIPS mode.
function md5Of(bytes: Uint8Array): string | undefined {
  try {
    return createHash('md5').update(bytes).digest('base64')
  } catch {
    return undefined
  }
}
