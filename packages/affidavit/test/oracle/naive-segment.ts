// A segment of the archive as a reader of spec/archive.md §1 reads and makes it who has seen nothing of ours: whole objects, no ranges, and
// nothing but what Node brings along.

import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'

interface NaiveManifest {
  readonly ledger: string
  readonly digest: string
  readonly retention_class: string
  readonly due_month: string
  readonly checkpoint: string
  readonly seqs: string
  readonly replaces?: string
  readonly leaves_sha256: string
  readonly blocks: readonly { readonly offset: number; readonly length: number }[]
  readonly rest: { readonly offset: number; readonly count: number }
  readonly payloads: { readonly offset: number }
  readonly object: { readonly length: number; readonly sha256: string }
}

export interface NaiveSegment {
  readonly manifest: NaiveManifest
  readonly entries: readonly { readonly seq: number; readonly entry: string }[]
  /** By blob_id, as they are stored. */
  readonly payloads: ReadonlyMap<string, Buffer>
  /** The root that entries and rest lead to, and the one that the checkpoint names. */
  readonly root: string
  readonly signedRoot: string
  /** The object, made again of what was opened. */
  readonly remade: Buffer
  readonly digest: string
  /** Who owns its scope key in the keyring. */
  readonly owner: string
}

export function naiveSegment(note: string, object: Buffer, key: Buffer): NaiveSegment {
  const manifest: NaiveManifest = JSON.parse(note.split('\n')[1] ?? '')
  const { ledger, digest, blocks, rest } = manifest
  const blockKey = hkdf(key, `affidavit segment v1\n${ledger}\n${digest}`)
  const packed = blocks.map(({ offset, length }, i) => {
    const [nonce, aad] = placeOf(manifest, i)
    const sealed = object.subarray(offset, offset + length)
    const decipher = createDecipheriv('aes-256-gcm', blockKey, nonce)
    decipher.setAAD(aad).setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  })
  const sealedAgain = packed.map((plain, i) => {
    const [nonce, aad] = placeOf(manifest, i)
    const cipher = createCipheriv('aes-256-gcm', blockKey, nonce).setAAD(aad)
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  })
  const behind = object.subarray(rest.offset)
  const opened = packed.map((one) => readBlock(zstdDecompressSync(one), object.subarray(manifest.payloads.offset)))
  const entries = opened.flatMap((block) => block.entries)
  const leaves = new Map(entries.map(({ seq, entry }) => [seq, hash(Buffer.from([0]), Buffer.from(entry))]))
  const hashes = Array.from({ length: rest.count }, (_, i) => behind.subarray(32 * i, 32 * i + 32))
  const [, size = '', signed = ''] = manifest.checkpoint.split('\n')
  const words = ['affidavit segment v1', ledger, manifest.retention_class, manifest.due_month]
  const naming = hkdf(key, `affidavit segment name v1\n${ledger}`)
  const named = [...words, ...packed.map((one) => hash(one).toString('hex')), hash(behind).toString('hex')]
  return {
    manifest,
    entries,
    payloads: new Map(opened.flatMap((block) => [...block.payloads])),
    root: rootOf(0, Number(size), leaves, hashes[Symbol.iterator]()).toString('hex'),
    signedRoot: Buffer.from(signed, 'base64').toString('hex'),
    remade: Buffer.concat([Buffer.from('affidavit segment v1\n'), ...sealedAgain, behind]),
    digest: createHmac('sha256', naming)
      .update(`${named.join('\n')}\n`)
      .digest('hex'),
    owner: ownerOf(manifest),
  }
}

function ownerOf({ ledger, retention_class, due_month, seqs, replaces = '' }: NaiveManifest): string {
  const text = `affidavit segment key v1\n${ledger}\n${retention_class}\n${due_month}\n${seqs}\n${replaces}\n`
  return `archive ${hash(Buffer.from(text)).toString('hex').slice(0, 32)}`
}

function placeOf({ ledger, digest, blocks }: NaiveManifest, i: number): [nonce: Buffer, aad: Buffer] {
  const place = Buffer.alloc(9)
  place.writeBigUInt64BE(BigInt(i))
  place[8] = i === blocks.length - 1 ? 1 : 0
  const aad = Buffer.concat([Buffer.from(`affidavit segment block v1\n${ledger}\n${digest}\n`), place])
  return [Buffer.concat([Buffer.alloc(3), place]), aad]
}

function readBlock(bytes: Buffer, behind: Buffer): Pick<NaiveSegment, 'entries' | 'payloads'> {
  const entries: { seq: number; entry: string }[] = []
  let at = 4
  for (let left = bytes.readUInt32BE(0); left > 0; left--) {
    const length = bytes.readUInt32BE(at + 8)
    entries.push({ seq: Number(bytes.readBigUInt64BE(at)), entry: bytes.toString('utf8', at + 12, at + 12 + length) })
    at += 12 + length
  }
  const payloads = new Map<string, Buffer>()
  const count = bytes.readUInt32BE(at)
  at += 4
  for (let i = 0; i < count; i++, at += 48) {
    const offset = Number(bytes.readBigUInt64BE(at + 32))
    const length = Number(bytes.readBigUInt64BE(at + 40))
    payloads.set(bytes.toString('latin1', at, at + 32), behind.subarray(offset, offset + length))
  }
  if (at !== bytes.length) throw new Error('something is left over')
  return { entries, payloads }
}

// RFC 6962 §2.1, where a subtree without any of the entries is the next hash of the rest.
function rootOf(begin: number, end: number, leaves: ReadonlyMap<number, Buffer>, rest: Iterator<Buffer>): Buffer {
  if (![...leaves.keys()].some((seq) => begin <= seq && seq < end)) return rest.next().value
  if (end - begin === 1) return leaves.get(begin) ?? Buffer.alloc(0)
  let split = 1
  while (split * 2 < end - begin) split *= 2
  const left = rootOf(begin, begin + split, leaves, rest)
  return hash(Buffer.from([1]), left, rootOf(begin + split, end, leaves, rest))
}

function hash(...parts: readonly Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

// RFC 5869, without salt, one block.
function hkdf(key: Buffer, info: string): Buffer {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(key).digest()
  return createHmac('sha256', extracted).update(`${info}\x01`).digest()
}
