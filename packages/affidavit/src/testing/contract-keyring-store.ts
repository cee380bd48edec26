// What every KeyringStore promises (vault/keyring-store.ts), as tests: run it on a store of your own.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { type KeyringHead, type KeyringRow, type KeyringStore, ROW_KINDS } from '../vault/keyring-store.ts'

/** Opens the same empty keyring as often as asked: each one sees what the others wrote. */
export type MakeKeyring = () => Promise<{ readonly open: () => KeyringStore; readonly cleanup: () => Promise<void> }>

const FIRST: KeyringHead = { generation: 1, kek_version: 'kek-1', wrapped_key: Uint8Array.of(1, 2, 3), retired: [] }
const SECOND: KeyringHead = { generation: 2, kek_version: 'kek-2', wrapped_key: Uint8Array.of(4), retired: ['kek-1'] }

function row(n: number, more: Partial<KeyringRow> = {}): KeyringRow {
  const digits = n.toString(16)
  return {
    kind: ROW_KINDS[n % ROW_KINDS.length] ?? 'scope',
    key: digits.padStart(32, '0'),
    lookup: digits.padStart(64, 'a'),
    owner: digits.padStart(64, 'b'),
    sealed: Uint8Array.from({ length: 90 }, (_, i) => (i * n) % 256),
    ...more,
  }
}

/** Runs the contract of the KeyringStore seam, under node:test, each test on a fresh keyring. */
export function keyringStoreContract(name: string, makeKeyring: MakeKeyring): void {
  function promise(says: string, work: (store: KeyringStore, other: KeyringStore) => Promise<void>): void {
    test(says, async () => {
      const { open, cleanup } = await makeKeyring()
      const [store, other] = [open(), open()]
      try {
        await work(store, other)
      } finally {
        await store.close()
        await other.close()
        await cleanup()
      }
    })
  }

  describe(`${name} keeps the contract of a keyring store`, () => {
    promise('it has no head until it begins, and the first to begin decides', async (store, other) => {
      assert.equal(await store.head(), undefined)
      assert.deepEqual(await store.begin(FIRST), FIRST)
      assert.deepEqual(await other.begin({ ...FIRST, kek_version: 'another' }), FIRST)
      assert.deepEqual(await other.head(), FIRST)
    })

    promise('rows are found by look-up, key and owner, and by nothing else', async (store, other) => {
      await store.begin(FIRST)
      const rows = [row(1), row(2), row(3, { owner: row(1).owner })]
      assert.deepEqual(await store.add(1, rows), rows)
      assert.deepEqual(await other.find(1, [row(2).lookup, row(9).lookup]), [row(2)])
      assert.deepEqual(await other.byKeys(1, [row(1).key, row(9).key]), [row(1)])
      assert.deepEqual(sorted(await other.byOwner(1, row(1).owner)), [row(1).key, row(3).key])
      assert.deepEqual(await other.byOwner(1, row(9).owner), [])
    })

    promise('a look-up keeps its first row, whoever adds it again', async (store, other) => {
      await store.begin(FIRST)
      await store.add(1, [row(1)])
      const again = row(7, { lookup: row(1).lookup })
      assert.deepEqual(await other.add(1, [row(2), again]), [row(2), row(1)])
      assert.deepEqual(await store.byKeys(1, [again.key]), [])
    })

    promise('rows come in pages, in the order they were added', async (store) => {
      await store.begin(FIRST)
      await store.add(1, [row(1), row(2)])
      await store.add(1, [row(3)])
      const first = await store.page(1, 0, 2)
      assert.ok(first !== 'superseded')
      const rest = await store.page(1, first[1]?.no ?? 0, 2)
      assert.ok(rest !== 'superseded')
      assert.deepEqual(
        [...first, ...rest].map(({ row: { key } }) => key),
        [row(1).key, row(2).key, row(3).key],
      )
    })

    promise('a turn-over puts what was staged in the place of everything', async (store, other) => {
      await store.begin(FIRST)
      await store.add(1, [row(1), row(2)])
      await other.stage(1, -5, [row(11)])
      await store.stage(1, -9, [row(21), row(22)])
      assert.deepEqual(await store.find(1, [row(21).lookup]), [])
      const turn = { from: 1, upTo: await lastNo(store), stage: -9, head: SECOND }
      assert.equal(await store.turnOver(turn), 'turned over')
      assert.deepEqual(await other.head(), SECOND)
      const page = await other.page(2, 0, 10)
      assert.ok(page !== 'superseded')
      assert.deepEqual(
        page.map(({ row: { key } }) => key),
        [row(21).key, row(22).key],
      )
      assert.equal(await other.turnOver({ ...turn, stage: -5 }), 'superseded')
    })

    promise('a look-up that is staged again keeps its first row', async (store) => {
      await store.begin(FIRST)
      const again = row(27, { lookup: row(21).lookup })
      await store.stage(1, -9, [row(21), again])
      await store.stage(1, -9, [row(21), again, row(22)])
      // Another stage has rows of its own.
      await store.stage(1, -5, [row(21)])
      assert.equal(await store.turnOver({ from: 1, upTo: 0, stage: -9, head: SECOND }), 'turned over')
      const page = await store.page(2, 0, 10)
      assert.ok(page !== 'superseded')
      assert.deepEqual(
        page.map((numbered) => numbered.row),
        [row(21), row(22)],
      )
    })

    promise('a turn-over that did not see every row does nothing', async (store, other) => {
      await store.begin(FIRST)
      await store.add(1, [row(1)])
      const upTo = await lastNo(store)
      await store.stage(1, -1, [row(21)])
      await other.add(1, [row(2)])
      assert.equal(await store.turnOver({ from: 1, upTo, stage: -1, head: SECOND }), 'more')
      assert.deepEqual(await store.head(), FIRST)
      assert.deepEqual(await store.find(1, [row(1).lookup, row(2).lookup]), [row(1), row(2)])
    })

    promise('whoever names a generation that is not in force is told so, and writes nothing', async (store) => {
      await store.begin(FIRST)
      for (const generation of [0, 2]) {
        assert.equal(await store.find(generation, []), 'superseded')
        assert.equal(await store.byKeys(generation, []), 'superseded')
        assert.equal(await store.byOwner(generation, row(1).owner), 'superseded')
        assert.equal(await store.page(generation, 0, 1), 'superseded')
        assert.equal(await store.add(generation, [row(1)]), 'superseded')
        assert.equal(await store.stage(generation, -1, [row(1)]), 'superseded')
      }
      assert.deepEqual(await store.find(1, [row(1).lookup]), [])
    })

    promise('a retired version is listed until it is forgotten', async (store, other) => {
      await store.begin(FIRST)
      await store.stage(1, -1, [])
      await store.turnOver({ from: 1, upTo: 0, stage: -1, head: SECOND })
      await other.stage(2, -2, [])
      await other.turnOver({
        from: 2,
        upTo: 0,
        stage: -2,
        head: { ...SECOND, generation: 3, kek_version: 'kek-3', retired: ['kek-2'] },
      })
      assert.deepEqual((await store.head())?.retired, ['kek-1', 'kek-2'])
      await store.forget('kek-1')
      await store.forget('kek-1')
      assert.deepEqual((await other.head())?.retired, ['kek-2'])
    })

    promise('settling changes nothing that can be seen, whoever else has it open', async (store, other) => {
      await store.begin(FIRST)
      await other.add(1, [row(1)])
      await store.settle()
      await other.settle()
      assert.deepEqual(await other.head(), FIRST)
      assert.deepEqual(await store.find(1, [row(1).lookup]), [row(1)])
    })

    promise('an empty answer is no wrong generation', async (store) => {
      await store.begin(FIRST)
      assert.deepEqual(await store.page(1, 0, 10), [])
      assert.deepEqual(await store.add(1, []), [])
    })
  })
}

async function lastNo(store: KeyringStore): Promise<number> {
  const page = await store.page(1, 0, 1000)
  return page === 'superseded' ? 0 : (page.at(-1)?.no ?? 0)
}

function sorted(rows: readonly KeyringRow[] | 'superseded'): string[] {
  return rows === 'superseded' ? [rows] : rows.map(({ key }) => key).sort()
}
