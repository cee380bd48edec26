// The contract of a store as a place of several ledgers, and of its end.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LedgerError } from '../errors/ledger-error.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { allEntries, LEDGER, membersOf, naiveRoot, type WithStore } from './contract-reading.ts'
import { samples } from './sample-drafts.ts'

const OTHER = 'contract.example/others/fedcba9876543210'
const one = samples(LEDGER)
const other = samples(OTHER)

export function tenantContract(withStore: WithStore): void {
  test('ledgers are listed in the order of their creation, and an origin is taken once', () =>
    withStore(async (store) => {
      assert.deepEqual(await store.ledgers(), [])
      await store.create(OTHER)
      await store.create(LEDGER)
      await assert.rejects(store.create(OTHER), hasCode('ledger-exists'))
      assert.deepEqual(await store.ledgers(), [OTHER, LEDGER])
    }))

  test('two ledgers in one store do not see each other', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      await store.create(OTHER)
      await fillInTurn(store)
      assert.deepEqual([(await allEntries(store)).length, (await allEntries(store, OTHER)).length], [20, 30])
      assert.deepEqual([(await store.head(LEDGER))?.size, (await store.head(OTHER))?.size], [20, 30])
      await compareTrees(store)
      const found = await store.entries(
        OTHER,
        { conversation_id: 'c', subject_id: 's' },
        { limit: 99, order: 'ascending' },
      )
      assert.deepEqual(
        found.map((entry) => membersOf(entry).get('conversation_seq')),
        Array.from({ length: 30 }, (_, i) => i),
      )
    }))

  test('two ledgers keep checkpoints apart', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      await store.create(OTHER)
      await store.keepCheckpoint(LEDGER, { size: 9, note: 'nine\n' })
      assert.equal(await store.keepCheckpoint(OTHER, { size: 2, note: 'two\n' }), 'kept')
      await store.keepCosignature(OTHER, 2, '— w b')
      assert.deepEqual(await store.checkpoints(LEDGER, -1, 9), [{ size: 9, note: 'nine\n', cosignatures: [] }])
      assert.deepEqual(await store.checkpoints(OTHER, -1, 9), [{ size: 2, note: 'two\n', cosignatures: ['— w b'] }])
    }))

  test('a ledger that the store does not have is refused by every method', () =>
    withStore(async (store) => {
      await store.create(OTHER)
      const refused = hasCode('not-a-ledger')
      await assert.rejects(store.commit(one.batch([one.prepare()])), refused)
      await assert.rejects(store.head(LEDGER), refused)
      await assert.rejects(store.entries(LEDGER, {}, { limit: 1, order: 'ascending' }), refused)
      await assert.rejects(store.nodes(LEDGER, [{ level: 0, index: 0 }]), refused)
      await assert.rejects(store.keepCheckpoint(LEDGER, { size: 1, note: 'n\n' }), refused)
      await assert.rejects(store.keepCosignature(LEDGER, 1, '— w b'), refused)
      await assert.rejects(store.checkpoints(LEDGER, 0, 1), refused)
      await assert.rejects(store.latestCheckpoint(LEDGER, 1), refused)
      assert.equal(await store.head(OTHER), undefined)
    }))

  test('closing waits for what was begun, and closing again does nothing', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      const [placed] = await Promise.all([store.commit(one.batch([one.prepare(), one.prepare()])), store.close()])
      assert.equal(placed.length, 2)
      await store.close()
    }))

  test('a store that is closed refuses', () =>
    withStore(async (store) => {
      await store.create(LEDGER)
      await store.close()
      await assert.rejects(store.commit(one.batch([one.prepare()])), hasCode('ledger-closed'))
      await assert.rejects(store.head(LEDGER), hasCode('ledger-closed'))
    }))
}

// The same ids in both: an id belongs to a ledger.
async function fillInTurn(store: LedgerStore): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const fields = { conversation_id: 'c', subject_ids: ['s'] }
    const ids = [0, 1, 2].map((n) => one.id(i * 3 + n))
    await store.commit(one.batch(ids.slice(0, 2).map((id) => one.prepare({ ...fields, id }))))
    await store.commit(other.batch(ids.map((id) => other.prepare({ ...fields, id }))))
  }
}

async function compareTrees(store: LedgerStore): Promise<void> {
  for (const ledger of [LEDGER, OTHER]) {
    const entries = await allEntries(store, ledger)
    for (const entry of entries) assert.equal(membersOf(entry).get('ledger'), ledger)
    const [root] = await store.nodes(ledger, [{ level: 4, index: 0 }])
    assert.equal(Buffer.from(root ?? []).toString('hex'), naiveRoot(entries.slice(0, 16)).toString('hex'))
  }
}

function hasCode(code: LedgerError['code']): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code
}
