// Scope keys of persons and conversations under which nothing stands any more (spec/vault.md §10): found from what the database holds, whatever
// became of the rest.

import type { JsonValue } from '../bytes/json.ts'
import { formatTimestamp } from '../clock/clock.ts'
import { type KeysEnding, parseErasureDetails } from '../erasure/phases.ts'
import { parseContentKey } from '../formats/content-key.ts'
import type { Draft } from '../formats/fields.ts'
import { isStub } from '../formats/stub.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { incarnationsOf } from './leave-linked.ts'
import { readPages, recordOf } from './read.ts'
import { committedScopes, scopeName } from './scopes.ts'
import type { LedgerStore } from './store.ts'

export interface UnusedKeysParts {
  /** Rows as they stand: stubs name nothing, and what is archived keeps its content key. */
  readonly rows: Pick<LedgerStore, 'ledgers' | 'entries' | 'contentKeys'>
  readonly ledger: string
  readonly keyring: Pick<Keyring, 'sealing'>
  /** Whether there is an archive, as the settings say. */
  readonly isArchived: boolean
}

const PAGE = 2_000

/** Their ids, ascending. What is being recorded meanwhile is not looked at. */
export async function unusedKeys(parts: UnusedKeysParts): Promise<readonly string[]> {
  const { rows, ledger, keyring } = parts
  const incarnations = await incarnationsOf(rows, ledger)
  if (await mayBeElsewhere(parts, incarnations)) return []
  const { scopes, contents } = await keyring.sealing()
  const owned = scopes.filter(({ scope }) => scope.owner_kind !== 'ledger')
  if (owned.length === 0) return []
  const used = new Set<string>()
  for (const origin of incarnations) {
    const anew = new Map(contents.flatMap((one) => (one.ledger === origin ? [[one.blob_id, one.scope_ids]] : [])))
    for await (const { blob_id, content_key } of contentKeysOf(rows, origin)) {
      const parsed = parseContentKey(content_key)
      for (const id of 'code' in parsed ? [] : parsed.scope_ids) used.add(id)
      for (const id of anew.get(blob_id) ?? []) used.add(id)
    }
  }
  const unused: string[] = []
  for (const { id, scope } of owned)
    if (!used.has(id) && !(await isCommittedUnder(rows, incarnations, scope))) unused.push(id)
  return unused.sort()
}

// Of a ledger that goes on after a restore, the archive may hold records that its database never had.
async function mayBeElsewhere(
  { rows, isArchived }: UnusedKeysParts,
  incarnations: readonly string[],
): Promise<boolean> {
  if (incarnations.length < 2) return false
  if (isArchived) return true
  for (const origin of incarnations) {
    const filter = { action: 'records_archived' }
    const [found] = await rows.entries(origin, filter, { limit: 1, order: 'ascending' })
    if (found !== undefined) return true
  }
  return false
}

async function* contentKeysOf(
  rows: UnusedKeysParts['rows'],
  origin: string,
): AsyncGenerator<{ readonly blob_id: string; readonly content_key: Uint8Array }> {
  for (let after = ''; ; ) {
    const page = await rows.contentKeys(origin, after, PAGE)
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.blob_id ?? after
  }
}

// A record without content has its draft committed to under such a key, too. Under which one an archived record is, its stub does not say.
async function isCommittedUnder(
  rows: UnusedKeysParts['rows'],
  incarnations: readonly string[],
  scope: Scope,
): Promise<boolean> {
  const { owner_kind, owner, month } = scope
  const until = formatTimestamp(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1))
  const whose = owner_kind === 'subject' ? { subject_id: owner } : { conversation_id: owner }
  for (const origin of incarnations) {
    for await (const stored of readPages(rows, origin, { ...whose, from: `${month}-01T00:00:00.000Z`, until })) {
      if (isStub(stored.entry)) return true
      if (committedScopes(recordOf(stored)).some((one) => scopeName(one) === scopeName(scope))) return true
    }
  }
  return false
}

/** What the records say of keys that are to end. */
export interface RecordedEnding {
  readonly seq: number
  /** The generation of the keyring without them. */
  readonly fence: number
  readonly keys: number
  readonly isOver: boolean
}

/** The newest one. */
export async function readKeysEnding(store: LedgerStore, ledger: string): Promise<RecordedEnding | undefined> {
  let isOver = false
  for await (const entry of readPages(store, ledger, { action: 'content_erased' }, { order: 'descending' })) {
    const { seq, details } = recordOf(entry)
    // An entry is JSON, and so is every member of it.
    const told = parseErasureDetails((details ?? null) as JsonValue)
    if (told?.phase === 'ended-keys') isOver = true
    if (told?.phase === 'ending-keys') return { seq, fence: told.keyring_generation, keys: told.keys, isOver }
  }
  return undefined
}

type DeriveId = (...words: readonly string[]) => string

/** What is decided twice about the same generation is one record. */
export function endingRecord(deriveId: DeriveId, ending: KeysEnding): Draft {
  return recordFor(deriveId('content_erased', ending.phase, String(ending.keyring_generation)), { ...ending })
}

export function endedRecord(
  deriveId: DeriveId,
  { seq, keys }: RecordedEnding,
  keyring_generation: number,
  retired_key_versions: readonly string[],
): Draft {
  const told = { phase: 'ended-keys', ending_seq: seq, keyring_generation, keys, retired_key_versions }
  return recordFor(deriveId('content_erased', told.phase, String(seq)), told)
}

function recordFor(id: string, details: NonNullable<Draft['details']>): Draft {
  return {
    ...{ actor_id: 'affidavit', actor_type: 'system', data_classification: 'internal' },
    ...{ id, action: 'content_erased', outcome: 'success', details },
  }
}
