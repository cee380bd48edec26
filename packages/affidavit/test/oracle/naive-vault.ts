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

export type NaiveScopes = readonly (readonly [id: string, key: Uint8Array])[]

/** What equal bodies are found by, with the scopes in the order that is given. */
export function naiveBodyDigest(
  { ledger, conversation }: Pick<NaivePlace, 'ledger' | 'conversation'>,
  scopes: NaiveScopes,
  body: Uint8Array,
): string {
  const key = naiveDerive(scopes, `affidavit equal body v1\n${ledger}\n${conversation}`)
  return createHmac('sha256', key).update(body).digest('hex')
}

/** All of a content key that stands before its nonce. */
export function naiveHead(bodyDigest: string, scopes: NaiveScopes): Buffer {
  const ids = scopes.map(([id]) => id).join('')
  return Buffer.from(`01${bodyDigest}${scopes.length.toString(16).padStart(4, '0')}${ids}`, 'hex')
}

/** A content key, with the scopes in the order that is given: ascending, or a lie; as `bound` is anything but its head. */
export function naiveContentKey(
  { ledger, blob_id, body_digest }: Pick<NaivePlace, 'ledger' | 'blob_id'> & { readonly body_digest: string },
  scopes: NaiveScopes,
  payloadKey: Uint8Array,
  nonce: Uint8Array,
  bound: Uint8Array = naiveHead(body_digest, scopes),
): Buffer {
  const wrapping = naiveDerive(scopes, `affidavit payload wrap v1\n${ledger}\n${blob_id}`)
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce)
  cipher.setAAD(Buffer.concat([Buffer.from(`affidavit content key v1\n${ledger}\n${blob_id}\n`), bound]))
  const wrapped = Buffer.concat([cipher.update(payloadKey), cipher.final(), cipher.getAuthTag()])
  assert.equal(wrapped.length, 48)
  return Buffer.concat([naiveHead(body_digest, scopes), nonce, wrapped])
}

function naiveDerive(scopes: NaiveScopes, info: string): Buffer {
  const extracted = createHmac('sha256', Buffer.alloc(32))
  for (const [, key] of scopes) extracted.update(key)
  return createHmac('sha256', extracted.digest()).update(info).update(Buffer.of(1)).digest()
}

/** SHA-256 in hex: of sealed bytes, and the key_id of a content key. */
export function naiveSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
