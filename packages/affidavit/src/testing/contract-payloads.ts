// The contract of sealed payloads: kept with the entry that names them, or before it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { LedgerStore, SealedPayload } from '../ledger/store.ts'
import { LEDGER, type WithStore } from './contract-reading.ts'
import { SAMPLE_TIME, samples } from './sample-drafts.ts'
import { payload, withPayloads } from './sample-payloads.ts'

const { prepare, batch, id } = samples(LEDGER)

function stored({ body_digest, content_key, sealed }: SealedPayload, more = 0): object {
  return { body_digest, content_key, sealed, more }
}

async function plain(store: LedgerStore, blob_id: string): Promise<object | undefined> {
  const found = await store.payload(LEDGER, blob_id)
  if (found === undefined) return undefined
  return { ...found, content_key: Uint8Array.from(found.content_key), sealed: Uint8Array.from(found.sealed) }
}

export function payloadContract(withStore: WithStore): void {
  test('a payload is there with the entry that names it, byte for byte, and not without it', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const [one, two] = [payload(1), payload(2)]
      assert.equal(await plain(store, one.blob_id), undefined)
      const draft = withPayloads(prepare(), [
        { state: 'sealed', ...one } as const,
        { state: 'sealed', ...two } as const,
      ])
      await store.commit(batch([draft]))
      assert.deepEqual(await plain(store, one.blob_id), stored(one))
      assert.deepEqual(await plain(store, two.blob_id), stored(two))
    }))

  test('a draft that is handed in again, or that conflicts, brings no payload', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const first = prepare({ id: id(1) })
      const other = withPayloads(prepare({ id: id(1), actor_id: 'another' }), [
        { state: 'sealed', ...payload(3) } as const,
      ])
      await store.commit(batch([withPayloads(first, [{ state: 'sealed', ...payload(1) }])]))
      const again = withPayloads(first, [{ state: 'sealed', ...payload(2) } as const])
      const placed = await store.commit(batch([again, other]))
      assert.deepEqual(
        placed.map(({ state }) => state),
        ['duplicate', 'conflict'],
      )
      assert.equal(await plain(store, payload(2).blob_id), undefined)
      assert.equal(await plain(store, payload(3).blob_id), undefined)
    }))

  test('a large payload is kept first, in parts and again after a failure, and named later', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const large = payload(4)
      const chunks = Array.from({ length: 5 }, (_, i) =>
        Uint8Array.from({ length: 70_000 }, (__, at) => (at + i) % 256),
      )
      await store.keepPayload(LEDGER, large)
      await store.keepChunks(LEDGER, large.blob_id, 1, chunks.slice(0, 3))
      await store.keepPayload(LEDGER, payload(4, { sealed: Uint8Array.of(1) }))
      await store.keepChunks(LEDGER, large.blob_id, 3, chunks.slice(2))
      await store.commit(batch([withPayloads(prepare(), [{ state: 'kept', ...large }])]))
      assert.deepEqual(await plain(store, large.blob_id), stored(large, 5))
      const read = [
        ...(await store.chunks(LEDGER, large.blob_id, 1, 2)),
        ...(await store.chunks(LEDGER, large.blob_id, 3, 9)),
      ]
      assert.deepEqual(
        read.map((chunk) => Uint8Array.from(chunk)),
        chunks,
      )
      assert.deepEqual(await store.chunks(LEDGER, large.blob_id, 6, 9), [])
    }))

  test('a draft that names a payload which is not there is not committed, nor what came with it', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const missing = withPayloads(prepare(), [{ state: 'kept', ...payload(5) } as const])
      await assert.rejects(store.commit(batch([prepare(), missing])), { code: 'not-committed' })
      assert.equal(await store.head(LEDGER), undefined)
      await store.commit(batch([prepare()]))
    }))

  test('the payloads that records of a conversation name are told with their digests, those of later records alone where asked', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const [shared, late, alone] = [payload(6), payload(7), payload(8)]
      const named = ({ blob_id, body_digest }: SealedPayload, seq: number): object => ({ seq, blob_id, body_digest })
      const kept = (conversation: string, from_seq = 0): Promise<readonly (readonly object[])[]> =>
        store.keptBodies(LEDGER, [
          { conversation: 'nobody', from_seq: 0 },
          { conversation, from_seq },
        ])
      assert.deepEqual(await kept('c'), [[], []])
      await store.keepPayload(LEDGER, shared)
      assert.deepEqual(await kept('c'), [[], []], 'nobody names it yet')
      const use = (one: SealedPayload) => [{ state: 'kept', ...one } as const]
      const say = (conversation_id: string): ReturnType<typeof prepare> => prepare({ conversation_id })
      await store.commit(
        batch([
          withPayloads(say('c'), use(shared)),
          withPayloads(say('d'), use(shared)),
          withPayloads(say('c'), [{ state: 'sealed', ...late }]),
          withPayloads(prepare(), [{ state: 'sealed', ...alone }]),
          say('c'),
        ]),
      )
      assert.deepEqual(await kept('c'), [[], [named(shared, 0), named(late, 2)]])
      assert.deepEqual(await kept('c', 1), [[], [named(late, 2)]])
      assert.deepEqual(await kept('c', 3), [[], []])
      assert.deepEqual(await kept('', 1), [[], [named(shared, 1), named(late, 2), named(alone, 3)]])
    }))

  test('of a conversation the newest thousand records are told of', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const drafts = Array.from({ length: 1_003 }, (_, i) =>
        withPayloads(prepare({ conversation_id: 'c' }), [{ state: 'sealed', ...payload(10_000 + i) } as const]),
      )
      await store.commit(batch(drafts))
      for (const conversation of ['c', '']) {
        const [kept = []] = await store.keptBodies(LEDGER, [{ conversation, from_seq: 0 }])
        assert.deepEqual([kept.length, kept[0]?.seq, kept.at(-1)?.seq], [1_000, 3, 1_002])
      }
    }))

  test('a payload that many records name is told once, at the newest, and of many the newest thousand are', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const sealed = (n: number) => ({ state: 'sealed', ...payload(20_000 + n) }) as const
      const shared = payload(9)
      const contents = Array.from({ length: 50 }, (_, i) => Array.from({ length: 21 }, (__, j) => sealed(i * 21 + j)))
      await store.commit(
        batch(
          contents.map((some) =>
            withPayloads(prepare({ conversation_id: 'c' }), [{ state: 'sealed', ...shared }, ...some]),
          ),
        ),
      )
      for (const conversation of ['c', '']) {
        const [kept = []] = await store.keptBodies(LEDGER, [{ conversation, from_seq: 0 }])
        assert.equal(kept.length, 1_000)
        assert.equal(new Set(kept.map(({ blob_id }) => blob_id)).size, 1_000)
        assert.deepEqual(
          kept.filter(({ blob_id }) => blob_id === shared.blob_id).map(({ seq }) => seq),
          [49],
        )
        assert.deepEqual([kept[0]?.seq, kept.at(-1)?.seq], [2, 49])
        const seqs = kept.map(({ seq }) => seq)
        assert.deepEqual(
          seqs,
          seqs.toSorted((a, b) => a - b),
        )
      }
    }))

  test('content keys are told page by page, in the order of their payloads', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const all = [payload(11), payload(12), payload(13)].sort((one, other) => (one.blob_id < other.blob_id ? -1 : 1))
      const told = all.map(({ blob_id, content_key }) => ({ blob_id, content_key }))
      const plainly = async (after: string, limit: number): Promise<readonly object[]> =>
        (await store.contentKeys(LEDGER, after, limit)).map(({ blob_id, content_key }) => ({
          blob_id,
          content_key: Uint8Array.from(content_key),
        }))
      assert.deepEqual(await plainly('', 9), [])
      for (const one of [...all].reverse()) await store.keepPayload(LEDGER, one)
      assert.deepEqual(await plainly('', 2), told.slice(0, 2))
      assert.deepEqual(await plainly(told[1]?.blob_id ?? '', 9), told.slice(2))
    }))

  test('the newest entry that names a payload is told, and none where nobody does', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const shared = payload(9)
      await store.keepPayload(LEDGER, shared)
      assert.equal(await store.lastUse(LEDGER, shared.blob_id), undefined)
      for (const n of [1, 6, 2]) {
        await store.commit(batch([withPayloads(prepare({ id: id(n) }), [{ state: 'kept', ...shared }])]))
      }
      const entry = await store.lastUse(LEDGER, shared.blob_id)
      assert.equal(JSON.parse(Buffer.from(entry ?? []).toString()).id, id(2))
    }))

  test('what no entry names is swept once it is old enough, and nothing else', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const [old, young, named] = [payload(1_000), payload(3_000), payload(1_001)]
      for (const one of [old, young, named]) await store.keepPayload(LEDGER, one)
      await store.keepChunks(LEDGER, old.blob_id, 1, [Uint8Array.of(1)])
      await store.keepChunks(LEDGER, named.blob_id, 1, [Uint8Array.of(2)])
      await store.commit(batch([withPayloads(prepare(), [{ state: 'kept', ...named }])]))
      assert.equal(await store.sweepPayloads(LEDGER, SAMPLE_TIME + 2_000), 1)
      assert.equal(await store.sweepPayloads(LEDGER, SAMPLE_TIME + 2_000), 0)
      assert.equal(await plain(store, old.blob_id), undefined)
      assert.deepEqual(await store.chunks(LEDGER, old.blob_id, 1, 9), [])
      assert.deepEqual(await plain(store, young.blob_id), stored(young))
      assert.deepEqual(await plain(store, named.blob_id), stored(named, 1))
    }))

  test('ledgers of one store do not see each other’s payloads', () =>
    withStore(async (store) => {
      const other = `${LEDGER}2`
      await store.create(LEDGER)
      await store.create(other)
      await store.keepPayload(LEDGER, payload(7))
      await store.keepChunks(LEDGER, payload(7).blob_id, 1, [Uint8Array.of(1)])
      assert.equal(await store.payload(other, payload(7).blob_id), undefined)
      assert.deepEqual(await store.chunks(other, payload(7).blob_id, 1, 9), [])
      assert.equal(await store.sweepPayloads(other, SAMPLE_TIME * 2), 0)
      assert.deepEqual(await plain(store, payload(7).blob_id), stored(payload(7), 1))
    }))
}
