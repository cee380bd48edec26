// Sealing a payload (spec/vault.md §2), as a stream: whatever the size of the body, no more than a chunk of it is held.

import { createSecretKey, type KeyObject } from 'node:crypto'

import type { RandomSource } from '../crypto/random.ts'
import { createHmacSha256, createSha256 } from '../crypto/sha256.ts'
import { CHUNK_PLAIN_BYTES, isBlobId, SALT_BYTES } from '../formats/sealed.ts'
import { createChunkCipher, type PayloadPlace } from './chunk.ts'
import { createCutter } from './cut.ts'

export interface SealInput extends PayloadPlace {
  /** Seals this payload and nothing else, ever, not even a second try: nonces count from 0 under each key. */
  readonly payloadKey: KeyObject
  readonly random: RandomSource
}

/** What sealing came to: the members of a content reference (spec/entry.md §5), and the chunks to store. */
export interface SealedPayload {
  readonly chunks: readonly Uint8Array[]
  readonly plain_size: number
  readonly sealed_size: number
  readonly ciphertext_sha256: string
  readonly commitment: string
}

export interface Sealer {
  /** Takes more of the body, whose bytes are free again afterwards. Gives the chunks that are sealed now, in order. */
  push(plain: Uint8Array): readonly Uint8Array[]
  /** Seals the last chunk and gives it. Nothing can be pushed afterwards. */
  end(): SealedPayload
}

/**
 * Begins to seal a payload, of `expected` bytes where that is known; more or fewer may come.
 * @throws RangeError for a blob_id that is not 32 lower-case hex digits, a ledger or conversation with a line break, or a
 * key that is not of 32 bytes
 */
export function createSealer({ payloadKey, random, ...place }: SealInput, expected = 0): Sealer {
  if (!isBlobId(place.blob_id)) throw new RangeError('a blob_id is 32 lower-case hex digits')
  if (payloadKey.symmetricKeySize !== 32) throw new RangeError('a payload key has 32 bytes')
  const cipher = createChunkCipher(payloadKey, place)
  const cutter = createCutter(CHUNK_PLAIN_BYTES, SALT_BYTES + expected)
  const salt = random(SALT_BYTES)
  const commitment = createHmacSha256(createSecretKey(salt))
  const ciphertext = createSha256()
  let plain_size = 0
  let sealed_size = 0
  let index = 0
  let ended = false

  function seal(plain: Uint8Array, position: 'inner' | 'last'): Uint8Array {
    const chunk = cipher.seal({ index, position }, plain)
    index++
    sealed_size += chunk.length
    ciphertext.update(chunk)
    return chunk
  }

  function expectOpen(): void {
    if (ended) throw new RangeError('this payload is sealed; another one needs another key')
  }

  cutter.push(salt)
  return {
    push(plain) {
      expectOpen()
      plain_size += plain.length
      commitment.update(plain)
      return cutter.push(plain).map((piece) => seal(piece, 'inner'))
    },
    end() {
      expectOpen()
      ended = true
      const chunks = [seal(cutter.rest(), 'last')]
      return {
        chunks,
        plain_size,
        sealed_size,
        ciphertext_sha256: ciphertext.hex(),
        commitment: commitment.hex(),
      }
    },
  }
}

/** Seals a body that is in memory; all chunks come at once. Throws as createSealer. */
export function sealBytes(input: SealInput, body: Uint8Array): SealedPayload {
  const sealer = createSealer(input, body.length)
  const inner = sealer.push(body)
  const sealed = sealer.end()
  return { ...sealed, chunks: [...inner, ...sealed.chunks] }
}
