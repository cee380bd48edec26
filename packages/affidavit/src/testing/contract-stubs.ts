// The contract of entries that leave stubs in their rows, and come back.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Draft } from '../formats/fields.ts'
import type { DraftPayload, LeavingEntry, LedgerStore, PreparedDraft, Removal, StoredEntry } from '../ledger/store.ts'
import { allEntries, LEDGER, membersOf, naiveLeafHash, type WithStore } from './contract-reading.ts'
import { SAMPLE_TIME, samples } from './sample-drafts.ts'
import { payload, withPayloads } from './sample-payloads.ts'
import {
  ARCHIVED,
  assertTree,
  bytesOf,
  DESTROYED,
  fill,
  leaving,
  naiveStub,
  refused,
  removalOf,
  remove,
  SEARCHES,
  STAYS,
  seqsOf,
} from './sample-stubs.ts'

const { prepare, prepareOwn, batch, id } = samples(LEDGER)

const HOLD: Partial<Draft> = {
  action: 'hold_placed',
  actor_id: 'kim.lee',
  actor_type: 'user',
  on_behalf_of: 'kim.lee',
  outcome_reason: 'a claim is expected',
  details: { matter: 'Smith v. Clinic', everything: 'yes' },
}

export function stubContract(withStore: WithStore): void {
  leavingContract(withStore)
  refusalContract(withStore)
  appendContract(withStore)
  contentContract(withStore)
  returnContract(withStore)
  moveContract(withStore)
}

function leavingContract(withStore: WithStore): void {
  test('an archived entry leaves a stub, is found as before, and the tree stays', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      const [, one, two] = entries
      const before = await Promise.all(SEARCHES.map((filter) => seqsOf(store, filter)))
      assert.equal(await remove(store, ARCHIVED, one, two), 2)
      const rows = await allEntries(store)
      assert.deepEqual(
        rows.map(({ nodes }) => nodes),
        entries.map(({ nodes }) => nodes),
      )
      for (const [seq, row] of rows.entries()) {
        if (seq !== 1 && seq !== 2) assert.deepEqual(row, entries[seq])
        else assert.equal(Buffer.from(row.entry).toString(), naiveStub(entries[seq], ARCHIVED))
      }
      assert.deepEqual(await Promise.all(SEARCHES.map((filter) => seqsOf(store, filter))), before)
      await assertTree(store, entries)
    }))

  test('a destroyed entry is found by its name and its place, by nothing that it said', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      const [, one] = entries
      assert.equal(await remove(store, DESTROYED, one), 1)
      const [row] = await store.entries(LEDGER, { id: id(1) }, { limit: 1, order: 'ascending' })
      assert.equal(Buffer.from(row?.entry ?? []).toString(), naiveStub(one, DESTROYED))
      for (const filter of SEARCHES) {
        const stays = ['id', 'conversation_id', 'recorded_from'].some((name) => name in filter)
        assert.equal((await seqsOf(store, filter)).includes(1), stays, JSON.stringify(filter))
      }
      await assertTree(store, entries)
    }))

  test('an archived entry is destroyed, and is then as one that was destroyed at once', () =>
    withStore(async (store) => {
      const [, one, two] = await fill(store)
      await remove(store, ARCHIVED, one)
      assert.equal(await remove(store, DESTROYED, one, two), 2)
      const [row] = await store.entries(LEDGER, { from_seq: 1 }, { limit: 1, order: 'ascending' })
      assert.equal(Buffer.from(row?.entry ?? []).toString(), naiveStub(one, DESTROYED))
    }))

  test('done again, nothing changes, whatever was recorded since', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      const removal = removalOf(ARCHIVED, entries, entries.slice(1, 3))
      assert.equal(await store.replaceEntries(LEDGER, removal), 2)
      await store.commit(batch([prepareOwn(HOLD)]))
      const rows = await allEntries(store)
      assert.equal(await store.replaceEntries(LEDGER, removal), 0)
      assert.deepEqual(await allEntries(store), rows)
      assert.equal(await store.replaceEntries(LEDGER, removalOf(ARCHIVED, entries, [])), 0)
    }))

  test('ledgers of one store have their own rows', () =>
    withStore(async (store) => {
      const [, one] = await fill(store)
      const other = `${LEDGER}2`
      const apart = samples(other)
      await store.create(other)
      await store.commit(apart.batch([apart.prepare(), apart.prepare({ subject_ids: ['p'] }), apart.prepare()]))
      const before = await allEntries(store, other)
      await remove(store, DESTROYED, one)
      assert.deepEqual(await allEntries(store, other), before)
      const [, foreign] = before
      await refused(store, 'removal-refused', removalOf(DESTROYED, before, [foreign]))
    }))
}

function refusalContract(withStore: WithStore): void {
  const lies: readonly (readonly [name: string, lie: (entries: readonly StoredEntry[]) => LeavingEntry])[] = [
    ['another leaf hash', ([, one, two]) => ({ ...leaving(ARCHIVED, one), leaf: leaving(ARCHIVED, two).leaf })],
    ['the newest entry', (entries) => leaving(ARCHIVED, entries.at(-1))],
    ['a seq that no entry has', ([, one]) => ({ ...leaving(ARCHIVED, one), seq: 1_000 })],
    ['a record that stays', (entries) => leaving(DESTROYED, entries[STAYS])],
    ['one that is archived elsewhere', ([, one]) => leaving({ ...ARCHIVED, block: 4 }, one)],
    ['one that was destroyed', ([, , two]) => leaving(ARCHIVED, two)],
    ['one that was destroyed otherwise', ([, , two]) => leaving({ ...DESTROYED, manifest: 'e3'.repeat(32) }, two)],
  ]
  for (const [name, lie] of lies) {
    test(`nothing leaves where one may not: ${name}`, () =>
      withStore(async (store) => {
        const entries = await fill(store)
        await remove(store, ARCHIVED, entries[1])
        await remove(store, DESTROYED, entries[2])
        const before = await allEntries(store)
        const judged = { size: entries.length, unless: [] }
        await refused(store, 'removal-refused', { entries: [leaving(ARCHIVED, entries[3]), lie(entries)], judged })
        assert.deepEqual(await allEntries(store), before)
      }))
  }

  test('nothing leaves where a hold was recorded since it was judged', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      const removal = removalOf(DESTROYED, entries, [entries[1]])
      await store.commit(batch([prepare(), prepareOwn(HOLD), prepare()]))
      const before = await allEntries(store)
      await refused(store, 'removal-overtaken', removal)
      assert.deepEqual(await allEntries(store), before)
      const unmoved: Removal = { ...removal, judged: { size: entries.length, unless: ['hold_released'] } }
      assert.equal(await store.replaceEntries(LEDGER, unmoved), 1)
      const anew = removalOf(DESTROYED, before, [entries[3]])
      assert.equal(await store.replaceEntries(LEDGER, anew), 1)
    }))
}

function appendContract(withStore: WithStore): void {
  test('the id of what left keeps its place: archived it is compared, destroyed it cannot be', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const drafts = [prepare({ id: id(1) }), prepare({ id: id(2) }), prepare()]
      const [first, second] = await store.commit(batch(drafts))
      const [one, two] = await allEntries(store)
      await remove(store, ARCHIVED, one)
      await remove(store, DESTROYED, two)
      const other = prepare({ id: id(1), actor_id: 'another' })
      const placed = await store.commit(batch([...drafts.slice(0, 2), other]))
      assert.deepEqual(placed.slice(0, 2), [
        { ...first, state: 'duplicate' },
        { ...second, state: 'destroyed' },
      ])
      assert.equal(placed[2]?.state, 'conflict')
      assert.equal((await store.head(LEDGER))?.size, 3)
    }))

  test('a conversation goes on behind what left', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const say = (conversation_id: string): PreparedDraft => prepare({ conversation_id })
      await store.commit(batch([say('a'), say('b'), say('a'), prepare()]))
      const [first, other, last] = await allEntries(store)
      await remove(store, ARCHIVED, first, last)
      await remove(store, DESTROYED, other)
      await store.commit(batch([say('a'), say('b')]))
      const [goesOn, alsoGoesOn] = (await allEntries(store)).slice(-2).map(membersOf)
      assert.equal(goesOn?.get('conversation_seq'), 2)
      assert.equal(goesOn?.get('conversation_previous_hash'), last === undefined ? '' : naiveLeafHash(last))
      assert.equal(alsoGoesOn?.get('conversation_seq'), 1)
      assert.equal(alsoGoesOn?.get('conversation_previous_hash'), other === undefined ? '' : naiveLeafHash(other))
    }))
}

const [SHARED, ARCHIVED_ALONE, DESTROYED_ALONE, BOTH] = [payload(1), payload(2), payload(3), payload(4)]
const CHUNKS = [SHARED.sealed, Uint8Array.of(1, 2), Uint8Array.of(3)]

/** Three entries that name payloads, and one behind them: 0 is to be archived, 1 destroyed, 2 to stay. */
async function fillWithContent(store: LedgerStore): Promise<readonly StoredEntry[]> {
  await store.create(LEDGER)
  for (const one of [SHARED, ARCHIVED_ALONE, DESTROYED_ALONE, BOTH]) {
    await store.keepPayload(LEDGER, one)
    await store.keepChunks(LEDGER, one.blob_id, 1, CHUNKS.slice(1))
  }
  const kept = (...payloads: (typeof SHARED)[]): readonly DraftPayload[] =>
    payloads.map((one) => ({ state: 'kept', ...one }))
  await store.commit(
    batch([
      withPayloads(prepare({ id: id(1), conversation_id: 'c' }), kept(SHARED, ARCHIVED_ALONE, BOTH)),
      withPayloads(prepare({ id: id(2), conversation_id: 'c' }), kept(SHARED, DESTROYED_ALONE, BOTH)),
      withPayloads(prepare({ id: id(3), conversation_id: 'c' }), kept(SHARED)),
      prepare(),
    ]),
  )
  return allEntries(store)
}

async function stateOf(store: LedgerStore, { blob_id, content_key }: typeof SHARED): Promise<string> {
  const found = await store.payload(LEDGER, blob_id)
  const chunks = await store.chunks(LEDGER, blob_id, 1, 9)
  if (found === undefined) return chunks.length === 0 ? 'gone' : 'chunks alone'
  assert.deepEqual(Uint8Array.from(found.content_key), content_key)
  assert.equal(found.more, chunks.length)
  if (found.sealed.length === 0) return chunks.length === 0 ? 'key alone' : 'half'
  return chunks.length === CHUNKS.length - 1 ? 'whole' : 'half'
}

function contentContract(withStore: WithStore): void {
  test('content leaves with the last entry that names it; the key stays while one of them is archived', () =>
    withStore(async (store) => {
      const [one, two] = await fillWithContent(store)
      const states = (): Promise<string[]> =>
        Promise.all([SHARED, ARCHIVED_ALONE, DESTROYED_ALONE, BOTH].map((each) => stateOf(store, each)))
      await remove(store, ARCHIVED, one)
      assert.deepEqual(await states(), ['whole', 'key alone', 'whole', 'whole'])
      await remove(store, DESTROYED, two)
      assert.deepEqual(await states(), ['whole', 'key alone', 'gone', 'key alone'])
      // What is read through the archive is opened by them.
      const keys = (await store.contentKeys(LEDGER, '', 9)).map(({ blob_id }) => blob_id)
      assert.deepEqual(keys, [SHARED, ARCHIVED_ALONE, BOTH].map(({ blob_id }) => blob_id).sort())
      assert.equal(await store.sweepPayloads(LEDGER, SAMPLE_TIME * 2), 0)
      await remove(store, DESTROYED, one)
      assert.deepEqual(await states(), ['whole', 'gone', 'gone', 'gone'])
    }))

  test('content that left is told of no more, and no new record can name it', () =>
    withStore(async (store) => {
      const [one] = await fillWithContent(store)
      await remove(store, ARCHIVED, one)
      const [kept = []] = await store.keptBodies(LEDGER, [{ conversation: 'c', from_seq: 0 }])
      assert.equal(
        kept.some(({ blob_id }) => blob_id === ARCHIVED_ALONE.blob_id),
        false,
      )
      const draft = prepare({ id: id(9) })
      const naming = (state: DraftPayload): PreparedDraft => withPayloads(draft, [state])
      await assert.rejects(store.commit(batch([naming({ state: 'kept', ...ARCHIVED_ALONE })])), {
        code: 'not-committed',
      })
      assert.equal((await store.head(LEDGER))?.size, 4)
      const [placed] = await store.commit(batch([naming({ state: 'sealed', ...payload(9) })]))
      assert.equal(placed?.state, 'recorded')
    }))
}

function returnContract(withStore: WithStore): void {
  const whole = { blob_id: ARCHIVED_ALONE.blob_id, chunks: CHUNKS }

  test('what comes back is as it was, byte for byte, and once', () =>
    withStore(async (store) => {
      const entries = await fillWithContent(store)
      const [one] = entries
      await remove(store, ARCHIVED, one)
      const back = [{ seq: 0, entry: one?.entry ?? new Uint8Array(), payloads: [whole] }]
      assert.equal(await store.bringBack(LEDGER, back), 1)
      assert.deepEqual(await allEntries(store), entries)
      assert.equal(await stateOf(store, ARCHIVED_ALONE), 'whole')
      assert.deepEqual(
        (await store.chunks(LEDGER, whole.blob_id, 1, 9)).map((chunk) => [...chunk]),
        [[1, 2], [3]],
      )
      assert.equal(await store.bringBack(LEDGER, back), 0)
      assert.equal(await remove(store, ARCHIVED, one), 1)
    }))

  const lies: readonly (readonly [
    name: string,
    lie: (entries: readonly StoredEntry[]) => Parameters<LedgerStore['bringBack']>[1][number],
  ])[] = [
    ['other bytes', ([one, two]) => ({ seq: one?.seq ?? 0, entry: bytesOf(two), payloads: [whole] })],
    ['another place', ([one]) => ({ seq: 2, entry: bytesOf(one), payloads: [whole] })],
    ['without its content', ([one]) => ({ seq: 0, entry: bytesOf(one), payloads: [] })],
    ['one that was destroyed', ([, two]) => ({ seq: 1, entry: bytesOf(two), payloads: [] })],
    ['a seq that no entry has', ([one]) => ({ seq: 1_000, entry: bytesOf(one), payloads: [] })],
  ]
  for (const [name, lie] of lies) {
    test(`nothing comes back where one may not: ${name}`, () =>
      withStore(async (store) => {
        const entries = await fillWithContent(store)
        await remove(store, ARCHIVED, entries[0], entries[2])
        await remove(store, DESTROYED, entries[1])
        const before = await allEntries(store)
        const sound = { seq: 2, entry: bytesOf(entries[2]), payloads: [{ blob_id: SHARED.blob_id, chunks: CHUNKS }] }
        await assert.rejects(store.bringBack(LEDGER, [sound, lie(entries)]), { code: 'removal-refused' })
        assert.deepEqual(await allEntries(store), before)
        assert.equal(await stateOf(store, SHARED), 'key alone')
      }))
  }
}

function moveContract(withStore: WithStore): void {
  const ELSEWHERE = { state: 'archived', block: 0, segment: 'b7'.repeat(16) } as const
  const from = ARCHIVED.segment

  test('an archived entry is said to lie elsewhere, and nothing else of it is said otherwise', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      const [, one, two] = entries
      await remove(store, ARCHIVED, one, two)
      const before = await Promise.all(SEARCHES.map((filter) => seqsOf(store, filter)))
      const move = { from, entries: [{ ...entryOf(one), mark: ELSEWHERE }] }
      assert.equal(await store.moveEntries(LEDGER, move), 1)
      const rows = await allEntries(store)
      assert.equal(Buffer.from(rows[1]?.entry ?? []).toString(), naiveStub(one, ELSEWHERE))
      assert.equal(Buffer.from(rows[2]?.entry ?? []).toString(), naiveStub(two, ARCHIVED))
      assert.deepEqual(await Promise.all(SEARCHES.map((filter) => seqsOf(store, filter))), before)
      await assertTree(store, entries)
      assert.equal(await store.moveEntries(LEDGER, move), 0)
      assert.deepEqual(await allEntries(store), rows)
    }))

  test('what stands, was destroyed, or lies elsewhere is not moved, whatever else is', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      await remove(store, ARCHIVED, entries[1])
      await remove(store, DESTROYED, entries[2])
      await remove(store, { ...ARCHIVED, segment: 'c3'.repeat(16) }, entries[5])
      const before = await allEntries(store)
      const moving = [1, 2, 3, 5].map((seq) => ({ ...entryOf(entries[seq]), mark: ELSEWHERE }))
      assert.equal(await store.moveEntries(LEDGER, { from, entries: moving }), 1)
      const after = await allEntries(store)
      assert.deepEqual(
        after.map((row, seq) => (seq === 1 ? undefined : row)),
        before.map((row, seq) => (seq === 1 ? undefined : row)),
      )
    }))

  test('nothing is moved where one has other bytes than were hashed', () =>
    withStore(async (store) => {
      const entries = await fill(store)
      const [, one, two] = entries
      await remove(store, ARCHIVED, one, two)
      const before = await allEntries(store)
      const lie = { ...entryOf(two), entry: entryOf(one).entry, mark: ELSEWHERE }
      const move = { from, entries: [{ ...entryOf(one), mark: ELSEWHERE }, lie] }
      await assert.rejects(store.moveEntries(LEDGER, move), { code: 'removal-refused' })
      assert.deepEqual(await allEntries(store), before)
    }))

  test('content of what is moved is where it was: away with it, or at hand for others', () =>
    withStore(async (store) => {
      const [one] = await fillWithContent(store)
      await remove(store, ARCHIVED, one)
      const states = (): Promise<string[]> =>
        Promise.all([SHARED, ARCHIVED_ALONE, DESTROYED_ALONE, BOTH].map((each) => stateOf(store, each)))
      const before = await states()
      assert.equal(await store.moveEntries(LEDGER, { from, entries: [{ ...entryOf(one), mark: ELSEWHERE }] }), 1)
      assert.deepEqual(await states(), before)
    }))
}

function entryOf(stored: StoredEntry | undefined): Pick<StoredEntry, 'seq' | 'entry'> {
  return { seq: stored?.seq ?? -1, entry: stored?.entry ?? new Uint8Array() }
}
