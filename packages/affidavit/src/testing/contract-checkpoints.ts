// The contract of what is kept about publications: checkpoints and their cosignatures.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LedgerError } from '../errors/ledger-error.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { LEDGER, type WithStore } from './contract-reading.ts'

export function checkpointContract(withStore: WithStore): void {
  test('checkpoints are kept with strictly growing sizes; anything else is superseded and leaves no trace', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      assert.equal(await store.latestCheckpoint(LEDGER, Number.MAX_SAFE_INTEGER), undefined)
      const sizes = [1, 5, 5, 4, 0, 9, 9, 8]
      const answers: string[] = []
      for (const [i, size] of sizes.entries()) {
        answers.push(await store.keepCheckpoint(LEDGER, { size, note: `note ${i} of ${size}\n` }))
      }
      const [kept, superseded] = ['kept', 'superseded']
      assert.deepEqual(answers, [kept, kept, superseded, superseded, superseded, kept, superseded, superseded])
      assert.deepEqual(await store.checkpoints(LEDGER, -1, 100), [
        { size: 1, note: 'note 0 of 1\n', cosignatures: [] },
        { size: 5, note: 'note 1 of 5\n', cosignatures: [] },
        { size: 9, note: 'note 5 of 9\n', cosignatures: [] },
      ])
    }))

  test('what proves that a commit is possible changes nothing, and is refused for a ledger that is not there', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      await store.keepCheckpoint(LEDGER, { size: 3, note: 'three\n' })
      const before = [await store.head(LEDGER), await store.checkpoints(LEDGER, -1, 10), await store.ledgers()]
      await store.proveCommit(LEDGER)
      assert.deepEqual(
        [await store.head(LEDGER), await store.checkpoints(LEDGER, -1, 10), await store.ledgers()],
        before,
      )
      await assert.rejects(store.proveCommit('nobody.example/x/0000000000000000'), { code: 'not-a-ledger' })
    }))

  test('the very checkpoint that is the newest, handed in again as after an unknown outcome, is kept once', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const checkpoint = { size: 3, note: 'note — ä\n' }
      assert.equal(await store.keepCheckpoint(LEDGER, checkpoint), 'kept')
      assert.equal(await store.keepCheckpoint(LEDGER, checkpoint), 'kept')
      assert.deepEqual(await store.checkpoints(LEDGER, 0, 10), [{ ...checkpoint, cosignatures: [] }])
    }))

  test('a checkpoint of the empty ledger may be the first', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      assert.equal(await store.keepCheckpoint(LEDGER, { size: 0, note: 'empty\n' }), 'kept')
      assert.equal((await store.latestCheckpoint(LEDGER, 0))?.note, 'empty\n')
    }))

  test('checkpoints are found by size: those above, and the largest of at most', () =>
    withStore(async (store) => {
      await keep(store, [2, 3, 5, 8, 13])
      const above = async (after: number, limit: number): Promise<number[]> =>
        (await store.checkpoints(LEDGER, after, limit)).map(({ size }) => size)
      assert.deepEqual(await above(-1, 100), [2, 3, 5, 8, 13])
      assert.deepEqual(await above(3, 100), [5, 8, 13])
      assert.deepEqual(await above(4, 2), [5, 8])
      assert.deepEqual(await above(13, 100), [])
      const atMost = async (size: number): Promise<number | undefined> =>
        (await store.latestCheckpoint(LEDGER, size))?.size
      assert.deepEqual([await atMost(1), await atMost(2), await atMost(7)], [undefined, 2, 5])
      assert.equal(await atMost(Number.MAX_SAFE_INTEGER), 13)
    }))

  test('cosignatures are kept in the order they came, each line once', () =>
    withStore(async (store) => {
      await keep(store, [4, 6])
      for (const line of ['— w1 b', '— w0 a', '— w1 b', '— w2 ä', '— w0 a'])
        await store.keepCosignature(LEDGER, 4, line)
      await store.keepCosignature(LEDGER, 6, '— w1 b')
      assert.deepEqual((await store.latestCheckpoint(LEDGER, 5))?.cosignatures, ['— w1 b', '— w0 a', '— w2 ä'])
      assert.deepEqual((await store.checkpoints(LEDGER, 5, 1))[0]?.cosignatures, ['— w1 b'])
    }))

  test('a cosignature of a checkpoint that was never kept is refused', () =>
    withStore(async (store) => {
      await keep(store, [4])
      const refused = (error: unknown): boolean => error instanceof LedgerError && error.code === 'not-found'
      await assert.rejects(store.keepCosignature(LEDGER, 5, '— w1 b'), refused)
      assert.deepEqual((await store.latestCheckpoint(LEDGER, 9))?.cosignatures, [])
    }))
}

async function keep(store: LedgerStore, sizes: readonly number[]): Promise<void> {
  await store.create(LEDGER)
  for (const size of sizes) await store.keepCheckpoint(LEDGER, { size, note: `note of ${size}\n` })
}
