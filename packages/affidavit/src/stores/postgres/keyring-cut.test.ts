import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import pg from 'pg'

import { CUTS, type Cut, startCuttingProxy } from '../../../test/counting-proxy.ts'
import { assertWhole, live } from '../../../test/keyring-life.ts'
import { KEYRING_SERVER, keyringDatabases } from '../../../test/postgres-keyring.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { systemClock } from '../../clock/clock.ts'
import { createRandomSource } from '../../crypto/random.ts'
import { memoryKeyWrapper } from '../../testing/memory-key-wrapper.ts'
import { type Keyring, openKeyring } from '../../vault/keyring.ts'
import { postgresKeyringStore } from './keyring.ts'
import type { PoolOptions } from './session.ts'

/** Runs that wait for the server side by side. */
const AT_ONCE = 12

const missing = missingForPostgres()
if (missing !== undefined) test('a keyring in PostgreSQL whose connection is lost', { skip: missing })
else
  describe('a keyring in PostgreSQL whose connection is lost at any statement is whole, and no key in force is destroyed', () => {
    let server: PostgresServer
    let database: string
    let names = 0
    before(async () => {
      server = await startPostgres()
      database = await (await keyringDatabases(server))()
    })
    after(() => server.stop())

    /** A new keyring, and how to open it on a port, as often as asked. */
    function newKeyring(pipeline: boolean) {
      const name = `clinic.example/agents-${++names}`
      const wrapper = memoryKeyWrapper()
      async function open(port: number, more: Partial<PoolOptions> = {}): Promise<Keyring> {
        const url = server.url(database, KEYRING_SERVER).replace(`:${server.port}/`, `:${port}/`)
        const pool = new pg.Pool({ connectionString: url, application_name: name, pipeline, max: 1 })
        pool.on('error', () => undefined)
        const store = postgresKeyringStore({ pool, name, closes: 'pool', ...more })
        return openKeyring({ store, wrapper, name, random: createRandomSource() }).catch(async (error: unknown) => {
          await store.close()
          throw error
        })
      }
      return { name, open }
    }

    /** Whether the connection was lost: a life may have fewer statements than that. */
    async function liveThrough(pipeline: boolean, n: number, cut: Cut): Promise<boolean> {
      const { name, open } = newKeyring(pipeline)
      const proxy = await startCuttingProxy(server.port)
      proxy.cutAt(n, cut)
      let isOver = false
      const life = live(() => open(proxy.port)).finally(() => {
        isOver = true
      })
      // What is on its way comes when others wait for it, or when everything is over.
      while (cut === 'late' && !isOver) {
        if (await isWaiting(name)) await proxy.deliver()
        await Promise.race([setTimeout(5), life.catch(() => undefined)])
      }
      const failures = await life
      await proxy.deliver()
      await assertWhole(await open(server.port))
      await proxy.close()
      assert.ok(failures <= 1, `${failures} failures at statement ${n}`)
      return proxy.seen() >= n
    }

    /** Whether the connection was lost. Whoever turned over was told that it failed, and what is on its way comes behind that. */
    async function turnOverTooLate(n: number): Promise<boolean> {
      const { open } = newKeyring(true)
      const before = await open(server.port)
      const [token = ''] = await before.tokens(['PT-1'])
      await before.close()
      const proxy = await startCuttingProxy(server.port)
      // A clock on which nobody has patience, and a server that is not there again until somebody asks what became of it.
      let elapsed = 0
      const clock = { ...systemClock, elapsed: () => (elapsed += 6_000) }
      proxy.cutAt(n, 'late', 2)
      const keyring = await open(proxy.port, { clock }).catch(() => undefined)
      await keyring?.turnOver().catch(() => undefined)
      await proxy.deliver()
      const after = await open(server.port).catch((error: unknown) => {
        throw new Error(`too late at statement ${n}`, { cause: error })
      })
      assert.deepEqual([...(await after.personalIds([token])).values()], ['PT-1'])
      await keyring?.close()
      await after.close()
      await proxy.close()
      return proxy.seen() >= n
    }

    /** Until a connection is not lost any more. */
    async function atEach(run: (n: number) => Promise<boolean>): Promise<void> {
      for (let from = 1, isCut = true; isCut; from += AT_ONCE) {
        isCut = (await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => run(from + i)))).every(Boolean)
        assert.ok(isCut || from > AT_ONCE, `${from} statements`)
      }
    }

    let watch: pg.Pool | undefined
    async function isWaiting(name: string): Promise<boolean> {
      watch ??= server.pool(database, 'super')
      const text = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = $1"
      return (await watch.query(text, [name])).rows.length > 0
    }

    for (const cut of CUTS) test(`${cut} it`, () => atEach((n) => liveThrough(true, n, cut)))

    test('after it, where each answer is waited for', () => atEach((n) => liveThrough(false, n, 'after')))

    test('a turn-over that the server gets when its failure was told, and its key destroyed', () =>
      atEach(turnOverTooLate))
  })
