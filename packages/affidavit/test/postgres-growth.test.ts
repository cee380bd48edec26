// A write reads as few rows of a ledger that has grown as of an empty one, also by plans that were made when it was empty and with
// statistics of that time (spec/postgres.md §3).

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type pg from 'pg'

import type { Batch, LedgerStore, PreparedDraft } from '../src/ledger/store.ts'
import { postgresStore } from '../src/stores/postgres/store.ts'
import { type Samples, samples } from '../src/testing/sample-drafts.ts'
import { payload, withPayloads } from '../src/testing/sample-payloads.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from './postgres-server.ts'

const LEDGER = 'growth.example/c2a1e9d07f3b4865/0'
const GROWN = 3_000

interface Grown {
  readonly store: LedgerStore
  /** Another writer of the ledger. */
  readonly other: LedgerStore
  readonly drafts: Samples
  /** Rows and entries of indexes that the work read, as the server counts. */
  readBy(work: () => Promise<unknown>): Promise<number>
}

type Write = (grown: Grown, name: string) => () => Promise<unknown>

const commitOf = (make: (prepare: Samples['prepare'], name: string) => PreparedDraft): Write => {
  return ({ store, drafts }, name) => {
    const batch: Batch = drafts.batch([make(drafts.prepare, name)])
    return () => store.commit(batch)
  }
}

/** Each writes one record, or what goes with one. `name` is different each time. */
const WRITES: Readonly<Record<string, Write>> = {
  'a record': commitOf((prepare) => prepare()),
  'a record of a conversation that goes on': commitOf((prepare) => prepare({ conversation_id: 'c' })),
  'a record of a new conversation': commitOf((prepare, name) => prepare({ conversation_id: name })),
  'a record of a data subject': commitOf((prepare) => prepare({ subject_ids: ['p'] })),
  'a record with content': commitOf((prepare) => withPayloads(prepare(), [sealed()])),
  'a record that another writer’s came before': ({ store, other, drafts: { prepare, batch } }) => {
    const batches = [batch([prepare()]), batch([prepare({ conversation_id: 'c' })])] as const
    return async () => {
      await other.commit(batches[0])
      await store.commit(batches[1])
    }
  },
  'further chunks of a content': ({ store }) => {
    const { blob_id } = payload(++made)
    return () => store.keepChunks(LEDGER, blob_id, 1, [new Uint8Array(100)])
  },
}

let made = 0
const sealed = () => ({ state: 'sealed', ...payload(++made) }) as const

const missing = missingForPostgres()
if (missing !== undefined) test('writes to a ledger that has grown', { skip: missing })
else
  describe('writes to a ledger that has grown', () => {
    let server: PostgresServer
    before(async () => {
      server = await startPostgres(['autovacuum=off'])
    })
    after(() => server.stop())

    for (const [name, write] of Object.entries(WRITES)) {
      test(`${name}: reads no more than at first`, async () => {
        await withStore(server, async (grown) => {
          const one = async (i: number): Promise<number> => grown.readBy(write(grown, `${name} ${i}`))
          // Plans are made for any values once a statement has run a few times.
          const first: number[] = []
          for (let i = 0; i < 12; i++) first.push(await one(i))
          await grow(grown)
          const last: number[] = []
          for (let i = 0; i < 6; i++) last.push(await one(100 + i))
          const most = Math.max(...first)
          assert.ok(Math.max(...last) <= most + 20, `${Math.max(...last)} rows read, ${most} at first`)
        })
      })
    }
  })

/** Many records of every kind, and content. */
async function grow({ store, drafts: { prepare, batch } }: Grown): Promise<void> {
  for (let from = 0; from < GROWN; from += 500) {
    const drafts = Array.from({ length: 500 }, (_, i) => {
      const draft = prepare({
        ...(i % 3 === 0 ? {} : { conversation_id: i % 3 === 1 ? 'c' : `grown ${from} ${i}` }),
        ...(i % 2 === 0 ? { subject_ids: ['p'] } : {}),
        resource_type: 'appointment',
        resource_id: String(i),
      })
      return i % 4 === 0 ? withPayloads(draft, [sealed()]) : draft
    })
    await store.commit(batch(drafts))
  }
}

/** A store on one connection, whose plans are kept as long as it is. */
async function withStore(server: PostgresServer, work: (grown: Grown) => Promise<void>): Promise<void> {
  const database = await server.database()
  const pool = server.pool(database)
  pool.options.max = 1
  const store = postgresStore({ pool, closes: 'pool' })
  const other = postgresStore({ pool })
  const drafts = samples(LEDGER)
  const count = async (): Promise<number> => readSoFar(await pool.connect())
  await store.create(LEDGER)
  try {
    await work({
      store,
      other,
      drafts,
      async readBy(write) {
        const before = await count()
        await write()
        return (await count()) - before
      },
    })
  } finally {
    await other.close()
    await store.close()
  }
}

async function readSoFar(client: pg.PoolClient): Promise<number> {
  try {
    await client.query('SELECT pg_stat_force_next_flush()')
    await client.query('SELECT 1')
    const { rows } = await client.query(READ)
    return Number(rows[0].read)
  } finally {
    client.release()
  }
}

const READ = `SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'affidavit')
  + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'affidavit') AS read`
