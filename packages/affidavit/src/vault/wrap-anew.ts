// Which rows a turn-over leaves out, and what it wraps anew (spec/vault.md §5): where one payload under a scope key is to be
// lost, the key is replaced, and the payload keys of the others go into the keyring, under the key that comes.

import { createSecretKey, type KeyObject } from 'node:crypto'

import { toHex } from '../bytes/hex.ts'
import { type ContentKey, contentKeyId, parseContentKey } from '../formats/content-key.ts'
import { type ScopeKeys, unwrapPayloadKey, wrapPayloadKey } from './content-key.ts'
import type { KeyringParts } from './generation.ts'
import {
  type ContentName,
  contentRowKey,
  type GenerationKeys,
  type OpenedScope,
  openRow,
  ownerLookup,
  type Scope,
  sealContentRow,
  sealIdentity,
  sealNote,
  sealScope,
} from './keyring-rows.ts'
import type { KeyringRow, KeyringStore, Superseded } from './keyring-store.ts'

/** Whose keys and ids rows are: a subject by its token, a conversation by its id. */
export type Owner = Pick<Scope, 'owner_kind' | 'owner'>

/** What is to be lost by a turn-over. */
export interface Leaving {
  readonly owners: readonly Owner[]
  /** Ids of scope keys that go, whoever owns them: what is behind a token stays. */
  readonly scopes: readonly string[]
  /** Ids of scope keys that new keys of the same scopes take the place of. */
  readonly replaced: readonly string[]
  /** Payloads that are lost with the keys that are replaced. */
  readonly contents: readonly ContentName[]
  /** Everything that may lie under replaced keys, in portions; some of it may come more than once. */
  stored(): AsyncIterable<readonly StoredContentKey[]>
}

/** A content key as it lies beside its payload. */
export interface StoredContentKey extends ContentName {
  readonly key_id: string
  readonly contentKey: Uint8Array
}

/** A turn-over under way: what leaves, by the names that the rows in force have. */
export interface Turn {
  readonly parts: KeyringParts
  readonly old: GenerationKeys
  readonly next: GenerationKeys
  readonly owners: ReadonlySet<string>
  /** Ids of the scope keys that go: of these owners, or named. */
  readonly scopes: ReadonlySet<string>
  /** Keys of rows. */
  readonly contents: ReadonlySet<string>
  /** By the id of the key that is replaced. */
  readonly successors: ReadonlyMap<string, { readonly id: string; readonly key: KeyObject }>
}

export async function beginTurn(
  parts: KeyringParts,
  old: GenerationKeys,
  next: GenerationKeys,
  { owners, scopes: named, replaced, contents }: Leaving,
): Promise<Turn | Superseded> {
  const { store, random } = parts
  const lookups = new Set(owners.map(({ owner_kind, owner }) => ownerLookup(old, owner_kind, owner)))
  const scopes = new Set(named)
  for (const lookup of lookups) {
    const rows = await store.byOwner(old.generation, lookup)
    if (rows === 'superseded') return rows
    for (const { key } of rows) scopes.add(key)
  }
  const keys = await scopeKeysIn(store, old, replaced)
  if (keys === 'superseded') return keys
  const successors = new Map([...keys.keys()].map((id) => [id, { id: toHex(random(16)), key: keyOf(random(32)) }]))
  return { parts, old, next, owners: lookups, scopes, contents: new Set(contents.map(contentRowKey)), successors }
}

/** The rows of the next generation for these, those that stay; others are handed to `gone`. */
export async function rowsOfNext(
  turn: Turn,
  rows: readonly KeyringRow[],
  gone: (row: KeyringRow) => void,
): Promise<readonly KeyringRow[] | Superseded> {
  const { parts, old, next } = turn
  const staying: KeyringRow[] = []
  const again: StoredContentKey[] = []
  for (const row of rows) {
    if (turn.owners.has(row.owner) || (row.kind === 'scope' && turn.scopes.has(row.key))) {
      gone(row)
      continue
    }
    const opened = openRow(old, row)
    if (opened.kind === 'identity') staying.push(sealIdentity(next, opened, parts.random))
    else if (opened.kind === 'note') staying.push(sealNote(next, opened, parts.random))
    else if (opened.kind === 'scope') {
      if (turn.successors.has(opened.id)) gone(row)
      staying.push(sealScopeOfNext(turn, opened))
    } else {
      const fate = fateOf(turn, opened)
      if (fate === 'leaves') gone(row)
      else if (fate === 'stays') staying.push(sealContentRow(next, opened, parts.random))
      else again.push({ ...opened, key_id: contentKeyId(opened.contentKey) })
    }
  }
  const wrapped = await wrapAnew(turn, again)
  return wrapped === 'superseded' ? wrapped : [...staying, ...wrapped]
}

/** Rows for those of these that lie under a replaced key, open now, and stay. */
export async function wrapAnew(
  turn: Turn,
  stored: readonly StoredContentKey[],
): Promise<readonly KeyringRow[] | Superseded> {
  const found = stored.flatMap((one) => {
    const fate = fateOf(turn, one)
    return typeof fate === 'string' ? [] : [{ ...one, ...fate }]
  })
  const ids = new Set(found.flatMap(({ scope_ids }) => scope_ids))
  const scopeKeys = await scopeKeysIn(turn.parts.store, turn.old, [...ids])
  if (scopeKeys === 'superseded') return scopeKeys
  return found.flatMap((one) => {
    const payloadKey = unwrapPayloadKey({ ...one, scopeKeys })
    // What does not open now cannot be kept: it was erased, or its bytes were changed.
    if ('code' in payloadKey) return []
    // The body digest stays as it is: another one would take the body, and nothing is found by it.
    const { ledger, blob_id, body_digest } = one
    const place = { ledger, blob_id, body_digest, scopeKeys: keysOfNext(turn, one.scope_ids, scopeKeys) }
    const { contentKey } = wrapPayloadKey({ ...place, payloadKey, random: turn.parts.random })
    return sealContentRow(turn.next, { kind: 'content', ledger, blob_id, contentKey }, turn.parts.random)
  })
}

function sealScopeOfNext({ next, successors, parts }: Turn, opened: OpenedScope): KeyringRow {
  const { id, key } = successors.get(opened.id) ?? { id: opened.id, key: createSecretKey(opened.key) }
  const secret = key.export()
  const row = sealScope(next, { ...opened, id, key: secret }, parts.random)
  secret.fill(0)
  opened.key.fill(0)
  return row
}

// A payload dies with any of its scopes, as it did before it was wrapped anew.
function fateOf(
  turn: Turn,
  content: ContentName & { readonly contentKey: Uint8Array },
): 'leaves' | 'stays' | ContentKey {
  const parsed = parseContentKey(content.contentKey)
  if ('code' in parsed || turn.contents.has(contentRowKey(content))) return 'leaves'
  if (parsed.scope_ids.some((id) => turn.scopes.has(id))) return 'leaves'
  return parsed.scope_ids.some((id) => turn.successors.has(id)) ? parsed : 'stays'
}

// Where each of these has a successor, that one; the others stay.
function keysOfNext({ successors }: Turn, scope_ids: readonly string[], before: ScopeKeys): ScopeKeys {
  const keys = new Map<string, KeyObject>()
  for (const id of scope_ids) {
    const { id: idOfNext, key } = successors.get(id) ?? { id, key: before.get(id) }
    if (key !== undefined) keys.set(idOfNext, key)
  }
  return keys
}

async function scopeKeysIn(
  store: KeyringStore,
  keys: GenerationKeys,
  ids: readonly string[],
): Promise<ScopeKeys | Superseded> {
  const rows = await store.byKeys(keys.generation, ids)
  if (rows === 'superseded') return rows
  const opened = rows.map((row) => openRow(keys, row)).filter((row) => row.kind === 'scope')
  return new Map(opened.map(({ id, key }) => [id, keyOf(key)]))
}

function keyOf(secret: Uint8Array): KeyObject {
  const key = createSecretKey(secret)
  secret.fill(0)
  return key
}
