// A store whose connections go through a proxy, and whose every answer is remembered and held against what is there in the end.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'

import { LedgerError } from '../src/errors/ledger-error.ts'
import type { LedgerStore, PreparedDraft } from '../src/ledger/store.ts'
import { postgresStore } from '../src/stores/postgres/store.ts'
import { type Samples, samples } from '../src/testing/sample-drafts.ts'
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts'
import { inspectPostgresLedger } from './oracle/naive-postgres.ts'
import { type PostgresServer, SERVER } from './postgres-server.ts'

export type Told = 'recorded' | 'not-committed' | 'outcome-unknown'

/** Which server connections lead to; another one, once it took over. */
export interface Place {
  server: PostgresServer
  readonly database: string
}

export interface World {
  readonly place: Place
  readonly proxy: CuttingProxy
  readonly ledger: string
  readonly drafts: Samples
  readonly store: LedgerStore
  /** Hands in a batch of two, and remembers what was told. */
  append(patienceMillis?: number): Promise<Told>
  /** Holds all that was told against what is there, after the unknown was handed in again. */
  judge(): Promise<void>
}

export interface WorldOptions {
  readonly pipeline?: boolean
  readonly query_timeout?: number
  /**
   * What a batch is built upon: what is read behind the lock, as where left out, for the first eight; or what is known, in one
   * statement.
   */
  readonly upon?: 'read' | 'known'
}

/** A store behind a proxy, with a ledger of its own. */
export async function withWorld(
  place: Place,
  { pipeline = true, query_timeout, upon = 'read' }: WorldOptions,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const ledger = `faults.example/${randomBytes(8).toString('hex')}/0`
  const drafts = samples(ledger)
  const { prepare, batch } = drafts
  const proxy = await startCuttingProxy(() => place.server.port)
  const connectionString = `postgres://${SERVER}@127.0.0.1:${proxy.port}/${place.database}`
  const pool = new pg.Pool({
    connectionString,
    pipeline,
    max: 4,
    ...(query_timeout === undefined ? {} : { query_timeout, connectionTimeoutMillis: query_timeout }),
  })
  const store = postgresStore({ pool, closes: 'pool' })
  const told = new Map<readonly PreparedDraft[], Told>()

  async function hand(store: LedgerStore, drafts: readonly PreparedDraft[], patienceMillis: number): Promise<Told> {
    try {
      const placed = await store.commit({ ...batch(drafts), patienceMillis })
      assert.ok(placed.every(({ state }) => state === 'recorded' || state === 'duplicate'))
      return 'recorded'
    } catch (error) {
      assert.ok(error instanceof LedgerError, String(error))
      assert.ok(error.code === 'not-committed' || error.code === 'outcome-unknown', String(error))
      return error.code
    }
  }

  async function comeBetween(): Promise<void> {
    const pool = new pg.Pool({ connectionString: place.server.url(place.database) })
    const other = postgresStore({ pool, closes: 'pool' })
    const drafts = [prepare(), prepare()]
    told.set(drafts, await hand(other, drafts, 5_000))
    await other.close()
    assert.equal(await world.append(), 'recorded')
  }

  const world: World = {
    place,
    proxy,
    ledger,
    drafts,
    store,
    async append(patienceMillis = 5_000) {
      const drafts = [prepare({ conversation_id: 'c' }), prepare({ subject_ids: ['p'] })]
      const answer = await hand(store, drafts, patienceMillis)
      told.set(drafts, answer)
      return answer
    },
    async judge() {
      for (const [drafts, answer] of told) {
        if (answer === 'outcome-unknown') told.set(drafts, await hand(store, drafts, 5_000))
      }
      assert.equal(await world.append(), 'recorded', 'the store goes on')
      const { entries } = await inspectPostgresLedger(place.server, place.database, ledger)
      // The oracle refuses an id that stands twice.
      const there = new Set(entries.map(({ members }) => members.get('id')))
      for (const [drafts, answer] of told) {
        for (const { id } of drafts) assert.equal(there.has(id), answer === 'recorded', `what was told: ${answer}`)
      }
      const recorded = [...told].filter(([, answer]) => answer === 'recorded')
      assert.equal(entries.length, recorded.length * 2, 'and nothing else')
    },
  }
  try {
    await store.create(ledger)
    // Each connection that is used later has its statements prepared.
    for (let i = 0; i < 3; i++) assert.equal(await world.append(), 'recorded')
    // A writer that others came in between of reads for a while.
    if (upon === 'read') await comeBetween()
    await work(world)
  } finally {
    await proxy.stop()
    await store.close()
  }
}

/** Four appends at a time, until it is stopped. */
export function underLoad(world: World): { until(told: Told, more: number): Promise<void>; stop(): Promise<void> } {
  const counts = { recorded: 0, 'not-committed': 0, 'outcome-unknown': 0 }
  let state: 'running' | 'over' = 'running'
  const lanes = Array.from({ length: 4 }, async () => {
    while (state === 'running') {
      const told = await world.append(1_000)
      counts[told]++
      if (told !== 'recorded') await delay(10)
    }
  })
  return {
    async until(told, more) {
      const wanted = counts[told] + more
      while (counts[told] < wanted) await delay(5)
    },
    async stop() {
      state = 'over'
      await Promise.all(lanes)
    },
  }
}

/** Resolves once the server says so. */
export async function until({ place }: Pick<World, 'place'>, question: string): Promise<pg.QueryResult> {
  for (;;) {
    const result = await place.server.sql(place.database, question)
    if (result.rows.length > 0) return result
    await delay(5)
  }
}
