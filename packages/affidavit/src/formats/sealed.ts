// Sealed payloads as anybody sees them who has no key (spec/vault.md §2, §3): their sizes, their hash, their content key's id.

import { isHex } from '../bytes/hex.ts'
import { TAG_BYTES } from '../crypto/aead.ts'
import { createSha256 } from '../crypto/sha256.ts'
import { type ContentKeyFault, contentKeyId, parseContentKey } from './content-key.ts'

/** Plain bytes of every chunk but the last, which has 1 to as many. */
export const CHUNK_PLAIN_BYTES = 65_536
/** Every sealed chunk but the last has as many bytes. */
export const SEALED_CHUNK_BYTES: number = CHUNK_PLAIN_BYTES + TAG_BYTES
/** The commitment salt stands in front of the body. */
export const SALT_BYTES = 32

/** What a content reference (spec/entry.md §5) says of the stored bytes. */
export interface SealedReference {
  readonly blob_id: string
  readonly key_id: string
  readonly plain_size: number
  readonly sealed_size: number
  readonly ciphertext_sha256: string
}

/** What is wrong with a reference, or with what is stored for it: one code for one cause. */
export type SealedFault =
  /** The blob_id of the reference is not 32 lower-case hex digits. */
  | { readonly code: 'blob-id-form' }
  /** The key_id of the reference is not 64 lower-case hex digits. */
  | { readonly code: 'key-id-form' }
  /** A body of plain_size is sealed to another size than sealed_size. */
  | { readonly code: 'sealed-size-mismatch'; readonly expected: number; readonly got: number }
  /** More or fewer bytes are stored than sealed_size says. */
  | { readonly code: 'stored-size-mismatch'; readonly expected: number; readonly got: number }
  /** As many bytes are stored as sealed_size says, but others. */
  | { readonly code: 'ciphertext-mismatch'; readonly expected: string; readonly got: string }
  /** Another content key is stored than the one that key_id names. */
  | { readonly code: 'key-id-mismatch'; readonly expected: string; readonly got: string }
  /** The content key that key_id names is none: it was wrong when it was recorded. */
  | ContentKeyFault
  /** Another body digest is listed beside the payload than the one in its content key. */
  | { readonly code: 'body-digest-mismatch'; readonly expected: string; readonly got: string }

/** How many bytes a body of `plain_size` is sealed to. */
export function sealedSize(plain_size: number): number {
  const salted = SALT_BYTES + plain_size
  return salted + TAG_BYTES * Math.ceil(salted / CHUNK_PLAIN_BYTES)
}

/** The size of the body that is sealed to `sealed_size` bytes; `undefined` where none is. */
export function plainSize(sealed_size: number): number | undefined {
  const plain_size = sealed_size - TAG_BYTES * Math.ceil(sealed_size / SEALED_CHUNK_BYTES) - SALT_BYTES
  return plain_size >= 0 && sealedSize(plain_size) === sealed_size ? plain_size : undefined
}

/** Whether text is the id of a sealed payload. */
export function isBlobId(text: string): boolean {
  return isHex(text, 32)
}

/** What a reference says that cannot be, whatever is stored for it. */
export function checkReference({ blob_id, key_id, plain_size, sealed_size }: SealedReference): readonly SealedFault[] {
  const expected = sealedSize(plain_size)
  const faults: SealedFault[] = []
  if (!isBlobId(blob_id)) faults.push({ code: 'blob-id-form' })
  if (!isHex(key_id, 64)) faults.push({ code: 'key-id-form' })
  if (sealed_size !== expected) faults.push({ code: 'sealed-size-mismatch', expected, got: sealed_size })
  return faults
}

/** A look at stored bytes as they come. It ends once. */
export interface StoredCheck {
  /** The next bytes, cut anywhere. They are not kept. */
  push(stored: Uint8Array): void
  /** What is wrong with all of them; they are either too many or few, or other bytes. */
  end(): SealedFault | undefined
}

/** Checks the bytes that are stored for a reference: size and hash. */
export function createStoredCheck({
  sealed_size: expected,
  ciphertext_sha256,
}: Pick<SealedReference, 'sealed_size' | 'ciphertext_sha256'>): StoredCheck {
  const digest = createSha256()
  let size = 0
  return {
    push(stored) {
      size += stored.length
      digest.update(stored)
    },
    end() {
      if (size !== expected) return { code: 'stored-size-mismatch', expected, got: size }
      const got = digest.hex()
      return got === ciphertext_sha256 ? undefined : { code: 'ciphertext-mismatch', expected: ciphertext_sha256, got }
    },
  }
}

/** Which content key has to be stored: the one that the entry names, with the digest that the payload is listed under. */
export interface ContentKeyReference {
  readonly key_id: string
  readonly body_digest: string
}

/** Checks the content key that is stored for a payload. It is under `key_id`; what is listed beside it is not. */
export function checkContentKey(
  stored: Uint8Array,
  { key_id, body_digest }: ContentKeyReference,
): SealedFault | undefined {
  const got = contentKeyId(stored)
  if (got !== key_id) return { code: 'key-id-mismatch', expected: key_id, got }
  const contentKey = parseContentKey(stored)
  if ('code' in contentKey) return contentKey
  const { body_digest: expected } = contentKey
  return body_digest === expected ? undefined : { code: 'body-digest-mismatch', expected, got: body_digest }
}
