import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type pg from 'pg'

import { missingForPostgres, type PostgresServer, SERVER, startPostgres } from '../../../test/postgres-server.ts'
import type { EntryFilter } from '../../ledger/store.ts'
import { selectEntries } from './read.ts'

const TIME = '2026-01-01T00:00:00.000Z'

/** What finds few records, and the indexes that lead to them. */
const FEW: readonly [filter: EntryFilter, ...indexes: string[]][] = [
  [{ id: '0190b3a0-0000-7000-8000-000000000000' }, 'entries_by_id'],
  [{ subject_id: 'patient-1' }, 'entries_pkey', 'entry_subjects_by_subject'],
  [{ parent_id: '0190b3a0-0000-7000-8000-000000000000' }, 'entries_by_parent'],
  [{ conversation_id: 'visit-1' }, 'entries_by_conversation'],
  [{ resource_type: 'chart', resource_id: 'chart-1' }, 'entries_by_resource'],
  [{ resource_id: 'chart-1' }, 'entries_by_resource'],
]
const FURTHER: readonly EntryFilter[] = [
  {},
  { action: 'tool_invoked' },
  { actor_id: 'agent-1' },
  { action: 'tool_invoked', actor_id: 'agent-1', from: TIME, until: TIME },
]
const ALONE: readonly [filter: EntryFilter, ...indexes: string[]][] = [
  [{ actor_id: 'agent-1' }, 'entries_by_actor'],
  [{ action: 'tool_invoked' }, 'entries_by_action'],
  [{ recorded_from: TIME }, 'entries_by_recorded_at', 'entries_pkey'],
  [{ recorded_until: TIME }, 'entries_by_recorded_at', 'entries_pkey'],
  [{ action: 'tool_invoked', recorded_from: TIME }, 'entries_by_action', 'entries_by_recorded_at'],
]

/** As a planner sees them, which looks at how many pages there are. */
const SOME_RECORDS = `ALTER TABLE affidavit.entries DISABLE TRIGGER USER; ALTER TABLE affidavit.entry_subjects DISABLE TRIGGER USER;
  INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes, id, action, actor_id, conversation_id, conversation_seq, parent_id,
      resource_type, resource_id, "timestamp", recorded_at)
    SELECT 1, n, '', '', n, 'tool_invoked', n % 9, n / 20, n % 20, n - 1, 'chart', n % 500, n, n FROM generate_series(1, 20000) n;
  INSERT INTO affidavit.entry_subjects SELECT 1, n, n % 900, n FROM generate_series(1, 20000) n`

const missing = missingForPostgres()
if (missing !== undefined) test('searching in PostgreSQL', { skip: missing })
else
  describe('nothing is known of the ledger, and yet its records are found', () => {
    let server: PostgresServer
    let pool: pg.Pool
    let client: pg.PoolClient
    let database: string
    before(async () => {
      server = await startPostgres(['autovacuum=off'])
      database = await server.database()
      await server.sql(database, SOME_RECORDS)
      pool = server.pool(database, SERVER)
      client = await pool.connect()
      // A table as small as these is gone through sooner than an index is asked; a large one is not.
      await client.query('SET enable_seqscan = off')
    })
    after(async () => {
      client.release()
      await server.stop()
    })

    /** The indexes of entries and of what is listed for them that a search goes by, and the conditions that they are asked with. */
    async function searchedBy(filter: EntryFilter, order: 'ascending' | 'descending'): Promise<Searched> {
      const whole = { from_seq: 0, ...filter, until_seq: Number.MAX_SAFE_INTEGER }
      const { text, values } = selectEntries(1, whole, { limit: 500, order })
      const { rows } = await client.query(`EXPLAIN (COSTS OFF) ${text}`, [...(values ?? [])])
      const plan = rows.map((row) => String(row['QUERY PLAN'])).join('\n')
      const names = plan.match(/\b(entries|entry_subjects)_(by_\w+|pkey)\b/g) ?? []
      return { names: [...new Set(names)].sort(), plan }
    }

    for (const [filter, ...indexes] of FEW) {
      for (const further of FURTHER) {
        const wanted = { ...further, ...filter }
        test(`by ${Object.keys(wanted).join(', ')}: by the index that finds few`, async () => {
          for (const order of ['ascending', 'descending'] as const) {
            const { names, plan } = await searchedBy(wanted, order)
            assert.deepEqual(names, indexes, plan)
          }
        })
      }
    }

    for (const [filter, ...indexes] of ALONE) {
      test(`by ${Object.keys(filter).join(', ')}: in the order of seq, from where it begins`, async () => {
        for (const order of ['ascending', 'descending'] as const) {
          const { names, plan } = await searchedBy(filter, order)
          assert.deepEqual(names, indexes, plan)
          // A short stretch behind a recorded time may be sorted.
          if (filter.recorded_from === undefined && filter.recorded_until === undefined)
            assert.doesNotMatch(plan, /Sort/)
        }
      })
    }

    test('what the planner knows is of when the ledger was small: by the same indexes, the first page and the next', async () => {
      const small =
        "UPDATE pg_class SET relpages = 1, reltuples = 5 WHERE relnamespace = 'affidavit'::regnamespace AND relkind = 'r'"
      await server.sql(database, small)
      for (const [filter, ...indexes] of [...FEW, ...ALONE]) {
        for (const from_seq of [0, 10_000]) {
          const { names, plan } = await searchedBy({ ...filter, from_seq }, 'ascending')
          assert.deepEqual(names, indexes, plan)
        }
      }
    })

    test('by a recorded time: the index of seq is asked for what lies within it', async () => {
      for (const filter of [{ recorded_from: TIME }, { recorded_until: TIME }]) {
        const { plan } = await searchedBy(filter, 'descending')
        assert.match(plan, /Index Cond: .*seq (>=|<) \$\d/)
      }
    })
  })

interface Searched {
  readonly names: readonly string[]
  readonly plan: string
}
