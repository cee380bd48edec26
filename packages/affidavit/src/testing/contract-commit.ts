// The contract of LedgerStore.commit: order, links, idempotency, atomicity.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Draft } from '../formats/fields.ts'
import { BINDING_ACTIONS } from '../ledger/binding.ts'
import type { LedgerStore, Placed, PreparedDraft } from '../ledger/store.ts'
import { allEntries, LEDGER, membersOf, naiveLeafHash, type WithStore } from './contract-reading.ts'
import { SAMPLE_TIME, samples } from './sample-drafts.ts'

const { prepare, prepareOwn, batch, id } = samples(LEDGER)

export function commitContract(withStore: WithStore): void {
  placeContract(withStore)
  idempotencyContract(withStore)
  conversationContract(withStore)
  batchContract(withStore)
}

function placeContract(withStore: WithStore): void {
  test('drafts get consecutive seqs in their order, batch after batch', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const first = [prepare(), prepare(), prepare()]
      const second = [prepare(), prepare()]
      assert.deepEqual(seqs(await store.commit(batch(first))), [0, 1, 2])
      assert.deepEqual(seqs(await store.commit(batch(second))), [3, 4])
      const ids = (await allEntries(store)).map((entry) => membersOf(entry).get('id'))
      assert.deepEqual(
        ids,
        [...first, ...second].map((draft) => draft.id),
      )
    }))

  test('the answer names the hash of the bytes that are stored, and each entry the one before', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const placed = [
        ...(await store.commit(batch([prepare(), prepare()]))),
        ...(await store.commit(batch([prepare()]))),
        ...(await store.commit(batch([prepare(), prepare({ details: { text: 'ä€😀' } })]))),
      ]
      const entries = await allEntries(store)
      assert.deepEqual(placed.map(hashOf), entries.map(naiveLeafHash))
      let previous = ''
      for (const entry of entries) {
        assert.equal(membersOf(entry).get('previous_hash'), previous)
        previous = naiveLeafHash(entry)
      }
    }))

  test('recorded_at never decreases, whatever the clock of a batch says', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      for (const offset of [0, 5_000, -3_600_000, 4_999, 6_000]) {
        await store.commit(batch([prepare()], SAMPLE_TIME + offset))
      }
      const times = (await allEntries(store)).map((entry) => String(membersOf(entry).get('recorded_at')))
      assert.deepEqual(times, [...times].sort())
      assert.equal(times[1], times[2], 'a clock that stepped back repeats the last recorded_at')
      assert.equal((await store.head(LEDGER))?.recorded_at, times.at(-1))
    }))

  test('a batch of no drafts changes nothing', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      assert.deepEqual(await store.commit(batch([])), [])
      assert.equal(await store.head(LEDGER), undefined)
    }))
}

function idempotencyContract(withStore: WithStore): void {
  test('an id that is handed in again is answered with its first place, across batches and within one', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const draft = prepare({ id: id(1) })
      const [first] = await store.commit(batch([draft]))
      const again = await store.commit(batch([prepare({ id: id(1) }), prepare({ id: id(2) }), prepare({ id: id(2) })]))
      assert.deepEqual(again[0], { ...first, state: 'duplicate' })
      assert.deepEqual(states(again), ['duplicate', 'recorded', 'duplicate'])
      assert.deepEqual(again[2], { ...again[1], state: 'duplicate' })
      assert.equal((await store.head(LEDGER))?.size, 2)
    }))

  test('an id that comes back with another draft is in conflict, and the rest of the batch goes on', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const [first] = await store.commit(batch([prepare({ id: id(1) })]))
      const changed = prepare({ id: id(1), outcome: 'failure' })
      const placed = await store.commit(
        batch([prepare(), changed, prepare({ id: id(2) }), prepare({ id: id(2), model: 'm' })]),
      )
      assert.deepEqual(states(placed), ['recorded', 'conflict', 'recorded', 'conflict'])
      assert.deepEqual(placed[1], {
        state: 'conflict',
        seq: 0,
        integrity_hash: first === undefined ? undefined : hashOf(first),
      })
      assert.deepEqual(seqs(placed), [1, 0, 2, 2])
      assert.equal((await store.head(LEDGER))?.size, 3)
    }))

  test('a draft that was prepared before an erasure was decided gets no place behind it, whoever decided', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const erased = (keyring_generation: number): Partial<Draft> => {
        return { action: 'content_erased', actor_type: 'system', details: { phase: 'decided', keyring_generation } }
      }
      const decision = { ...prepareOwn(erased(2)), keyring_fence: 2 }
      const [before] = await store.commit(batch([prepare(), decision]))
      assert.equal(before?.state, 'recorded')
      const after = [prepare({ id: id(1) }), { ...prepare({ id: id(2) }), keyring_generation: 2 }]
      assert.deepEqual(await store.commit(batch(after.slice(0, 1))), [{ state: 'stale', fence: 2 }])
      assert.deepEqual(states(await store.commit(batch(after))), ['stale', 'recorded'])
      assert.equal((await store.head(LEDGER))?.size, 3)
    }))

  test('a decision that was judged before a hold, or a late fact, gets no place, whoever recorded that', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      for (const [n, action] of BINDING_ACTIONS.entries()) {
        // Another writer's, past the forms: it is the action that counts.
        const { pieces, ...other } = prepareOwn({ id: id(3 * n), action: 'clock_stepped', actor_type: 'system' })
        const [first, ...more] = pieces
        const binding = {
          ...other,
          pieces: [first.replace('"clock_stepped"', JSON.stringify(action)), ...more],
        } as const
        const [at] = seqs(await store.commit(batch([binding, prepare({ id: id(3 * n + 1) })])))
        const bound = (at ?? assert.fail()) + 1
        const decision = (judged_below: number): PreparedDraft => ({
          ...prepareOwn({ id: id(3 * n + 2) }),
          judged_below,
        })
        assert.deepEqual(await store.commit(batch([decision(bound - 1)])), [{ state: 'overtaken', bound }], action)
        assert.deepEqual(states(await store.commit(batch([decision(bound)]))), ['recorded'])
        // What has its place keeps it, whatever came behind.
        assert.deepEqual(states(await store.commit(batch([decision(0)]))), ['duplicate'])
      }
    }))

  test('a decision to erase that got no place keeps no draft from its own', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      await store.commit(batch([prepare({ id: id(1) })]))
      const details = { phase: 'decided', keyring_generation: 2 }
      const decision = prepareOwn({ id: id(1), action: 'content_erased', actor_type: 'system', details })
      assert.deepEqual(states(await store.commit(batch([{ ...decision, keyring_fence: 2 }]))), ['conflict'])
      assert.deepEqual(states(await store.commit(batch([prepare()]))), ['recorded'])
    }))

  test('a batch that is handed in again, as after an unknown outcome, adds nothing and is answered the same', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const drafts = Array.from({ length: 40 }, (_, i) => prepare({ id: id(i), conversation_id: `c${i % 3}` }))
      const first = await store.commit(batch(drafts))
      const before = await allEntries(store)
      const again = await store.commit(batch(drafts, SAMPLE_TIME + 60_000))
      assert.deepEqual(
        again,
        first.map((placed) => ({ ...placed, state: 'duplicate' })),
      )
      assert.deepEqual(await allEntries(store), before)
    }))
}

function conversationContract(withStore: WithStore): void {
  test('the links of each conversation run from 0 and the empty string, however they are mixed', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const names = ['a', 'b', undefined, 'a', 'a', 'c', undefined, 'b', 'a', 'c']
      for (const size of [1, 3, 2, 10, 7]) {
        const drafts = Array.from({ length: size }, (_, i) => names[(i * 7 + size) % names.length])
        await store.commit(batch(drafts.map((name) => prepare(name === undefined ? {} : { conversation_id: name }))))
      }
      const tips = new Map<unknown, { seq: number; hash: string }>()
      for (const entry of await allEntries(store)) {
        const members = membersOf(entry)
        const name = members.get('conversation_id')
        const before = tips.get(name)
        const expected = name === undefined ? [undefined, undefined] : [(before?.seq ?? -1) + 1, before?.hash ?? '']
        assert.deepEqual([members.get('conversation_seq'), members.get('conversation_previous_hash')], expected)
        tips.set(name, { seq: (before?.seq ?? -1) + 1, hash: naiveLeafHash(entry) })
      }
      assert.deepEqual([...tips.keys()].sort(), ['a', 'b', 'c', undefined])
    }))

  test('a draft that is refused as a duplicate or conflict leaves no gap in its conversation', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const conversation_id = 'c'
      await store.commit(batch([prepare({ id: id(1), conversation_id })]))
      await store.commit(
        batch([
          prepare({ id: id(1), conversation_id }),
          prepare({ conversation_id }),
          prepare({ id: id(1), conversation_id, model: 'm' }),
          prepare({ conversation_id }),
        ]),
      )
      const links = (await allEntries(store)).map((entry) => membersOf(entry).get('conversation_seq'))
      assert.deepEqual(links, [0, 1, 2])
    }))
}

function batchContract(withStore: WithStore): void {
  test('a large batch of many conversations and subjects is one batch', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const drafts = Array.from({ length: 1_000 }, (_, i) =>
        prepare({ conversation_id: `c${i % 300}`, subject_ids: [`s${i}`, 'everybody'] }),
      )
      assert.deepEqual(
        seqs(await store.commit(batch(drafts))),
        drafts.map((_, i) => i),
      )
      const about = await store.entries(LEDGER, { subject_id: 'everybody' }, { limit: 2_000, order: 'descending' })
      assert.equal(about.length, 1_000)
    }))

  test('batches that are handed in at once do not mix, and no reader sees a part of one', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const sizes = Array.from({ length: 30 }, (_, i) => 1 + ((i * 7) % 20))
      const commits = Promise.all(
        sizes.map((size) => store.commit(batch(Array.from({ length: size }, () => prepare())))),
      )
      const seen = await sizesSeenDuring(store, commits)
      const placed = await commits
      const starts = placed.map((one) => {
        const [first = 0] = seqs(one)
        assert.deepEqual(
          seqs(one),
          one.map((_, i) => first + i),
        )
        return first
      })
      assert.deepEqual(
        starts,
        starts.toSorted((a, b) => a - b),
        'batches are sequenced in the order of the calls',
      )
      const total = sizes.reduce((sum, size) => sum + size, 0)
      for (const size of seen) assert.ok(size === total || starts.includes(size), `${size} is inside a batch`)
    }))
}

async function sizesSeenDuring(store: LedgerStore, work: Promise<unknown>): Promise<Set<number>> {
  const seen = new Set<number>()
  let state: 'running' | 'done' = 'running'
  const ended = work.finally(() => {
    state = 'done'
  })
  const goesOn = (): boolean => state === 'running'
  while (goesOn()) {
    seen.add((await store.head(LEDGER))?.size ?? 0)
    seen.add((await allEntries(store)).length)
    await new Promise(setImmediate)
  }
  await ended
  return seen
}

function hashOf(placed: Placed): string | undefined {
  return 'integrity_hash' in placed ? placed.integrity_hash : undefined
}

function seqs(placed: readonly Placed[]): (number | undefined)[] {
  return placed.map((place) => ('seq' in place ? place.seq : undefined))
}

function states(placed: readonly Placed[]): string[] {
  return placed.map(({ state }) => state)
}
