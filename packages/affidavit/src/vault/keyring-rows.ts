// Rows of a keyring: sealed under the keyring key of their generation, found by keyed digests (spec/vault.md §4). Pure but
// for the random bytes.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { NONCE_BYTES, openAesGcm, sealAesGcm } from '../crypto/aead.ts'
import { hkdfSha256 } from '../crypto/hkdf.ts'
import type { RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseContentKey } from '../formats/content-key.ts'
import type { KeyringRow } from './keyring-store.ts'

/** Whose content a key seals: of a data subject (its token), of a conversation about no subject, of neither. */
export type OwnerKind = 'subject' | 'conversation' | 'ledger'

/** What one key seals. `owner` is empty for the ledger. */
export interface Scope {
  readonly owner_kind: OwnerKind
  readonly owner: string
  readonly retention_class: string
  /** `2026-11`, UTC. */
  readonly month: string
}

/** What opens the rows of one generation, and finds them. */
export interface GenerationKeys {
  /** The NAME of the ledger, without its incarnation: a keyring outlives a restore. */
  readonly name: string
  readonly generation: number
  readonly keyringKey: KeyObject
  readonly lookupKey: KeyObject
}

export function generationKeys(name: string, generation: number, keyringKey: Uint8Array): GenerationKeys {
  const key = createSecretKey(keyringKey)
  return { name, generation, keyringKey: key, lookupKey: hkdfSha256([key], 'affidavit keyring look-up v1') }
}

export function scopeLookup(keys: GenerationKeys, scope: Scope): string {
  return digest(keys, `scope\n${scopeWords(scope)}`)
}

export function identityLookup(keys: GenerationKeys, personal: string): string {
  return digest(keys, `identity\n${personal}`)
}

export function ownerLookup(keys: GenerationKeys, kind: OwnerKind, owner: string): string {
  return digest(keys, `owner\n${kind}\n${owner}`)
}

function contentLookup(keys: GenerationKeys, content: ContentName): string {
  return digest(keys, `content\n${contentRowKey(content)}`)
}

/** The notes of one topic are found together. */
export function topicLookup(keys: GenerationKeys, topic: string): string {
  return digest(keys, `notes\n${topic}`)
}

function noteLookup(keys: GenerationKeys, note: Note): string {
  return digest(keys, `note\n${noteKey(note)}`)
}

function noteKey({ topic, name }: Pick<Note, 'topic' | 'name'>): string {
  return `${topic} ${name}`
}

/** A payload of a ledger, by its origin: a keyring outlives incarnations. */
export interface ContentName {
  readonly ledger: string
  readonly blob_id: string
}

/** The key of a payload's row, in every generation. */
export function contentRowKey({ ledger, blob_id }: ContentName): string {
  return `${ledger} ${blob_id}`
}

export interface OpenedScope {
  readonly kind: 'scope'
  readonly id: string
  readonly scope: Scope
  readonly key: Uint8Array
}

export interface OpenedIdentity {
  readonly kind: 'identity'
  readonly token: string
  readonly personal: string
}

/** The key of a payload, wrapped anew under scope keys that took the place of others. */
export interface OpenedContent extends ContentName {
  readonly kind: 'content'
  readonly contentKey: Uint8Array
}

/** What has to be known of a ledger where its database is lost: a text under a name, kept once. */
export interface Note {
  /** Without spaces. */
  readonly topic: string
  readonly name: string
  readonly text: string
}

export interface OpenedNote extends Note {
  readonly kind: 'note'
}

export type OpenedRow = OpenedScope | OpenedIdentity | OpenedContent | OpenedNote

export function sealScope(keys: GenerationKeys, opened: OpenedScope, random: RandomSource): KeyringRow {
  const { id, scope, key } = opened
  return {
    kind: 'scope',
    key: id,
    lookup: scopeLookup(keys, scope),
    owner: ownerLookup(keys, scope.owner_kind, scope.owner),
    sealed: seal(keys, 'scope', id, concatBytes(key, utf8(scopeWords(scope))), random),
  }
}

/** A token's row belongs to the person behind it, as the keys of what is about that person do. */
export function sealIdentity(keys: GenerationKeys, opened: OpenedIdentity, random: RandomSource): KeyringRow {
  const { token, personal } = opened
  return {
    kind: 'identity',
    key: token,
    lookup: identityLookup(keys, personal),
    owner: ownerLookup(keys, 'subject', token),
    sealed: seal(keys, 'identity', token, utf8(personal), random),
  }
}

/** Nobody owns the row alone: it opens with the keys of all scopes in it. */
export function sealContentRow(keys: GenerationKeys, opened: OpenedContent, random: RandomSource): KeyringRow {
  const key = contentRowKey(opened)
  return {
    kind: 'content',
    key,
    lookup: contentLookup(keys, opened),
    owner: contentOwner(keys, opened),
    sealed: seal(keys, 'content', key, opened.contentKey, random),
  }
}

export function sealNote(keys: GenerationKeys, note: Note, random: RandomSource): KeyringRow {
  const key = noteKey(note)
  return {
    kind: 'note',
    key,
    lookup: noteLookup(keys, note),
    owner: topicLookup(keys, note.topic),
    sealed: seal(keys, 'note', key, utf8(note.text), random),
  }
}

// No owner that an erasure names: all contents of a ledger.
function contentOwner(keys: GenerationKeys, { ledger }: ContentName): string {
  return digest(keys, `contents\n${ledger}`)
}

/** @throws LedgerError `store-corrupt` where the row is not what this generation sealed */
export function openRow(keys: GenerationKeys, row: KeyringRow): OpenedRow {
  const nonce = row.sealed.subarray(0, NONCE_BYTES)
  const sealed = row.sealed.subarray(NONCE_BYTES)
  const plain =
    nonce.length < NONCE_BYTES ? undefined : openAesGcm(keys.keyringKey, nonce, aad(keys, row.kind, row.key), sealed)
  const opened = plain === undefined ? undefined : READERS[row.kind](row.key, plain)
  if (opened === undefined || !isFoundBy(keys, row, opened)) {
    throw new LedgerError('store-corrupt', {
      problem: `the ${row.kind} ${row.key} of the keyring is not what was sealed`,
      cure: 'bring the keyring back from its own backup',
    })
  }
  return opened
}

// The digests of a row are not sealed with it; what they should be follows from what is.
function isFoundBy(keys: GenerationKeys, row: KeyringRow, opened: OpenedRow): boolean {
  switch (opened.kind) {
    case 'identity':
      return (
        row.lookup === identityLookup(keys, opened.personal) && row.owner === ownerLookup(keys, 'subject', opened.token)
      )
    case 'content':
      return row.lookup === contentLookup(keys, opened) && row.owner === contentOwner(keys, opened)
    case 'scope': {
      const { owner_kind, owner } = opened.scope
      return row.lookup === scopeLookup(keys, opened.scope) && row.owner === ownerLookup(keys, owner_kind, owner)
    }
    case 'note':
      return row.lookup === noteLookup(keys, opened) && row.owner === topicLookup(keys, opened.topic)
  }
}

const SCOPE_KEY_BYTES = 32

function readScope(id: string, plain: Uint8Array): OpenedScope | undefined {
  const words = decodeUtf8(plain.subarray(SCOPE_KEY_BYTES))?.split('\n')
  const [owner_kind, owner, retention_class, month, ...more] = words ?? []
  if (owner === undefined || retention_class === undefined || month === undefined || more.length > 0) return undefined
  if (owner_kind !== 'subject' && owner_kind !== 'conversation' && owner_kind !== 'ledger') return undefined
  const scope = { owner_kind, owner, retention_class, month } as const
  return { kind: 'scope', id, scope, key: plain.slice(0, SCOPE_KEY_BYTES) }
}

function readIdentity(token: string, plain: Uint8Array): OpenedIdentity | undefined {
  const personal = decodeUtf8(plain)
  return personal === undefined ? undefined : { kind: 'identity', token, personal }
}

function readContent(key: string, plain: Uint8Array): OpenedContent | undefined {
  const [ledger, blob_id, ...more] = key.split(' ')
  if (ledger === undefined || blob_id === undefined || more.length > 0) return undefined
  return 'code' in parseContentKey(plain) ? undefined : { kind: 'content', ledger, blob_id, contentKey: plain }
}

function readNote(key: string, plain: Uint8Array): OpenedNote | undefined {
  const end = key.indexOf(' ')
  const text = decodeUtf8(plain)
  return end < 0 || text === undefined
    ? undefined
    : { kind: 'note', topic: key.slice(0, end), name: key.slice(end + 1), text }
}

const READERS = { scope: readScope, identity: readIdentity, content: readContent, note: readNote }

// No two scopes are written alike: ids and words hold no line feed (spec/entry.md §2). What could not be read back would
// stand in the way of every turn-over.
function scopeWords({ owner_kind, owner, retention_class, month }: Scope): string {
  const words = [owner_kind, owner, retention_class, month]
  if (!OWNER_KINDS.has(owner_kind) || !MONTH.test(month) || words.some((word) => word.includes('\n'))) {
    throw new RangeError('a scope has an owner kind, an owner and a class without line feeds, and a month')
  }
  return words.join('\n')
}

const OWNER_KINDS: ReadonlySet<string> = new Set<OwnerKind>(['subject', 'conversation', 'ledger'])
const MONTH = /^\d{4}-\d{2}$/

function seal(keys: GenerationKeys, kind: string, key: string, plain: Uint8Array, random: RandomSource): Uint8Array {
  const nonce = random(NONCE_BYTES)
  return concatBytes(nonce, sealAesGcm(keys.keyringKey, nonce, aad(keys, kind, key), plain))
}

function aad({ name, generation }: GenerationKeys, kind: string, key: string): Uint8Array {
  return utf8(`affidavit keyring v1\n${name}\n${generation}\n${kind}\n${key}`)
}

// Two texts that are no Unicode would have the same UTF-8, and so one digest.
function digest({ lookupKey }: GenerationKeys, text: string): string {
  if (!text.isWellFormed()) throw new RangeError('an id is Unicode text, without lone surrogates')
  return createHmac('sha256', lookupKey).update(text).digest('hex')
}
