// The keyring: keys of scopes and tokens of personal ids, found or made, durable before they are used (spec/vault.md §4).

import { createSecretKey, type KeyObject } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

import { toHex } from '../bytes/hex.ts'
import type { RandomSource } from '../crypto/random.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { contentKeyId, parseContentKey } from '../formats/content-key.ts'
import type { UnwrapInput } from './content-key.ts'
import { type KeyringParts, noHead, openCurrent } from './generation.ts'
import { answeringInTime } from './in-time.ts'
import {
  type ContentName,
  contentRowKey,
  type GenerationKeys,
  identityLookup,
  type Note,
  type OpenedContent,
  type OpenedIdentity,
  type OpenedRow,
  type OpenedScope,
  openRow,
  ownerLookup,
  type Scope,
  scopeLookup,
  sealIdentity,
  sealNote,
  sealScope,
  topicLookup,
} from './keyring-rows.ts'
import type { KeyringRow, Superseded } from './keyring-store.ts'
import { destroyRetired, type TurnedOver, turnOver, turnOverFrom } from './turn-over.ts'
import type { Leaving, Owner } from './wrap-anew.ts'

export interface ScopeKey {
  /** 32 lower-case hex digits. */
  readonly id: string
  readonly key: KeyObject
}

export interface Keyring {
  /** The generation in force, asked of the store anew. What was taken from an earlier one is not to be used any more. */
  generation(): Promise<number>
  /** The keys of these scopes, in order; made where they are new. Durable when it resolves. */
  scopeKeys(scopes: readonly Scope[]): Promise<readonly ScopeKey[]>
  /** The keys of these scopes, in order; `undefined` where one was never made, or is destroyed. */
  knownScopeKeys(scopes: readonly Scope[]): Promise<readonly (ScopeKey | undefined)[]>
  /** The keys with these ids that are still there. */
  scopeKeysById(ids: readonly string[]): Promise<ReadonlyMap<string, KeyObject>>
  /** Payloads of a ledger that were wrapped anew, by blob_id, each with the scope keys that open it: those that are still there. */
  wrappedAnew(ledger: string, blob_ids: readonly string[]): Promise<ReadonlyMap<string, WrappedAnew>>
  /** The scopes that a subject or a conversation owns. */
  scopesOf(owner: Owner): Promise<readonly OpenedScope[]>
  /** Everything that content is sealed under: the scopes that have a key, and which keys open what was wrapped anew. */
  sealing(): Promise<Sealing>
  /** Keeps a note, durable when it resolves; one of that topic and name is left as it is. It outlives every turn-over. */
  keepNote(note: Note): Promise<void>
  /** Those of a topic, in any order. */
  notes(topic: string): Promise<readonly Note[]>
  /** The tokens of personal ids, in order; made where they are new. Durable when it resolves. */
  tokens(personal: readonly string[]): Promise<readonly string[]>
  /** The token of a personal id; `undefined` where it has none, or none any more. */
  tokenOf(personal: string): Promise<string | undefined>
  /** The personal ids behind tokens, those that are still there. */
  personalIds(tokens: readonly string[]): Promise<ReadonlyMap<string, string>>
  /**
   * Replaces the generation in force, and removes the keys and ids of these owners: subjects by their tokens, conversations
   * by their ids. Old copies of the keyring open until `destroyRetired` has destroyed their key-encryption keys.
   */
  turnOver(without?: readonly Owner[]): Promise<TurnedOver>
  /**
   * As `turnOver`, from this generation and no other: `superseded` where another one is in force, and nothing was done. Whoever
   * told others which generation is to come needs that one. Payloads can be left out too, and what lies under the same
   * keys is wrapped anew.
   */
  turnOverFrom(generation: number, leaving: Leaving): Promise<TurnedOver | Superseded>
  /** Whether there is any key or id of one of these owners. */
  hasAny(owners: readonly Owner[]): Promise<boolean>
  /** What the store says of the generation in force; nothing is unwrapped for that. */
  inForce(): Promise<InForce>
  /** Destroys the key-encryption keys of earlier generations; answers those that still stand: a key service takes its time. */
  destroyRetired(): Promise<readonly string[]>
  /** Versions of the key-encryption key that are to be destroyed and are not yet, and those that are, as their keeper says. */
  ends(): Promise<KeyEnds>
  close(): Promise<void>
}

export interface Sealing {
  readonly scopes: readonly Pick<OpenedScope, 'id' | 'scope'>[]
  readonly contents: readonly (ContentName & { readonly scope_ids: readonly string[] })[]
}

/** What opens a payload that was wrapped anew, as unwrapPayloadKey takes it. */
export type WrappedAnew = Pick<UnwrapInput, 'key_id' | 'contentKey' | 'scopeKeys'>

export interface InForce {
  readonly generation: number
  /** Of the key-encryption key. */
  readonly version: string
  /** Earlier versions that are to be destroyed and are not yet, ascending. */
  readonly retired: readonly string[]
}

export interface KeyEnds {
  readonly retired: readonly string[]
  /** In the order of their making; a keeper that lists nothing of what is gone leaves them out. */
  readonly destroyed: readonly string[]
}

interface MadeRow {
  readonly opened: OpenedRow
  readonly row: KeyringRow
}

/**
 * Opens the keyring of a ledger, or begins it where the store is empty.
 * @throws LedgerError `key-destroyed` (an old copy of the keyring), `key-unavailable`, `wrong-key`, and what the store throws
 */
export async function openKeyring(given: KeyringParts): Promise<Keyring> {
  const parts = answeringInTime(given)
  const { store, wrapper, random } = parts
  const current = await openCurrent(parts)

  // Until the generation that was asked about is the one in force.
  async function ask<T>(question: (keys: GenerationKeys) => Promise<T | Superseded>): Promise<T> {
    for (;;) {
      const answer = await question(await current.keys())
      if (answer !== 'superseded') return answer
      current.forget()
    }
  }

  // The row of each look-up; those that are not there are made, and whoever was quicker decides.
  function findOrMake<T>(
    wanted: readonly T[],
    lookupOf: (keys: GenerationKeys, wanted: T) => string,
    make: (keys: GenerationKeys, wanted: T) => MadeRow,
  ): Promise<readonly OpenedRow[]> {
    return ask(async (keys) => {
      const lookups = wanted.map((one) => lookupOf(keys, one))
      const found = await store.find(keys.generation, [...new Set(lookups)])
      if (found === 'superseded') return found
      const rows = new Map(found.map((row) => [row.lookup, row]))
      const missing = wanted.filter((_, i) => !rows.has(lookups[i] ?? '')).map((one) => make(keys, one))
      const made = new Map(missing.map((one) => [one.row.key, one]))
      const newRows = missing.map(({ row }) => row)
      const added = newRows.length === 0 ? [] : await store.add(keys.generation, newRows)
      if (added === 'superseded') return added
      for (const row of added) rows.set(row.lookup, row)
      return lookups.map((lookup) => {
        const row = rows.get(lookup) ?? unreachable('a row was added')
        const own = made.get(row.key)
        // What is kept as we sealed it says what we sealed.
        return own !== undefined && isDeepStrictEqual(own.row, row) ? own.opened : openRow(keys, row)
      })
    })
  }

  function openAll(
    question: (generation: number, keys: GenerationKeys) => Promise<readonly KeyringRow[] | Superseded>,
  ): Promise<readonly OpenedRow[]> {
    return ask(async (keys) => {
      const rows = await question(keys.generation, keys)
      return rows === 'superseded' ? rows : rows.map((row) => openRow(keys, row))
    })
  }

  return {
    async generation() {
      current.forget()
      return (await current.keys()).generation
    },
    async scopeKeys(scopes) {
      const make = (keys: GenerationKeys, scope: Scope): MadeRow => {
        const opened = newScope(scope, random)
        return { opened, row: sealScope(keys, opened, random) }
      }
      return (await findOrMake(scopes, scopeLookup, make)).filter(isScope).map(scopeKeyOf)
    },
    async knownScopeKeys(scopes) {
      return ask(async (keys) => {
        const lookups = scopes.map((scope) => scopeLookup(keys, scope))
        const found = await store.find(keys.generation, [...new Set(lookups)])
        if (found === 'superseded') return found
        const opened = new Map(found.map((row) => [row.lookup, openRow(keys, row)]))
        return lookups.map((lookup) => {
          const row = opened.get(lookup)
          return row?.kind === 'scope' ? scopeKeyOf(row) : undefined
        })
      })
    },
    async scopeKeysById(ids) {
      const opened = await openAll((generation) => store.byKeys(generation, ids))
      return new Map(opened.filter(isScope).map((row) => [row.id, scopeKeyOf(row).key]))
    },
    // Of one generation: between two questions the keys of a payload could be replaced again.
    wrappedAnew: (ledger, blob_ids) =>
      ask(async (keys) => {
        const rows = await store.byKeys(
          keys.generation,
          blob_ids.map((blob_id) => contentRowKey({ ledger, blob_id })),
        )
        if (rows === 'superseded') return rows
        const contents = rows.map((row) => openRow(keys, row)).filter((row) => row.kind === 'content')
        const scopes = await store.byKeys(keys.generation, [...new Set(contents.flatMap(scopeIdsOf))])
        if (scopes === 'superseded') return scopes
        const opened = scopes.map((row) => openRow(keys, row)).filter(isScope)
        const scopeKeys = new Map(opened.map((row) => [row.id, scopeKeyOf(row).key]))
        return new Map(
          contents.map(({ blob_id, contentKey }) => [
            blob_id,
            { key_id: contentKeyId(contentKey), contentKey, scopeKeys },
          ]),
        )
      }),
    async scopesOf({ owner_kind, owner }) {
      const opened = await openAll((generation, keys) =>
        store.byOwner(generation, ownerLookup(keys, owner_kind, owner)),
      )
      return opened.filter(isScope)
    },
    sealing: () =>
      ask(async (keys) => {
        const scopes: Sealing['scopes'][number][] = []
        const contents: Sealing['contents'][number][] = []
        for (let after = 0; ; ) {
          const page = await store.page(keys.generation, after, PAGE)
          if (page === 'superseded') return page
          for (const opened of page.map(({ row }) => openRow(keys, row))) {
            if (isScope(opened)) {
              opened.key.fill(0)
              scopes.push({ id: opened.id, scope: opened.scope })
            } else if (opened.kind === 'content') contents.push({ ...nameOf(opened), scope_ids: scopeIdsOf(opened) })
          }
          after = page.at(-1)?.no ?? after
          if (page.length === 0) return { scopes, contents }
        }
      }),
    async keepNote(note) {
      await ask((keys) => store.add(keys.generation, [sealNote(keys, note, random)]))
    },
    async notes(topic) {
      const opened = await openAll((generation, keys) => store.byOwner(generation, topicLookup(keys, topic)))
      return opened.filter((row) => row.kind === 'note')
    },
    async tokens(personal) {
      const make = (keys: GenerationKeys, id: string): MadeRow => {
        const opened = { kind: 'identity', token: `tok_${toHex(random(16))}`, personal: id } as const
        return { opened, row: sealIdentity(keys, opened, random) }
      }
      return (await findOrMake(personal, identityLookup, make)).filter(isIdentity).map(({ token }) => token)
    },
    async tokenOf(personal) {
      const [found] = await ask((keys) => store.find(keys.generation, [identityLookup(keys, personal)]))
      return found?.key
    },
    async personalIds(tokens) {
      const opened = await openAll((generation) => store.byKeys(generation, tokens))
      return new Map(opened.filter(isIdentity).map(({ token, personal }) => [token, personal]))
    },
    turnOver: (without = []) => turnOver(parts, current, { ...NOTHING_LEAVES, owners: without }),
    turnOverFrom: (generation, leaving) => turnOverFrom(parts, current, leaving, generation),
    async hasAny(owners) {
      for (const { owner_kind, owner } of owners) {
        const rows = await ask(async (keys) => store.byOwner(keys.generation, ownerLookup(keys, owner_kind, owner)))
        if (rows.length > 0) return true
      }
      return false
    },
    async inForce() {
      const head = await store.head()
      if (head === undefined) throw noHead(parts.name)
      return { generation: head.generation, version: head.kek_version, retired: [...head.retired].sort() }
    },
    destroyRetired: () => destroyRetired(parts),
    async ends() {
      const retired = (await store.head())?.retired ?? []
      const versions = await wrapper.versions()
      return {
        retired: [...retired].sort(),
        destroyed: versions.filter(({ state }) => state === 'destroyed').map(({ version }) => version),
      }
    },
    async close() {
      try {
        await store.close()
      } finally {
        await wrapper.close()
      }
    },
  }
}

/** Rows that are opened at a time. */
const PAGE = 500

export const NOTHING_LEAVES: Leaving = { owners: [], scopes: [], replaced: [], contents: [], async *stored() {} }

function newScope(scope: Scope, random: RandomSource): OpenedScope {
  return { kind: 'scope', id: toHex(random(16)), scope, key: random(32) }
}

function scopeKeyOf({ id, key }: OpenedScope): ScopeKey {
  return { id, key: createSecretKey(key) }
}

function nameOf({ ledger, blob_id }: ContentName): ContentName {
  return { ledger, blob_id }
}

function scopeIdsOf({ contentKey }: OpenedContent): readonly string[] {
  const parsed = parseContentKey(contentKey)
  return 'code' in parsed ? [] : parsed.scope_ids
}

function isScope(row: OpenedRow): row is OpenedScope {
  return row.kind === 'scope'
}

function isIdentity(row: OpenedRow): row is OpenedIdentity {
  return row.kind === 'identity'
}
