// Blocks of an archive segment, compressed and sealed (spec/archive.md §1). The key of a segment follows from what is sealed under it, so
// that no nonce ever meets two texts: whatever was compressed otherwise has another key, and another name.

import type { KeyObject } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { NONCE_BYTES, openAesGcm, sealAesGcm } from '../crypto/aead.ts'
import { hkdfSha256 } from '../crypto/hkdf.ts'
import { hmacSha256Hex, sha256Hex } from '../crypto/sha256.ts'
import { type Block, decodeBlock, MAX_BLOCK_BYTES } from './segment-block.ts'

/** Entries are half digits, which no level makes smaller: higher ones are slower, and no better. In most cases one piece holds what comes out. */
const PACKED = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 8_192 }
/** Entries, and what stands around them. */
const UNPACKED = { maxOutputLength: 4 * MAX_BLOCK_BYTES, chunkSize: 36_864 }

/** What is in a segment, besides its blocks. None of it holds a line break. */
export interface SegmentScope {
  /** The origin. */
  readonly ledger: string
  readonly retention_class: string
  /** `2032-11`, `open` or `none`. */
  readonly due_month: string
}

export function packBlock(plain: Uint8Array): Uint8Array {
  return zstdCompressSync(plain, PACKED)
}

/** `undefined` where the bytes are no block. */
export function unpackBlock(packed: Uint8Array): Block | undefined {
  const plain = unpack(packed)
  return plain === undefined ? undefined : decodeBlock(plain)
}

function unpack(packed: Uint8Array): Uint8Array | undefined {
  try {
    return zstdDecompressSync(packed, UNPACKED)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

/**
 * What names a segment: a keyed digest of all that its object holds, 64 lower-case hex digits. Who lacks the key can try nothing against it.
 * @param key of the scope of the segment
 * @param packed its blocks
 * @param behind_sha256 SHA-256 of what stands behind them in the object
 */
export function segmentDigest(
  key: KeyObject,
  scope: SegmentScope,
  packed: readonly Uint8Array[],
  behind_sha256: string,
): string {
  const parts = [...packed.map(sha256Hex), behind_sha256]
  const naming = hkdfSha256([key], `affidavit segment name v1\n${oneLine(scope.ledger)}`)
  const words = [
    'affidavit segment v1',
    scope.ledger,
    oneLine(scope.retention_class),
    oneLine(scope.due_month),
    ...parts,
  ]
  return hmacSha256Hex(naming, `${words.join('\n')}\n`)
}

/** The id of the segment with this digest. */
export function segmentId(digest: string): string {
  return digest.slice(0, 32)
}

export interface BlockNumber {
  readonly index: number
  readonly position: 'inner' | 'last'
}

export interface BlockCipher {
  /** Each place once. */
  seal(place: BlockNumber, packed: Uint8Array): Uint8Array
  /** The packed bytes; `undefined` where these are not the bytes that were sealed at this place of this segment. */
  open(place: BlockNumber, sealed: Uint8Array): Uint8Array | undefined
}

/** @param key of the scope of the segment */
export function createBlockCipher(key: KeyObject, ledger: string, digest: string): BlockCipher {
  const sealing = hkdfSha256([key], `affidavit segment v1\n${oneLine(ledger)}\n${digest}`)
  const segment = utf8(`affidavit segment block v1\n${ledger}\n${digest}\n`)
  return {
    seal(place, packed) {
      const nonce = nonceOf(place)
      return sealAesGcm(sealing, nonce, concatBytes(segment, nonce.subarray(INDEX_AT)), packed)
    },
    open(place, sealed) {
      const nonce = nonceOf(place)
      return openAesGcm(sealing, nonce, concatBytes(segment, nonce.subarray(INDEX_AT)), sealed)
    },
  }
}

// Three zeros, the index in eight bytes, the final flag: as in the chunks of a payload.
const INDEX_AT = 3

function nonceOf({ index, position }: BlockNumber): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setBigUint64(INDEX_AT, BigInt(index))
  nonce[NONCE_BYTES - 1] = position === 'last' ? 1 : 0
  return nonce
}

function oneLine(text: string): string {
  if (text.includes('\n')) throw new RangeError('what names a segment holds no line break')
  return text
}
