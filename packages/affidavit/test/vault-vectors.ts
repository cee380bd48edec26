// The golden bytes of testdata/vault, read for tests.

import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

interface BodyVector {
  readonly body?: string
  readonly bodyBytes?: number
}

export interface PayloadVector extends BodyVector {
  readonly name: string
  readonly ledger: string
  readonly conversation: string
  readonly blob_id: string
  readonly payloadKeyHex: string
  readonly saltHex: string
  readonly sealedHex?: string
  readonly expected: {
    readonly plain_size: number
    readonly sealed_size: number
    readonly ciphertext_sha256: string
    readonly commitment: string
  }
}

export interface ContentKeyVector extends BodyVector {
  readonly name: string
  readonly ledger: string
  readonly conversation: string
  readonly blob_id: string
  readonly scopeKeys: Readonly<Record<string, string>>
  readonly payloadKeyHex: string
  readonly nonceHex: string
  readonly body_digest: string
  readonly contentKeyHex: string
  readonly key_id: string
}

export interface ContentKeyLie {
  readonly name: string
  readonly contentKeyHex: string
  readonly lie: string
}

const folder = new URL('../testdata/vault/', import.meta.url)

const payload: { payloads: PayloadVector[] } = JSON.parse(readFileSync(new URL('payload.json', folder), 'utf8'))
const contentKey: { contentKeys: ContentKeyVector[]; lies: ContentKeyLie[] } = JSON.parse(
  readFileSync(new URL('content-key.json', folder), 'utf8'),
)

export const payloadVectors: readonly PayloadVector[] = payload.payloads
export const contentKeyVectors: readonly ContentKeyVector[] = contentKey.contentKeys
export const contentKeyLies: readonly ContentKeyLie[] = contentKey.lies

export function bytesFromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

export function keyFromHex(hex: string): KeyObject {
  return createSecretKey(Buffer.from(hex, 'hex'))
}

export function bodyOf({ body, bodyBytes }: BodyVector): Uint8Array {
  assert.ok((body === undefined) !== (bodyBytes === undefined))
  return body === undefined ? patternBytes(bodyBytes ?? 0) : Buffer.from(body)
}

/** Bytes that differ from chunk to chunk. */
export function patternBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251)
}
