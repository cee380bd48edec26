import assert from 'node:assert/strict'
import { test } from 'node:test'

import { samples } from '../testing/sample-drafts.ts'
import type { Admitted } from './admit.ts'
import { createPlacing, type Placing } from './place.ts'
import { createQueue } from './queue.ts'
import type { LedgerStore, Placed, PreparedDraft } from './store.ts'

const { prepare } = samples('place.example/agents/0123456789abcdef')

/** A queue of this room whose commits answer in turn what `answers` says, else that all is recorded. */
function placing(
  room: number,
  answers: ((drafts: readonly PreparedDraft[]) => readonly Placed[])[],
): {
  readonly made: Placing
  readonly renewed: number[]
} {
  let seq = 0
  const recorded = (drafts: readonly PreparedDraft[]): readonly Placed[] =>
    drafts.map(() => ({ state: 'recorded', seq: seq++, integrity_hash: '', recorded_at: '' }))
  const queue = createQueue(async (drafts) => (answers.shift() ?? recorded)(drafts), room)
  const renewed: number[] = []
  // Nothing here is in conflict: the store is not asked.
  const parts = {
    store: {} as LedgerStore,
    ledger: 'l',
    queue,
    renew: async (fence: number) => void renewed.push(fence),
  }
  return { made: createPlacing(parts), renewed }
}

function admitted(more: Partial<Admitted> = {}): Admitted {
  const draft = prepare()
  return { id: draft.id, isLarge: false, prepare: () => draft, compare: async () => 'other', ...more }
}

const stale = (drafts: readonly PreparedDraft[]): readonly Placed[] => drafts.map(() => ({ state: 'stale', fence: 2 }))

test('what was taken keeps its room when it has to be prepared anew, also where others have filled the queue', async () => {
  const { made, renewed } = placing(1, [stale])
  const first = made.place(admitted(), 'caller')
  await new Promise(setImmediate)
  const second = made.place(admitted(), 'caller').catch(() => undefined)
  assert.equal((await first).state, 'recorded')
  await second
  assert.deepEqual(renewed, [2])
})

test('a large draft takes its room while it is sealed, and room is made when it is recorded', async () => {
  const { made } = placing(1, [])
  const sealed = Promise.withResolvers<PreparedDraft>()
  const large = made.place(admitted({ isLarge: true, prepare: () => sealed.promise }), 'caller')
  assert.equal(made.room(), 0)
  const waiting = made.roomMade().then(() => 'made')
  assert.equal(await Promise.race([waiting, new Promise((resolve) => setImmediate(resolve, 'not yet'))]), 'not yet')
  sealed.resolve(prepare())
  assert.equal(await waiting, 'made')
  await large
  assert.equal(made.room(), 1)
})

test('of many large drafts a few are sealed at a time, and all get their place', async () => {
  const { made } = placing(100, [])
  let underWay = 0
  let most = 0
  const large = Array.from({ length: 20 }, () =>
    admitted({
      isLarge: true,
      async prepare() {
        most = Math.max(most, ++underWay)
        await new Promise(setImmediate)
        underWay--
        return prepare()
      },
    }),
  )
  const placed = await Promise.all(large.map((one) => made.place(one, 'caller')))
  assert.deepEqual([...new Set(placed.map(({ state }) => state))], ['recorded'])
  assert.equal(most, 4)
})

test('a large draft that cannot be sealed gives its room back', async () => {
  const { made } = placing(1, [])
  const large = made.place(admitted({ isLarge: true, prepare: () => Promise.reject(new Error('no key')) }), 'caller')
  await assert.rejects(large, /no key/)
  assert.equal(made.room(), 1)
  await made.settled()
})
