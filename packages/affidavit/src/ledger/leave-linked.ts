// What a turn-over of the keyring has to leave out, and to wrap anew, so that content which was linked to a person later opens
// no more (spec/erasure.md §6): from the entries before the decisions, and the keyring as it is.

import { contentKeyId, parseContentKey } from '../formats/content-key.ts'
import type { AuditRecord, ContentReference } from '../formats/fields.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import type { Leaving, StoredContentKey } from '../vault/wrap-anew.ts'
import { hasContent, keyringOwners } from './erasure-reach.ts'
import { type LinkedContent, type Owners, reachedBy, readLinked } from './linked-content.ts'
import { readPages, recordOf } from './read.ts'
import { scopeName, scopesOfContent } from './scopes.ts'
import type { EntryFilter, LedgerStore } from './store.ts'

export interface LeavingParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keyring: Pick<Keyring, 'knownScopeKeys' | 'wrappedAnew'>
}

/** A decision, or one that is to be: whom it is about, and the first seq that it does not look at. */
export interface Deciding {
  readonly decision: Owners
  readonly decided: { readonly seq: number }
}

/** A content key with the first entry that names its payload, and the scopes that this entry says it lies under. */
export interface PlacedContentKey extends StoredContentKey {
  readonly seq: number
  readonly scopes: readonly Scope[]
}

/** As for the keyring, which need not know of entries. */
export interface LeavingPlaced extends Leaving {
  stored(): AsyncIterable<readonly PlacedContentKey[]>
}

/** Content keys that are looked at together; each comes with the first chunk of its payload. */
const PORTION = 64

/** Everything that these decisions leave out. As of the generation in force: in another one, keys have other ids. */
export async function leavingOf(parts: LeavingParts, decisions: readonly Deciding[]): Promise<LeavingPlaced> {
  const { store, ledger } = parts
  const linked: LinkedContent[] = []
  for (const { decision, decided } of decisions) {
    linked.push(...(await readLinked(store, ledger, decision, decided.seq)))
  }
  const replaced = await keysToReplace(parts, linked)
  const contents = linked.map(({ reference: { blob_id } }) => ({ ledger, blob_id }))
  const lost = new Set(contents.map(({ blob_id }) => blob_id))
  const reached = decisions.map(({ decision }) => reachedBy(decision))
  // What goes with the keys of its owners, in every incarnation, is not asked for.
  const stays = (origin: string, record: AuditRecord, reference: ContentReference): boolean =>
    !(origin === ledger && lost.has(reference.blob_id)) && !reached.some((isReached) => isReached(record, reference))
  return {
    owners: decisions.flatMap(({ decision }) => keyringOwners(decision)),
    scopes: [],
    replaced: [...replaced.keys()],
    contents,
    stored: () => contentKeysUnder(store, ledger, [...replaced.values()], stays),
  }
}

/** What each of these leaves out, in one turn-over. */
export function leavingTogether(all: readonly Leaving[]): Leaving {
  return {
    owners: all.flatMap(({ owners }) => owners),
    scopes: all.flatMap(({ scopes }) => scopes),
    replaced: [...new Set(all.flatMap(({ replaced }) => replaced))],
    contents: all.flatMap(({ contents }) => contents),
    async *stored() {
      for (const leaving of all) yield* leaving.stored()
    },
  }
}

/** Whether content that was linked to the subjects of a decision may still open. */
export async function isLinkedLeft(parts: LeavingParts, { decision, decided }: Deciding): Promise<boolean> {
  for (const content of await readLinked(parts.store, parts.ledger, decision, decided.seq)) {
    if ((await lookAt(parts, content)).state !== 'gone') return true
  }
  return false
}

/** The scopes whose keys have to be replaced, by the ids of these keys. */
async function keysToReplace(
  parts: LeavingParts,
  linked: readonly LinkedContent[],
): Promise<ReadonlyMap<string, Scope>> {
  const replaced = new Map<string, Scope>()
  for (const content of linked) {
    const { state, own } = await lookAt(parts, content)
    if (state === 'gone') continue
    const inForce = state === 'under its own key' ? own.filter(({ opens }) => opens) : []
    for (const { id, scope } of inForce) if (id !== undefined) replaced.set(id, scope)
  }
  return replaced
}

interface OwnKey {
  readonly scope: Scope
  /** Of the key in force. */
  readonly id: string | undefined
  /** Whether that is one of those that the payload was sealed under. */
  readonly opens: boolean
}

interface Sight {
  readonly state: 'under its own key' | 'wrapped anew' | 'gone'
  readonly own: readonly OwnKey[]
}

// Where the content key is not the recorded one, nobody knows what the payload lies under: every key may be it.
async function lookAt({ store, ledger, keyring }: LeavingParts, { record, reference }: LinkedContent): Promise<Sight> {
  const { blob_id, key_id } = reference
  const stored = await store.payload(ledger, blob_id)
  const parsed =
    stored !== undefined && contentKeyId(stored.content_key) === key_id
      ? parseContentKey(stored.content_key)
      : undefined
  const ids = parsed === undefined || 'code' in parsed ? undefined : new Set(parsed.scope_ids)
  const scopes = scopesOfContent(record, reference)
  const keys = await keyring.knownScopeKeys(scopes)
  const own = scopes.map((scope, i) => {
    const id = keys[i]?.id
    return { scope, id, opens: id !== undefined && (ids?.has(id) ?? true) }
  })
  if (own.every(({ opens }) => opens)) return { state: 'under its own key', own }
  const anew = await keyring.wrappedAnew(ledger, [blob_id])
  return { state: anew.has(blob_id) ? 'wrapped anew' : 'gone', own }
}

/**
 * The content keys of everything that lies under these scopes, of this incarnation and of earlier ones: a keyring outlives
 * them. Content about persons is found by going through all entries, as the persons of a content stand in no index.
 */
async function* contentKeysUnder(
  store: LedgerStore,
  ledger: string,
  scopes: readonly Scope[],
  stays: (origin: string, record: AuditRecord, reference: ContentReference) => boolean,
): AsyncGenerator<readonly PlacedContentKey[]> {
  if (scopes.length === 0) return
  const names = new Set(scopes.map(scopeName))
  let portion = new Map<string, PlacedReference>()
  for (const origin of await incarnationsOf(store, ledger)) {
    for (const filter of filtersFor(scopes)) {
      for await (const { seq, entry } of readPages(store, origin, filter)) {
        if (!hasContent(entry)) continue
        const record = recordOf({ seq, entry })
        for (const reference of referencesUnder(names, record)) {
          const { blob_id } = reference
          if (portion.has(blob_id) || !stays(origin, record, reference)) continue
          portion.set(blob_id, { reference, seq, scopes: scopesOfContent(record, reference) })
        }
        if (portion.size < PORTION) continue
        yield await contentKeysOf(store, origin, [...portion.values()])
        portion = new Map()
      }
    }
    if (portion.size > 0) yield await contentKeysOf(store, origin, [...portion.values()])
    portion = new Map()
  }
}

interface PlacedReference extends Pick<PlacedContentKey, 'seq' | 'scopes'> {
  readonly reference: ContentReference
}

function referencesUnder(names: ReadonlySet<string>, record: AuditRecord): readonly ContentReference[] {
  return (record.content ?? []).filter((reference) =>
    scopesOfContent(record, reference).some((scope) => names.has(scopeName(scope))),
  )
}

function filtersFor(scopes: readonly Scope[]): readonly EntryFilter[] {
  if (!scopes.every(({ owner_kind }) => owner_kind === 'conversation')) return [{}]
  return [...new Set(scopes.map(({ owner }) => owner))].map((conversation_id) => ({ conversation_id }))
}

/** Of one NAME all have one keyring: NAME/INCARNATION. */
export async function incarnationsOf(store: Pick<LedgerStore, 'ledgers'>, ledger: string): Promise<readonly string[]> {
  const name = ledger.slice(0, ledger.lastIndexOf('/') + 1)
  return (await store.ledgers()).filter((origin) => origin.startsWith(name) && !origin.includes('/', name.length))
}

async function contentKeysOf(
  store: LedgerStore,
  ledger: string,
  references: readonly PlacedReference[],
): Promise<readonly PlacedContentKey[]> {
  const found: PlacedContentKey[] = []
  for (const { reference, ...place } of references) {
    const { blob_id, key_id } = reference
    const contentKey = (await store.payload(ledger, blob_id))?.content_key ?? NO_KEY
    found.push({ ledger, blob_id, key_id, contentKey, ...place })
  }
  return found
}

const NO_KEY = new Uint8Array(0)
