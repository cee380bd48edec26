import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import pg from 'pg'

import { KEYRING_OWNER, KEYRING_SERVER, keyringDatabases } from '../../../test/postgres-keyring.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import type { KeyringHead, KeyringRow, KeyringStore } from '../../vault/keyring-store.ts'
import { sqlState } from './database.ts'
import { postgresKeyringStore } from './keyring.ts'
import { migrate } from './migrate.ts'
import { KEYRINGS, LEDGERS } from './schemas.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('a keyring in PostgreSQL that several processes use', { skip: missing })
else
  describe('a keyring in PostgreSQL that several processes use', () => {
    let server: PostgresServer
    let database: string
    let names = 0
    let asSuper: pg.Pool
    const pools: pg.Pool[] = []

    before(async () => {
      server = await startPostgres()
      database = await (await keyringDatabases(server))()
      asSuper = server.pool(database, 'super')
      // Whatever the role is set to.
      const settings = ['default_transaction_isolation = serializable', 'synchronous_commit = off']
      for (const setting of settings) await server.sql(database, `ALTER ROLE ${KEYRING_SERVER} SET ${setting}`)
    })
    after(async () => {
      await Promise.all(pools.map((pool) => pool.end()))
      await server.stop()
    })

    /** As many stores on one new keyring, each with a connection of its own. */
    async function storesOn(count: number): Promise<{ name: string; stores: KeyringStore[]; store: KeyringStore }> {
      const name = `clinic.example/agents-${++names}`
      const stores = Array.from({ length: count }, () => {
        const connectionString = server.url(database, KEYRING_SERVER)
        const pool = new pg.Pool({ connectionString, pipeline: true, max: 1, application_name: name })
        pool.on('error', () => undefined)
        pools.push(pool)
        return postgresKeyringStore({ pool, name })
      })
      const [store] = stores
      assert.ok(store !== undefined)
      await store.begin(head(1))
      return { name, stores, store }
    }

    test('who begins in the same moment begins one keyring', async () => {
      const { stores } = await storesOn(6)
      const begun = await Promise.all(stores.map((store, n) => store.begin({ ...head(1), kek_version: `v${n}` })))
      assert.deepEqual(new Set(begun.map(({ kek_version }) => kek_version)), new Set(['kek-1']))
    })

    test('a look-up that many add in the same moment has one row, and all are answered that one', async () => {
      const { stores, store } = await storesOn(6)
      const added = await Promise.all(
        stores.map((one, who) =>
          one.add(
            1,
            [5, 3, 1, 2, 4].map((n) => row(n, `${who}`)),
          ),
        ),
      )
      for (const answer of added) assert.deepEqual(answer, added[0])
      assert.deepEqual(
        lookupsOf(added[0] ?? []),
        [5, 3, 1, 2, 4].map((n) => row(n).lookup),
      )
      const page = await store.page(1, 0, 100)
      assert.ok(page !== 'superseded' && page.length === 5)
    })

    test('no row that anybody was told of is lost to those who turn the keyring over meanwhile', async () => {
      const { stores, store } = await storesOn(5)
      let turns = 0
      async function adder(one: KeyringStore, who: number): Promise<KeyringRow[]> {
        const told: KeyringRow[] = []
        for (let i = 0; turns < 3 && i < 500; i++) {
          const fresh = row(1000 * (who + 1) + i)
          for (;;) {
            const { generation } = (await one.head()) ?? head(1)
            if ((await one.add(generation, [fresh])) !== 'superseded') break
          }
          told.push(fresh)
          // Whoever adds all the time leaves no moment for a turn-over.
          for (let reads = 0; reads < 20; reads++) await one.head()
        }
        return told
      }
      async function turner(one: KeyringStore, who: number): Promise<void> {
        for (let stage = -1 - who; turns < 3; stage -= 2) {
          const { generation, kek_version } = (await one.head()) ?? head(1)
          const next = { ...head(generation + 1), kek_version: `kek-${who}${stage}`, retired: [kek_version] }
          for (let upTo = 0; ; ) {
            const page = await one.page(generation, upTo, 50)
            if (page === 'superseded') break
            upTo = page.at(-1)?.no ?? upTo
            if (
              (await one.stage(
                generation,
                stage,
                page.map((numbered) => numbered.row),
              )) === 'superseded'
            )
              break
            if (page.length > 0) continue
            const outcome = await one.turnOver({ from: generation, upTo, stage, head: next })
            if (outcome === 'turned over') turns++
            if (outcome !== 'more') break
          }
        }
      }
      const [a, b, c, d, e] = stores
      assert.ok(a && b && c && d && e)
      const [told] = await Promise.all([
        Promise.all([adder(a, 0), adder(b, 1), adder(c, 2)]),
        Promise.all([turner(d, 0), turner(e, 1)]),
      ])
      assert.ok(turns >= 3)
      const { generation } = (await store.head()) ?? head(1)
      const page = await store.page(generation, 0, 10_000)
      assert.ok(page !== 'superseded')
      assert.deepEqual(lookupsOf(page.map((numbered) => numbered.row)).sort(), lookupsOf(told.flat()).sort())
    })

    test('what a turn-over left behind, of its own or of another, goes with the next one, and what is put aside now stays', async () => {
      const { name, store } = await storesOn(1)
      await store.add(1, [row(1)])
      await store.stage(1, -7, [row(2)])
      await store.stage(1, -3, [row(3)])
      // As a process that dies behind it.
      const died = `SELECT affidavit_keyring.turn_over('${name}', 1, 99, -7, 2, 'kek-2', '', '{kek-1}')`
      await server.pool(database, KEYRING_SERVER).query(died)
      assert.deepEqual(await stagesOf(name), [-7, -3, 0])
      await assert.rejects(store.stage(2, -3, [row(4)]), { code: 'store-unavailable', message: /refused/ })
      const turn = { from: 2, upTo: 99, head: head(3) }
      await assert.rejects(store.turnOver({ ...turn, stage: -3 }), { code: 'store-unavailable', message: /refused/ })
      const again = { ...head(3), kek_version: 'kek-1' }
      await assert.rejects(store.turnOver({ ...turn, stage: -8, head: again }), { code: 'store-unavailable' })
      await store.stage(2, -8, [row(5)])
      assert.equal(await store.turnOver({ ...turn, stage: -8 }), 'turned over')
      assert.deepEqual(await stagesOf(name), [-8])
      await store.stage(3, -1, [row(6)])
      await store.stage(3, -9, [row(6)])
      assert.deepEqual((await asSuper.query(`SELECT affidavit_keyring.clear_rows('${name}')`)).rowCount, 1)
      assert.deepEqual(await stagesOf(name), [-9, -8, -1])
    })

    test('a turn-over that was asked for and done is answered the same again', async () => {
      const { store } = await storesOn(1)
      await store.stage(1, -7, [row(2)])
      const turn = { from: 1, upTo: 0, stage: -7, head: head(2) }
      assert.equal(await store.turnOver(turn), 'turned over')
      assert.equal(await store.turnOver(turn), 'turned over')
      for (const other of [
        { ...turn, stage: -8 },
        { ...turn, head: { ...head(2), kek_version: 'another' } },
        { ...turn, head: { ...head(2), wrapped_key: Uint8Array.of(9) } },
      ]) {
        assert.equal(await store.turnOver(other), 'superseded')
      }
    })

    async function stagesOf(name: string): Promise<number[]> {
      const text = 'SELECT DISTINCT stage::int FROM affidavit_keyring.rows WHERE name = $1 ORDER BY stage'
      return (await asSuper.query<{ stage: number }>(text, [name])).rows.map(({ stage }) => stage)
    }

    describe('a standby that the server waits for is waited for', () => {
      const asked: readonly [name: string, ask: (store: KeyringStore) => Promise<unknown>][] = [
        ['settling', (store) => store.settle()],
        ['adding what is there', (store) => store.add(1, [row(1)])],
        ['beginning what was begun', (store) => store.begin(head(1))],
        ['putting aside', (store) => store.stage(1, -1, [row(2)])],
        ['turning over', (store) => store.turnOver({ from: 1, upTo: 9, stage: -1, head: head(2) })],
      ]
      for (const [says, ask] of asked) {
        test(`${says}, also where somebody gives the wait up`, async () => {
          const { name, store } = await storesOn(1)
          await store.add(1, [row(1)])
          await waitForStandby('nobody')
          let isDone = false
          const done = ask(store).then(() => {
            isDone = true
          })
          const first = await waiting(name)
          await asSuper.query('SELECT pg_cancel_backend($1)', [first.pid])
          await waiting(name, first)
          assert.equal(isDone, false)
          await waitForStandby('')
          await done
        })
      }
      after(() => waitForStandby(''))
    })

    async function waitForStandby(standby: string): Promise<void> {
      await server.sql('postgres', `ALTER SYSTEM SET synchronous_standby_names = '${standby}'`)
      await server.sql('postgres', 'SELECT pg_reload_conf()')
      // It holds for everybody once it holds for one commit.
      for (let isWaited = standby === ''; !isWaited; ) {
        let isDone = false
        void server
          .sql('postgres', "SET application_name = 'probe'; SELECT pg_logical_emit_message(true, '', '')")
          .then(() => {
            isDone = true
          })
        while (!isDone && !isWaited) isWaited = (await waitingNow('probe')) !== undefined
      }
    }

    interface Waiting {
      readonly pid: number
      /** Tells one transaction of a connection from the next. */
      readonly begun: string
    }

    async function waitingNow(name: string): Promise<Waiting | undefined> {
      const text = `SELECT pid, xact_start::text AS begun FROM pg_stat_activity
        WHERE application_name = $1 AND wait_event = 'SyncRep'`
      await setTimeout(5)
      return (await asSuper.query<Waiting>(text, [name])).rows[0]
    }

    /** The transaction that waits for a standby: another one than `before`. */
    async function waiting(name: string, before?: Waiting): Promise<Waiting> {
      for (;;) {
        const found = await waitingNow(name)
        if (found !== undefined && found.begun !== before?.begun) return found
      }
    }

    test('ledgers and keyrings may lie in one database, each migrated once', async () => {
      await server.sql('postgres', `CREATE DATABASE shared OWNER ${KEYRING_OWNER}`)
      const pool = server.pool('shared', KEYRING_OWNER)
      for (const kind of [LEDGERS, KEYRINGS]) {
        assert.deepEqual(await migrate(pool, kind), { applied: [1, 2], version: 2 })
        assert.deepEqual(await migrate(pool, kind), { applied: [], version: 2 })
      }
      await server.sql(
        'shared',
        'CREATE SCHEMA theirs; DROP SCHEMA affidavit_keyring CASCADE; ALTER SCHEMA theirs RENAME TO affidavit_keyring',
      )
      await assert.rejects(migrate(pool, KEYRINGS), {
        code: 'not-a-ledger',
        message: /affidavit_keyring that is not ours/,
      })
    })

    test('a row that no keyring has is refused by the database', async () => {
      const { store } = await storesOn(1)
      for (const wrong of [{ lookup: 'x' }, { owner: 'A'.repeat(64) }]) {
        await assert.rejects(store.add(1, [{ ...row(1), ...wrong }]), (error) => {
          assert.ok(error instanceof Error)
          assert.equal(sqlState(error.cause), '23514')
          return true
        })
      }
      assert.deepEqual(await store.find(1, [row(1).lookup]), [])
    })
  })

function head(generation: number): KeyringHead {
  return { generation, kek_version: `kek-${generation}`, wrapped_key: Uint8Array.of(generation), retired: [] }
}

function row(n: number, by = ''): KeyringRow {
  return {
    kind: 'scope',
    key: `${by}-${n}`,
    lookup: n.toString(16).padStart(64, '0'),
    owner: 'b'.repeat(64),
    sealed: Uint8Array.of(n % 256),
  }
}

function lookupsOf(rows: readonly KeyringRow[] | 'superseded'): string[] {
  return rows === 'superseded' ? [rows] : rows.map(({ lookup }) => lookup)
}
