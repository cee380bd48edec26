// Standbys: what is acknowledged under synchronous replication outlives its primary, what no standby has is not acknowledged, and a
// standby that lost records is no ledger any more. One story: each standby that takes over is the primary of the next.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { keysFolder } from '../src/embedded/folder.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import { createFileKeys } from '../src/keys/file.ts'
import { postgresStore } from '../src/stores/postgres/store.ts'
import { payload, UNNAMED } from './postgres-evidence.ts'
import { missingForPostgres, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { makeSynchronous, promote, startStandby, untilTrue } from './postgres-standby.ts'
import { type Place, underLoad, until, type World, withWorld } from './postgres-world.ts'

const UNCONFIRMED = `SELECT pid, backend_xid FROM pg_stat_activity WHERE usename = '${SERVER}' AND wait_event = 'SyncRep'`

const missing = missingForPostgres()
if (missing !== undefined) test('standbys of PostgreSQL', { skip: missing })
else
  describe('standbys of PostgreSQL', () => {
    const servers: PostgresServer[] = []
    let place: Place
    let standby: PostgresServer

    async function follow(name: string): Promise<PostgresServer> {
      const started = await startStandby(place.server, name)
      servers.push(started)
      return started
    }
    before(async () => {
      const primary = await startPostgres()
      servers.push(primary)
      place = { server: primary, database: await primary.database() }
      standby = await follow('standby_1')
      await makeSynchronous(primary, 'standby_1')
    })
    after(() => Promise.all(servers.map((server) => server.stop())))

    /** Has the standby go away while something is handed in, which then waits for it. */
    async function withoutStandby<T>(
      world: World,
      handIn: () => Promise<T>,
      work: (told: Promise<T>) => Promise<void>,
    ): Promise<void> {
      await standby.kill('SIGKILL')
      const told = handIn()
      try {
        await until(world, UNCONFIRMED)
        await work(told)
      } finally {
        await standby.start()
      }
    }

    const made = (world: World): string => `${world.ledger}1`
    const handedIn: readonly (readonly [string, (world: World) => Promise<unknown>])[] = [
      ['records', (world) => world.append(60_000)],
      ['a payload', ({ store, ledger }) => store.keepPayload(ledger, payload(UNNAMED))],
      ['chunks of a payload', ({ store, ledger }) => store.keepChunks(ledger, UNNAMED, 1, [Uint8Array.of(1)])],
      ['a ledger', (world) => world.store.create(made(world))],
    ]
    for (const [what, handIn] of handedIn) {
      test(`${what} that no standby has: not acknowledged, also where an operator cancels the wait; and once one has it`, async () => {
        // The server says that a wait was cancelled by a warning, which a role may have set not to be told.
        await place.server.sql('postgres', `ALTER ROLE ${SERVER} SET client_min_messages = error`)
        await place.server.sql('postgres', `ALTER ROLE ${SERVER} SET synchronous_commit = local`)
        await withWorld(place, {}, async (world) => {
          let handed: Promise<unknown> | undefined
          await withoutStandby(
            world,
            () => handIn(world),
            async (told) => {
              handed = told
              const { rows } = await until(world, UNCONFIRMED)
              const { pid, backend_xid } = rows[0] ?? {}
              await place.server.sql('postgres', `SELECT pg_cancel_backend(${pid})`)
              await until(world, `${UNCONFIRMED} AND backend_xid <> '${backend_xid}'`)
              assert.equal(await Promise.race([told, 'waiting']), 'waiting')
            },
          )
          await handed
          assert.equal((await world.store.ledgers()).includes(made(world)), what === 'a ledger')
          await world.judge()
        })
        await place.server.sql('postgres', `ALTER ROLE ${SERVER} RESET ALL`)
      })
    }

    for (const how of ['the client, whose pool has a query_timeout', 'an operator who ends each session'] as const) {
      test(`the wait for a standby is given up by ${how}: unknown, and settled when it is back`, () =>
        withWorld(place, how.startsWith('the client') ? { query_timeout: 300 } : {}, async (world) => {
          await withoutStandby(
            world,
            () => world.append(100),
            async (told) => {
              const end = `SELECT pg_terminate_backend(pid) FROM (${UNCONFIRMED}) AS waiting`
              const ask = (): Promise<unknown> =>
                place.server.sql('postgres', how.startsWith('the client') ? 'SELECT' : end)
              assert.equal(await whileAsking(told, ask), 'outcome-unknown')
            },
          )
          await world.judge()
        }))
    }

    test('what only the dead primary had is settled at the standby that took over', () =>
      withWorld(place, {}, async (world) => {
        await withoutStandby(
          world,
          () => world.append(100),
          async (told) => {
            await place.server.kill('SIGKILL')
            assert.equal(await told, 'outcome-unknown')
          },
        )
        await promote(standby)
        place.server = standby
        await world.judge()
      }))

    test('no acknowledged record is lost when the primary is killed under load and the standby takes over', async () => {
      standby = await follow('standby_2')
      await makeSynchronous(place.server, 'standby_2')
      await withWorld(place, {}, async (world) => {
        const load = underLoad(world)
        try {
          await load.until('recorded', 40)
          await place.server.kill('SIGKILL')
          await promote(standby)
          place.server = standby
          await load.until('recorded', 20)
        } finally {
          await load.stop()
        }
        await world.judge()
      })
    })

    test('an asynchronous standby that lost records is refused by the checkpoints that were released', async () => {
      standby = await follow('standby_3')
      const folder = mkdtempSync(join(tmpdir(), 'affidavit-standby-'))
      const origin = 'standby.example/agents/0123456789abcdef'
      const database = 'of_a_folder'
      await place.server.sql('postgres', `CREATE DATABASE ${database} TEMPLATE affidavit_template`)
      const never = { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000 }
      const storeAt = (server: PostgresServer) => postgresStore({ pool: server.pool(database), closes: 'pool' })
      try {
        mkdirSync(folder, { recursive: true })
        createFileKeys(keysFolder(folder), origin)
        const keyring = await openFolderKeyring(folder, origin, 'create')
        const store = storeAt(place.server)
        await store.create(origin)
        const ledger = await openFolder(folder, { store, keyring, publish: never })
        const draft = { action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' } as const
        await ledger.append(draft)
        await ledger.publish()
        await untilTrue(place.server, CAUGHT_UP)
        await standby.kill('SIGKILL')
        await ledger.append(draft)
        await ledger.close()
        await place.server.kill('SIGKILL')
        await standby.start()
        await promote(standby)
        await assert.rejects(openFolder(folder, { store: storeAt(standby), publish: never }), { code: 'rolled-back' })
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })

const CAUGHT_UP =
  "SELECT flush_lsn >= pg_current_wal_lsn() AS is FROM pg_stat_replication WHERE application_name = 'standby_3'"

/** Asks something over and over until the answer is there. */
async function whileAsking<T>(answer: Promise<T>, ask: () => Promise<unknown>): Promise<T> {
  let state: 'waiting' | 'answered' = 'waiting'
  const settled = answer.finally(() => {
    state = 'answered'
  })
  while (state === 'waiting') await ask()
  return settled
}
