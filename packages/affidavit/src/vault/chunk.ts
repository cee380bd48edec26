// One chunk of a sealed payload (spec/vault.md §2). Payload, place and being the last are bound to it: it opens nowhere else.

import type { KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { NONCE_BYTES, openAesGcm, sealAesGcm } from '../crypto/aead.ts'

/** Where a payload belongs. */
export interface PayloadPlace {
  /** The origin. */
  readonly ledger: string
  /** The conversation_id; empty where there is none. */
  readonly conversation: string
  readonly blob_id: string
}

/** A chunk's place in its payload. `last` says that nothing follows. */
export interface ChunkPlace {
  readonly index: number
  readonly position: 'inner' | 'last'
}

export interface ChunkCipher {
  /** Seals each place once: a second text at one place would share its nonce. */
  seal(place: ChunkPlace, plain: Uint8Array): Uint8Array
  /** The plain bytes; `undefined` where these are not the bytes that were sealed at this place of this payload. */
  open(place: ChunkPlace, sealed: Uint8Array): Uint8Array | undefined
}

/**
 * Seals and opens the chunks of one payload.
 * @throws RangeError where a text of the place holds a line break: two places could look alike
 */
export function createChunkCipher(payloadKey: KeyObject, { ledger, conversation, blob_id }: PayloadPlace): ChunkCipher {
  const lines = ['affidavit chunk v1', ledger, conversation, blob_id]
  if (lines.some((line) => line.includes('\n'))) throw new RangeError('the place of a payload holds no line break')
  const payload = utf8(`${lines.join('\n')}\n`)
  return {
    seal(place, plain) {
      const nonce = nonceOf(place)
      return sealAesGcm(payloadKey, nonce, additionalData(payload, nonce), plain)
    },
    open(place, sealed) {
      const nonce = nonceOf(place)
      return openAesGcm(payloadKey, nonce, additionalData(payload, nonce), sealed)
    },
  }
}

// Three zeros, the index in eight bytes, the final flag.
const INDEX_AT = 3

function nonceOf({ index, position }: ChunkPlace): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setBigUint64(INDEX_AT, BigInt(index))
  nonce[NONCE_BYTES - 1] = position === 'last' ? 1 : 0
  return nonce
}

// Index and final flag stand in it as they stand in the nonce.
function additionalData(payload: Uint8Array, nonce: Uint8Array): Uint8Array {
  return concatBytes(payload, nonce.subarray(INDEX_AT))
}
