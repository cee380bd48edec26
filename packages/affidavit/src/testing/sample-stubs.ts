// Records that the contract lets leave, and how they are told to; stubs by a second opinion.

import assert from 'node:assert/strict'

import type { StubMark } from '../formats/stub.ts'
import type { EntryFilter, LeavingEntry, LedgerStore, Removal, StoredEntry } from '../ledger/store.ts'
import { emptyFrontier } from '../merkle/growth.ts'
import { allEntries, LEDGER, membersOf, naiveLeafHash } from './contract-reading.ts'
import { SAMPLE_TIME, samples } from './sample-drafts.ts'

const { prepare, prepareOwn, batch, id } = samples(LEDGER)

export const ARCHIVED: Extract<StubMark, { state: 'archived' }> = {
  state: 'archived',
  block: 3,
  segment: 'a1'.repeat(16),
}
export const DESTROYED: Extract<StubMark, { state: 'disposed' }> = { state: 'disposed', manifest: 'd2'.repeat(32) }

/** The seq of a record that stays. */
export const STAYS = 4

export async function fill(store: LedgerStore): Promise<readonly StoredEntry[]> {
  await store.create(LEDGER)
  const drafts = Array.from({ length: 8 }, (_, i) =>
    i === STAYS
      ? prepareOwn({ action: 'records_disposed', id: id(i) })
      : prepare({
          id: id(i),
          conversation_id: `c${i % 2}`,
          subject_ids: ['p1', `p${i}x`],
          parent_id: id(100 + i),
          resource_type: 'chart',
          resource_id: `"r" \\ ${i} é`,
          action: 'data_accessed',
        }),
  )
  await store.commit(batch(drafts))
  return allEntries(store)
}

export const SEARCHES: readonly EntryFilter[] = [
  { id: id(1) },
  { conversation_id: 'c1' },
  { actor_id: 'agent-1' },
  { action: 'data_accessed' },
  { resource_type: 'chart', resource_id: '"r" \\ 1 é' },
  { parent_id: id(101) },
  { subject_id: 'p1' },
  { subject_id: 'p1x' },
  { from: new Date(SAMPLE_TIME).toISOString() },
  { recorded_from: new Date(SAMPLE_TIME).toISOString() },
]

export async function seqsOf(store: LedgerStore, filter: EntryFilter): Promise<number[]> {
  return (await store.entries(LEDGER, filter, { limit: 100, order: 'ascending' })).map(({ seq }) => seq)
}

export function leaving(mark: StubMark, entry: StoredEntry | undefined): LeavingEntry {
  if (entry === undefined) throw new RangeError('the sample has no such entry')
  return { seq: entry.seq, leaf: entry.nodes.slice(0, 32), mark }
}

export function removalOf(
  mark: StubMark,
  entries: readonly StoredEntry[],
  leave: readonly (StoredEntry | undefined)[],
): Removal {
  return {
    entries: leave.map((entry) => leaving(mark, entry)),
    judged: { size: entries.length, unless: ['hold_placed', 'record_reclassified'] },
  }
}

export async function remove(
  store: LedgerStore,
  mark: StubMark,
  ...entries: readonly (StoredEntry | undefined)[]
): Promise<number> {
  return store.replaceEntries(LEDGER, removalOf(mark, await allEntries(store), entries))
}

export async function refused(store: LedgerStore, code: string, removal: Removal): Promise<void> {
  await assert.rejects(store.replaceEntries(LEDGER, removal), { code })
}

export async function assertTree(store: LedgerStore, entries: readonly StoredEntry[]): Promise<void> {
  const grown = await store.regrow(LEDGER, emptyFrontier, entries.length)
  assert.equal(grown.size, entries.length)
  const leaves = await store.nodes(
    LEDGER,
    entries.map((_, index) => ({ level: 0, index })),
  )
  assert.deepEqual(
    leaves.map((leaf) => Buffer.from(leaf).toString('hex')),
    entries.map(naiveLeafHash),
  )
}

export function bytesOf(entry: StoredEntry | undefined): Uint8Array {
  return entry?.entry ?? new Uint8Array()
}

/** The words of spec/archive.md §2. */
export function naiveStub(entry: StoredEntry | undefined, mark: StubMark): string {
  const members = entry === undefined ? new Map<string, unknown>() : membersOf(entry)
  const archived = ['action', 'actor_id', 'draft_commitment', 'parent_id', 'resource_id', 'resource_type', 'timestamp']
  const kept = [
    'conversation_id',
    'conversation_seq',
    'id',
    'recorded_at',
    ...(mark.state === 'archived' ? archived : []),
  ]
  const first =
    mark.state === 'archived'
      ? { block: mark.block, segment: mark.segment, state: mark.state }
      : { manifest: mark.manifest, state: mark.state }
  const rest = kept
    .sort()
    .filter((name) => members.has(name))
    .map((name) => [name, members.get(name)])
  return JSON.stringify({ _stub: first, ...Object.fromEntries(rest) })
}
