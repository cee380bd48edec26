// Opening a sealed payload (spec/vault.md §2), as a stream. No byte leaves before the tag of its chunk was checked.

import { createSecretKey, type KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { createHmacSha256, type Digest } from '../crypto/sha256.ts'
import { plainSize, SALT_BYTES, SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { createChunkCipher, type PayloadPlace } from './chunk.ts'
import { createCutter } from './cut.ts'

export interface OpenInput extends PayloadPlace {
  readonly payloadKey: KeyObject
  /** As the entry says. */
  readonly sealed_size: number
  /** As the entry says. */
  readonly commitment: string
}

/** Why a payload does not open; one code for one cause. */
export type OpenFault =
  /** No body is sealed to so many bytes. */
  | { readonly code: 'sealed-size-impossible'; readonly got: number }
  /** The tag does not fit: bytes, key, payload, place or being the last is not what it was sealed with. */
  | { readonly code: 'chunk-altered'; readonly index: number }
  /** The bytes end before the last chunk is whole. */
  | { readonly code: 'truncated'; readonly expected: number; readonly got: number }
  /** Bytes follow the last chunk; how many is not waited for. */
  | { readonly code: 'trailing-bytes'; readonly expected: number }
  /** Every chunk opens, and the body is not the one that the entry commits to. */
  | { readonly code: 'commitment-mismatch'; readonly expected: string; readonly got: string }

/** The end of a body: what was left of it, and that the whole of it is what the entry commits to. */
export interface Opened {
  readonly plain: readonly Uint8Array[]
  readonly plain_size: number
  readonly commitment: string
}

/**
 * Opens as bytes come. Plain bytes are given out chunk by chunk, each proven; that the payload is whole is known at the end
 * only. A fault may thus come behind bytes that were right: whoever must not act on half a body waits for `end`. After a
 * fault nothing is opened any more, and every call answers that fault.
 */
export interface Opener {
  /** Takes more sealed bytes, cut anywhere. */
  push(sealed: Uint8Array): readonly Uint8Array[] | OpenFault
  /** Opens the last chunk, and finds what is cut or is another body. */
  end(): Opened | OpenFault
}

/**
 * Begins to open a payload.
 * @throws RangeError for a place with a line break, which no entry can hold, or a key that is not of 32 bytes
 */
export function createOpener({ payloadKey, sealed_size, commitment, ...place }: OpenInput): Opener {
  if (payloadKey.symmetricKeySize !== 32) throw new RangeError('a payload key has 32 bytes')
  const cipher = createChunkCipher(payloadKey, place)
  const cutter = createCutter(SEALED_CHUNK_BYTES)
  const body = createBody()
  let received = 0
  let index = 0
  let ended = false
  let fault: OpenFault | undefined =
    plainSize(sealed_size) === undefined ? { code: 'sealed-size-impossible', got: sealed_size } : undefined

  function open(chunks: readonly Uint8Array[], position: 'inner' | 'last'): Uint8Array[] | OpenFault {
    const opened: Uint8Array[] = []
    for (const chunk of chunks) {
      const plain = cipher.open({ index, position }, chunk)
      if (plain === undefined) return { code: 'chunk-altered', index }
      index++
      opened.push(body.take(plain))
    }
    return opened
  }

  function push(sealed: Uint8Array): Uint8Array[] | OpenFault {
    expectUnended()
    // Which fault is found must not depend on how the bytes are cut: what belongs to the payload is judged first.
    const opened = open(cutter.push(sealed.subarray(0, sealed_size - received)), 'inner')
    received += sealed.length
    return 'code' in opened || received <= sealed_size ? opened : { code: 'trailing-bytes', expected: sealed_size }
  }

  function end(): Opened | OpenFault {
    expectUnended()
    ended = true
    if (received < sealed_size) return { code: 'truncated', expected: sealed_size, got: received }
    const plain = open([cutter.rest()], 'last')
    if ('code' in plain) return plain
    const { size, commitment: got } = body.end()
    if (got !== commitment) return { code: 'commitment-mismatch', expected: commitment, got }
    return { plain, plain_size: size, commitment }
  }

  function expectUnended(): void {
    if (ended) throw new RangeError('this payload was opened to its end')
  }

  function keepFault<T extends object>(answer: T | OpenFault): T | OpenFault {
    if ('code' in answer) fault = answer
    return answer
  }

  return {
    push: (sealed) => fault ?? keepFault(push(sealed)),
    end: () => fault ?? keepFault(end()),
  }
}

// The plain bytes without the salt that they begin with. The first chunk holds the whole salt: a payload that is too short
// for it has an impossible size.
function createBody(): { take(plain: Uint8Array): Uint8Array; end(): { size: number; commitment: string } } {
  let digest: Digest | undefined
  let size = 0
  return {
    take(plain) {
      const part = digest === undefined ? plain.subarray(SALT_BYTES) : plain
      digest ??= createHmacSha256(createSecretKey(plain.subarray(0, SALT_BYTES)))
      digest.update(part)
      size += part.length
      return part
    },
    end: () => ({ size, commitment: digest?.hex() ?? '' }),
  }
}

/** Opens a payload that is in memory: the whole body, proven to the last byte, or none of it. Throws as createOpener. */
export function openBytes(input: OpenInput, sealed: Uint8Array): Uint8Array | OpenFault {
  const opener = createOpener(input)
  const inner = opener.push(sealed)
  if ('code' in inner) return inner
  const last = opener.end()
  return 'code' in last ? last : concatBytes(...inner, ...last.plain)
}
