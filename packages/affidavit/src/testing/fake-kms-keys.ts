// The keys of a KMS of our own: what it keeps and answers by the KMS API, without the wire. Real AES-GCM, real limits, real
// refusals; time is an argument.

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto'

import type { UnixMillis } from '../clock/clock.ts'

/** A refusal by the name that KMS has for it. */
export class KmsFault extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export interface FakeKey {
  readonly id: string
  readonly arn: string
  readonly created: UnixMillis
  readonly tags: ReadonlyMap<string, string>
  readonly secret: KeyObject
  state: 'Enabled' | 'Disabled' | 'Unavailable'
  deletion: UnixMillis | undefined
  /** Whether the next questions about it reach a place that knows it: one that was just made is not known everywhere. */
  readonly known: boolean[]
}

export interface FakeKeys {
  readonly keys: Map<string, FakeKey>
  readonly aliases: Map<string, string>
  answer(operation: string, input: Readonly<Record<string, unknown>>): object
}

const DAY = 86_400_000
const ID_BYTES = 36

/** `place` is where it is: the ARN of a key without its end. */
export function fakeKeys(place: string, now: () => UnixMillis, knownAtFirst: () => readonly boolean[]): FakeKeys {
  const keys = new Map<string, FakeKey>()
  const aliases = new Map<string, string>()

  // What was to be deleted is deleted when its time has come, aliases and all.
  function expire(): void {
    for (const { id, deletion } of keys.values()) if (deletion !== undefined && deletion <= now()) keys.delete(id)
    for (const [alias, id] of aliases) if (!keys.has(id)) aliases.delete(alias)
  }

  function keyOf(value: unknown): FakeKey {
    const text = textOf(value, 'KeyId', /^[\w:/-]{1,2048}$/)
    const key = keys.get(text.slice(text.lastIndexOf('/') + 1))
    if (key === undefined || (text !== key.id && text !== key.arn)) {
      throw new KmsFault('NotFoundException', `Key '${text}' does not exist`)
    }
    if (key.known.shift() === false) {
      throw new KmsFault('NotFoundException', `Key '${text}' does not exist`)
    }
    return key
  }

  function enabledKeyOf(value: unknown): FakeKey {
    const key = keyOf(value)
    if (key.deletion !== undefined) throw new KmsFault('KMSInvalidStateException', `${key.arn} is pending deletion.`)
    if (key.state === 'Disabled') throw new KmsFault('DisabledException', `${key.arn} is disabled.`)
    if (key.state !== 'Enabled') throw new KmsFault('KMSInvalidStateException', `${key.arn} is ${key.state}.`)
    return key
  }

  const operations: Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => object>> = {
    CreateKey({ KeySpec, KeyUsage, Tags }) {
      if (KeySpec !== 'SYMMETRIC_DEFAULT' || KeyUsage !== 'ENCRYPT_DECRYPT') throw invalid('KeySpec or KeyUsage')
      const id = randomUUID()
      const secret = createSecretKey(randomBytes(32))
      const key = { id, arn: `${place}:key/${id}`, created: now(), tags: tagsOf(Tags), secret }
      keys.set(id, { ...key, state: 'Enabled', deletion: undefined, known: [...knownAtFirst()] })
      return { KeyMetadata: { KeyId: id, Arn: key.arn, CreationDate: key.created / 1000, KeyState: 'Enabled' } }
    },
    CreateAlias({ AliasName, TargetKeyId }) {
      const alias = textOf(AliasName, 'AliasName', /^alias\/[a-zA-Z0-9/_-]{1,250}$/)
      if (alias.startsWith('alias/aws/')) throw new KmsFault('NotAuthorizedException', 'reserved')
      const { id, deletion } = keyOf(TargetKeyId)
      if (deletion !== undefined) throw new KmsFault('KMSInvalidStateException', `${id} is pending deletion.`)
      if (aliases.has(alias)) throw new KmsFault('AlreadyExistsException', `${alias} already exists`)
      aliases.set(alias, id)
      return {}
    },
    DescribeKey({ KeyId }) {
      return { KeyMetadata: metadataOf(keyOf(KeyId)) }
    },
    // As KMS does, one page may be followed by another; here by as small a one as it may be.
    ListAliases({ Limit, Marker }) {
      if (typeof Limit !== 'number' || Limit < 1 || Limit > 100) throw invalid('Limit')
      const from = Marker === undefined ? 0 : Number(textOf(Marker, 'Marker', /^\d+$/))
      const all = [...aliases].sort(([a], [b]) => (a < b ? -1 : 1))
      const page = all.slice(from, from + PAGE).map(([AliasName, TargetKeyId]) => ({
        AliasName,
        AliasArn: `${place}:${AliasName}`,
        TargetKeyId,
      }))
      const more = from + PAGE < all.length
      return { Aliases: page, Truncated: more, ...(more && { NextMarker: String(from + PAGE) }) }
    },
    ListResourceTags({ KeyId }) {
      return { Tags: [...keyOf(KeyId).tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue })), Truncated: false }
    },
    Encrypt({ KeyId, Plaintext, EncryptionContext }) {
      const plain = bytesOf(Plaintext, 'Plaintext', 4096)
      const key = enabledKeyOf(KeyId)
      return { KeyId: key.arn, CiphertextBlob: seal(key, plain, aadOf(EncryptionContext)).toString('base64') }
    },
    Decrypt({ KeyId, CiphertextBlob, EncryptionContext }) {
      const blob = bytesOf(CiphertextBlob, 'CiphertextBlob', 6144)
      const key = enabledKeyOf(KeyId)
      return { KeyId: key.arn, Plaintext: open(keys, key, blob, aadOf(EncryptionContext)).toString('base64') }
    },
    ScheduleKeyDeletion({ KeyId, PendingWindowInDays }) {
      const days = PendingWindowInDays
      if (typeof days !== 'number' || days < 7 || days > 30) throw invalid('PendingWindowInDays')
      const key = keyOf(KeyId)
      if (key.deletion !== undefined) throw new KmsFault('KMSInvalidStateException', `${key.arn} is pending deletion.`)
      key.deletion = now() + days * DAY
      return {
        KeyId: key.arn,
        DeletionDate: key.deletion / 1000,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: days,
      }
    },
  }

  return {
    keys,
    aliases,
    answer(operation, input) {
      expire()
      const work = operations[operation]
      if (work === undefined) throw new KmsFault('UnknownOperationException', operation)
      return work(input)
    },
  }
}

const PAGE = 5

function metadataOf({ id, arn, created, state, deletion }: FakeKey): object {
  return {
    KeyId: id,
    Arn: arn,
    CreationDate: created / 1000,
    KeyState: deletion === undefined ? state : 'PendingDeletion',
    ...(deletion !== undefined && { DeletionDate: deletion / 1000 }),
  }
}

// Key id ‖ nonce ‖ tag ‖ ciphertext; that of KMS is not documented, and of other lengths.
function seal(key: FakeKey, plain: Uint8Array, aad: Uint8Array): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(aad)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.from(key.id), nonce, cipher.getAuthTag(), sealed])
}

function open(keys: ReadonlyMap<string, FakeKey>, key: FakeKey, blob: Buffer, aad: Uint8Array): Buffer {
  const owner = keys.get(blob.toString('latin1', 0, ID_BYTES))
  if (owner === undefined || blob.length < ID_BYTES + 28) throw new KmsFault('InvalidCiphertextException', 'invalid')
  if (owner !== key)
    throw new KmsFault('IncorrectKeyException', 'The key ID does not identify the key of the ciphertext')
  const decipher = createDecipheriv('aes-256-gcm', key.secret, blob.subarray(ID_BYTES, ID_BYTES + 12))
  decipher.setAAD(aad).setAuthTag(blob.subarray(ID_BYTES + 12, ID_BYTES + 28))
  try {
    return Buffer.concat([decipher.update(blob.subarray(ID_BYTES + 28)), decipher.final()])
  } catch {
    throw new KmsFault('InvalidCiphertextException', 'the ciphertext or its context is not what was encrypted')
  }
}

// The order of an encryption context does not count.
function aadOf(context: unknown): Buffer {
  if (context === undefined) return Buffer.alloc(0)
  if (typeof context !== 'object' || context === null) throw invalid('EncryptionContext')
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify(pairs)
  if (text.length > 8192 || pairs.some(([, value]) => typeof value !== 'string')) throw invalid('EncryptionContext')
  return Buffer.from(text)
}

function tagsOf(value: unknown): Map<string, string> {
  if (!Array.isArray(value) || value.length > 50) throw new KmsFault('TagException', 'Tags')
  const pairs = value.map(({ TagKey, TagValue }: Readonly<Record<string, unknown>>): [string, string] => [
    textOf(TagKey, 'TagKey', /^[\w .:/=+@-]{1,128}$/),
    textOf(TagValue, 'TagValue', /^[\w .:/=+@-]{0,256}$/),
  ])
  return new Map(pairs)
}

function bytesOf(value: unknown, name: string, max: number): Buffer {
  const bytes = Buffer.from(textOf(value, name, /^[A-Za-z0-9+/]+={0,2}$/), 'base64')
  if (bytes.length === 0 || bytes.length > max) throw invalid(name)
  return bytes
}

function textOf(value: unknown, name: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(name)
  return value
}

function invalid(name: string): KmsFault {
  return new KmsFault('ValidationException', `Value at '${name}' failed to satisfy constraint`)
}
