// Sealing straight from spec/vault.md §2 and §3, all in memory, with node:crypto alone. Shares nothing with src; the second
// opinion on what the vault writes, and the forger of what it must refuse.

import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'

export interface NaivePlace {
  readonly ledger: string
  readonly conversation: string
  readonly blob_id: string
}

export interface NaiveSealed {
  readonly chunks: readonly Buffer[]
  readonly sealed: Buffer
  readonly commitment: string
}

/** The sealed payload of salt and body. */
export function naiveSeal(key: Uint8Array, place: NaivePlace, salt: Uint8Array, body: Uint8Array): NaiveSealed {
  const plain = Buffer.concat([salt, body])
  const count = Math.ceil(plain.length / 65536)
  const chunks = Array.from({ length: count }, (_, i) =>
    naiveChunk(key, place, i, i === count - 1, plain.subarray(i * 65536, (i + 1) * 65536)),
  )
  const commitment = createHmac('sha256', salt).update(body).digest('hex')
  return { chunks, sealed: Buffer.concat(chunks), commitment }
}

/** One chunk, whatever index and flag are claimed for it. */
export function naiveChunk(key: Uint8Array, place: NaivePlace, i: number, final: boolean, plain: Uint8Array): Buffer {
  const [nonce, aad] = nonceAndAad(place, i, final)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Salt and body of a sealed payload. Throws where it does not open. */
export function naiveOpen(key: Uint8Array, place: NaivePlace, sealed: Uint8Array): Buffer {
  const plain: Buffer[] = []
  for (let at = 0, i = 0; at < sealed.length; at += 65552, i++) {
    const end = Math.min(at + 65552, sealed.length)
    const [nonce, aad] = nonceAndAad(place, i, end === sealed.length)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
    decipher.setAAD(aad)
    decipher.setAuthTag(sealed.subarray(end - 16, end))
    plain.push(decipher.update(sealed.subarray(at, end - 16)), decipher.final())
  }
  return Buffer.concat(plain)
}

function nonceAndAad({ ledger, conversation, blob_id }: NaivePlace, i: number, final: boolean): [Buffer, Buffer] {
  const hex = i.toString(16).padStart(16, '0') + (final ? '01' : '00')
  const text = `affidavit chunk v1\n${ledger}\n${conversation}\n${blob_id}\n`
  return [Buffer.from(`000000${hex}`, 'hex'), Buffer.concat([Buffer.from(text), Buffer.from(hex, 'hex')])]
}

/** A content key, with the scopes in the order that is given: ascending, or a lie. */
export function naiveContentKey(
  { ledger, blob_id }: Pick<NaivePlace, 'ledger' | 'blob_id'>,
  scopes: readonly (readonly [id: string, key: Uint8Array])[],
  payloadKey: Uint8Array,
  nonce: Uint8Array,
): Buffer {
  const ids = scopes.map(([id]) => id).join('')
  const head = Buffer.from(`01${scopes.length.toString(16).padStart(4, '0')}${ids}`, 'hex')
  const keys = Buffer.concat(scopes.map(([, key]) => key))
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(keys).digest()
  const info = `affidavit payload wrap v1\n${ledger}\n${blob_id}`
  const wrapping = createHmac('sha256', extracted).update(info).update(Buffer.of(1)).digest()
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce)
  cipher.setAAD(Buffer.from(`affidavit content key v1\n${ledger}\n${blob_id}`))
  const wrapped = Buffer.concat([cipher.update(payloadKey), cipher.final(), cipher.getAuthTag()])
  assert.equal(wrapped.length, 48)
  return Buffer.concat([head, nonce, wrapped])
}

/** SHA-256 in hex: of sealed bytes, and the key_id of a content key. */
export function naiveSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
