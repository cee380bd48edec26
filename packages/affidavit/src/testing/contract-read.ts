// The contract of the readers: filters, order, pages, head and tree nodes, against a naive second opinion.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import type { EntryFilter, LedgerStore, Page, StoredEntry } from '../ledger/store.ts'
import { emptyFrontier, rootOfFrontier } from '../merkle/growth.ts'
import { allEntries, LEDGER, membersOf, naiveRoot, type WithStore } from './contract-reading.ts'
import { SAMPLE_TIME, samples } from './sample-drafts.ts'

const { prepare, batch, id } = samples(LEDGER)
const ORDERS = ['ascending', 'descending'] as const

export function readContract(withStore: WithStore): void {
  test('an empty ledger has no head and no entries', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      assert.equal(await store.head(LEDGER), undefined)
      assert.deepEqual(await allEntries(store), [])
      assert.deepEqual(await store.nodes(LEDGER, []), [])
    }))

  test('every condition, alone and with every other, finds what a look at each entry finds', () =>
    withStore(async (store) => {
      await fill(store)
      const entries = await allEntries(store)
      for (const filter of pairsOfConditions()) {
        for (const order of ORDERS) await compare(store, entries, filter, { limit: 1_000, order })
      }
    }))

  test('all conditions at once hold at once', () =>
    withStore(async (store) => {
      await fill(store)
      const entries = await allEntries(store)
      for (const entry of entries) {
        const found = await store.entries(LEDGER, filterFor(entry), { limit: 10, order: 'ascending' })
        assert.deepEqual(found, [entry])
      }
    }))

  test('pages join to the whole, in both orders', () =>
    withStore(async (store) => {
      await fill(store)
      for (const filter of PAGED) {
        for (const order of ORDERS) await comparePages(store, filter, order)
      }
    }))

  test('tree nodes are read in the order asked, doubled ones too', () =>
    withStore(async (store) => {
      await fill(store)
      const entries = await allEntries(store)
      const ids = nodesOf(entries.length)
      const mixed = [...ids.filter((_, i) => i % 3 === 0), ...ids.toReversed(), ...ids.slice(0, 2)]
      const hashes = await store.nodes(LEDGER, mixed)
      const expected = mixed.map(({ level, index }) =>
        naiveRoot(entries.slice(index * 2 ** level, (index + 1) * 2 ** level)).toString('hex'),
      )
      assert.deepEqual(
        hashes.map((hash) => Buffer.from(hash).toString('hex')),
        expected,
      )
    }))

  test('the tree that is grown from the bytes is the same from wherever it begins', () =>
    withStore(async (store) => {
      await fill(store)
      const entries = await allEntries(store)
      const whole = await store.regrow(LEDGER, emptyFrontier, entries.length)
      assert.equal(Buffer.from(rootOfFrontier(whole)).toString('hex'), naiveRoot(entries).toString('hex'))
      for (let size = 0; size <= entries.length; size++) {
        const until = await store.regrow(LEDGER, emptyFrontier, size)
        assert.deepEqual(await store.regrow(LEDGER, until, entries.length), whole)
      }
    }))

  test('a tree of more entries than there are is refused, not made up', () =>
    withStore(async (store) => {
      await fill(store)
      const { length } = await allEntries(store)
      await assert.rejects(store.regrow(LEDGER, emptyFrontier, length + 1), { code: 'store-corrupt' })
    }))

  test('a node of a subtree that is not complete is refused, not made up', () =>
    withStore(async (store) => {
      await fill(store)
      const { length } = await allEntries(store)
      const refused = (error: unknown): boolean => error instanceof LedgerError && error.code === 'store-corrupt'
      await assert.rejects(store.nodes(LEDGER, [{ level: 0, index: length }]), refused)
      await assert.rejects(
        store.nodes(LEDGER, [
          { level: 0, index: 0 },
          { level: 20, index: 0 },
        ]),
        refused,
      )
    }))
}

async function fill(store: LedgerStore): Promise<void> {
  await store.create(LEDGER)
  const drafts = Array.from({ length: 60 }, (_, i) => prepare(variant(i)))
  for (const [i, at] of [0, 1_000, 500, 90_000].entries()) {
    await store.commit(batch(drafts.slice(i * 15, (i + 1) * 15), SAMPLE_TIME + at))
  }
}

/** Drafts that differ in everything a filter can ask for, and lack each of it now and then. */
function variant(i: number): Partial<Draft> {
  return {
    id: id(i),
    action: i % 4 === 0 ? 'data_accessed' : 'tool_invoked',
    actor_id: `agent-${i % 3}`,
    timestamp: new Date(SAMPLE_TIME + ((i * 37) % 60) * 1_000).toISOString(),
    ...(i % 5 === 0 ? {} : { conversation_id: `c${i % 2}` }),
    ...(i % 3 === 0 ? {} : { resource_type: i % 2 === 0 ? 'chart' : 'order' }),
    ...(i % 3 === 1 ? { resource_id: `r${i % 4}` } : {}),
    ...(i % 6 === 2 ? {} : { parent_id: id(2_000 + (i % 4)) }),
    ...(i % 4 === 1 ? {} : { subject_ids: [`patient-${i % 2}`, `patient-${2 + (i % 5)}`] }),
  }
}

/** Filters of several pages, one for each way that an index may be walked. */
const PAGED: readonly EntryFilter[] = [
  {},
  { actor_id: 'agent-1' },
  { conversation_id: 'c1' },
  { subject_id: 'patient-1' },
  { parent_id: id(2_000) },
  { parent_id: id(2_000), action: 'data_accessed' },
  { subject_id: 'patient-1', action: 'tool_invoked' },
]

/** Two values of each condition: one that splits the sample, one that is off its edge. */
const CONDITIONS: readonly EntryFilter[] = [
  { id: id(7) },
  { id: id(1_000) },
  { conversation_id: 'c1' },
  { conversation_id: 'nobody' },
  { actor_id: 'agent-1' },
  { actor_id: 'AGENT-1' },
  { resource_type: 'chart' },
  { resource_type: 'order' },
  { resource_id: 'r0' },
  { resource_id: "r0' OR 1=1 --" },
  { subject_id: 'patient-1' },
  { subject_id: 'patient' },
  { parent_id: id(2_001) },
  { parent_id: id(2_001).toUpperCase() },
  { action: 'data_accessed' },
  { action: 'data_modified' },
  { from: new Date(SAMPLE_TIME + 30_000).toISOString() },
  { from: new Date(SAMPLE_TIME + 60_000).toISOString() },
  { until: new Date(SAMPLE_TIME + 30_000).toISOString() },
  { until: new Date(SAMPLE_TIME).toISOString() },
  { recorded_from: new Date(SAMPLE_TIME + 1_000).toISOString() },
  { recorded_from: new Date(SAMPLE_TIME + 1_001).toISOString() },
  { recorded_until: new Date(SAMPLE_TIME + 1_000).toISOString() },
  { recorded_until: new Date(SAMPLE_TIME + 1_001).toISOString() },
  { from_seq: 20 },
  { from_seq: 60 },
  { until_seq: 40 },
  { until_seq: 0 },
]

function* pairsOfConditions(): Generator<EntryFilter> {
  yield {}
  for (const one of CONDITIONS) for (const other of CONDITIONS) yield { ...one, ...other }
}

function filterFor(entry: StoredEntry): EntryFilter {
  const members = membersOf(entry)
  const text = (name: string): string => String(members.get(name))
  const recorded = Date.parse(text('recorded_at'))
  const [subject] = subjectsOf(members)
  return {
    id: text('id'),
    action: text('action'),
    actor_id: text('actor_id'),
    from: text('timestamp'),
    until: new Date(Date.parse(text('timestamp')) + 1).toISOString(),
    recorded_from: text('recorded_at'),
    recorded_until: new Date(recorded + 1).toISOString(),
    from_seq: entry.seq,
    until_seq: entry.seq + 1,
    ...(members.has('conversation_id') ? { conversation_id: text('conversation_id') } : {}),
    ...(members.has('resource_type') ? { resource_type: text('resource_type') } : {}),
    ...(members.has('resource_id') ? { resource_id: text('resource_id') } : {}),
    ...(members.has('parent_id') ? { parent_id: text('parent_id') } : {}),
    ...(subject === undefined ? {} : { subject_id: subject }),
  }
}

async function compare(
  store: LedgerStore,
  entries: readonly StoredEntry[],
  filter: EntryFilter,
  page: Page,
): Promise<void> {
  const expected = entries.filter((entry) => fits(entry, filter)).map(({ seq }) => seq)
  if (page.order === 'descending') expected.reverse()
  const found = await store.entries(LEDGER, filter, page)
  assert.deepEqual(
    found.map(({ seq }) => seq),
    expected.slice(0, page.limit),
    JSON.stringify({ filter, page }),
  )
}

/** The words of EntryFilter, one entry at a time. */
function fits(entry: StoredEntry, filter: EntryFilter): boolean {
  const members = membersOf(entry)
  const [timestamp, recorded] = [String(members.get('timestamp')), String(members.get('recorded_at'))]
  const equal = ['id', 'conversation_id', 'actor_id', 'resource_type', 'resource_id', 'parent_id', 'action'] as const
  return (
    equal.every((name) => filter[name] === undefined || members.get(name) === filter[name]) &&
    (filter.subject_id === undefined || subjectsOf(members).includes(filter.subject_id)) &&
    (filter.from === undefined || timestamp >= filter.from) &&
    (filter.until === undefined || timestamp < filter.until) &&
    (filter.recorded_from === undefined || recorded >= filter.recorded_from) &&
    (filter.recorded_until === undefined || recorded < filter.recorded_until) &&
    entry.seq >= (filter.from_seq ?? 0) &&
    entry.seq < (filter.until_seq ?? Number.MAX_SAFE_INTEGER)
  )
}

function subjectsOf(members: ReadonlyMap<string, unknown>): string[] {
  const subjects = members.get('subject_ids')
  return Array.isArray(subjects) ? subjects.map(String) : []
}

async function comparePages(store: LedgerStore, filter: EntryFilter, order: Page['order']): Promise<void> {
  const whole = await store.entries(LEDGER, filter, { limit: 1_000, order })
  const joined: StoredEntry[] = []
  for (let rest = filter; ; ) {
    const page = await store.entries(LEDGER, rest, { limit: 7, order })
    joined.push(...page)
    const last = page.at(-1)
    if (last === undefined) break
    rest = order === 'ascending' ? { ...filter, from_seq: last.seq + 1 } : { ...filter, until_seq: last.seq }
  }
  assert.deepEqual(joined, whole)
}

/** Every complete subtree of a tree of `size`. */
function nodesOf(size: number): { level: number; index: number }[] {
  const nodes: { level: number; index: number }[] = []
  for (let level = 0; 2 ** level <= size; level++) {
    for (let index = 0; (index + 1) * 2 ** level <= size; index++) nodes.push({ level, index })
  }
  return nodes
}
