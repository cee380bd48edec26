// What a writer is told when the connection, the server or other sessions fail it: `recorded` is there exactly once, `not-committed`
// is not and never will be, and after `outcome-unknown` the same batch again settles it. The store goes on by itself (spec/postgres.md §3).

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import pg from 'pg'

import { postgresStore } from '../src/stores/postgres/store.ts'
import type { Fault, Link } from './cutting-proxy.ts'
import { inspectPostgresLedger } from './oracle/naive-postgres.ts'
import { majorOf, postgresBinaries } from './postgres-binaries.ts'
import { missingForPostgres, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { type Place, type Told, underLoad, until, type World, withWorld } from './postgres-world.ts'

/** The messages of a commit, in their order, once the statements of a connection are prepared. */
const SENT: readonly (readonly [string, RegExp])[] = [
  ['BEGIN', /^Q BEGIN/],
  ['the lock', /^B {2}affidavit lock head/],
  ['the read of the tip', /^B {2}affidavit tip/],
  ['the read of conversations', /^B {2}affidavit conversations/],
  ['the append', /^B {2}affidavit append/],
  ['COMMIT', /^Q COMMIT/],
]
const ANSWERED: readonly (readonly [string, RegExp])[] = [
  ['the answer to BEGIN', /^C BEGIN/],
  ['the answer to the lock', /^C SELECT/],
  ['the answer to COMMIT', /^C COMMIT/],
]
/** Those of a batch that is built upon what is known. */
const ALONE = [
  ['client', 'the append', /^B {2}affidavit append/],
  ['server', 'the answer to the append', /^C SELECT/],
] as const
const PASSED = ['nothing', 'half of it', 'all of it'] as const

/** What a role may be set to. */
const SETTINGS = [
  "default_transaction_isolation = 'serializable'",
  "default_transaction_isolation = 'repeatable read'",
  'default_transaction_read_only = on',
  'synchronous_commit = off',
  'idle_in_transaction_session_timeout = 1',
  'client_min_messages = error',
]

/** A batch while a fault is armed: what was told, and the connection that was hit. */
async function appendInto(world: World, fault: Fault, patienceMillis?: number): Promise<{ told: Told; link: Link }> {
  const happened = world.proxy.arm(fault)
  const told = await world.append(patienceMillis)
  return { told, link: await happened }
}

/** A session of the superuser's that holds the head of the ledger. */
async function heldHead(world: World, holding: string = HEAD): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: world.place.server.url(world.place.database, 'super') })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('BEGIN')
  await client.query(holding, [world.ledger])
  return client
}

const HEAD =
  'SELECT FROM affidavit.heads h JOIN affidavit.ledgers l USING (ledger_no) WHERE l.origin = $1 FOR UPDATE OF h'

/** The last entry again, one place further on, in a transaction that stays open. */
const SAME_PLACE = `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes)
  SELECT ledger_no, seq + 1, convert_to((convert_from(entry, 'UTF8')::jsonb || jsonb_build_object('seq', seq + 1, 'id', 'x', 'conversation_id', 'x'))::text, 'UTF8'), nodes
  FROM affidavit.entries JOIN affidavit.ledgers USING (ledger_no) WHERE origin = $1 ORDER BY seq DESC LIMIT 1`

const waiting = `SELECT pid FROM pg_stat_activity WHERE usename = '${SERVER}' AND wait_event_type = 'Lock'`

const missing = missingForPostgres()
if (missing !== undefined) test('faults of PostgreSQL', { skip: missing })
else
  describe('faults of PostgreSQL', () => {
    let server: PostgresServer
    let place: Place
    before(async () => {
      server = await startPostgres(['deadlock_timeout=200ms'])
      place = { server, database: await server.database() }
    })
    after(() => server.stop())

    for (const pipeline of [true, false]) {
      describe(pipeline ? 'with a pool that sends ahead' : 'with a pool that waits for each answer', () => {
        for (const [from, messages] of [
          ['client', SENT],
          ['server', ANSWERED],
        ] as const) {
          for (const [name, at] of messages) {
            test(`the connection is cut before, within and behind ${name}: recorded, once`, () =>
              withWorld(place, { pipeline }, async (world) => {
                for (const passed of PASSED) {
                  const { told } = await appendInto(world, { from, at, passed, outcome: 'cut' })
                  assert.equal(told, 'recorded', passed)
                  // The connection that took its place prepares its statements.
                  await world.append()
                }
                await world.judge()
              }))
          }
        }

        for (const [from, name, at] of ALONE) {
          test(`the connection is cut before, within and behind ${name} alone: recorded, once`, () =>
            withWorld(place, { pipeline, upon: 'known' }, async (world) => {
              for (const passed of PASSED) {
                const { told } = await appendInto(world, { from, at, passed, outcome: 'cut' })
                assert.equal(told, 'recorded', passed)
                for (let i = 0; i < 3; i++) await world.append()
              }
              await world.judge()
            }))
        }

        for (const [name, at] of SENT) {
          test(`an operator ends the session at ${name}: recorded, once`, () =>
            withWorld(place, { pipeline }, async (world) => {
              const meanwhile = ({ pid }: Link): Promise<unknown> =>
                server.sql('postgres', `SELECT pg_terminate_backend(${pid}, 5000)`)
              const { told } = await appendInto(world, {
                from: 'client',
                at,
                meanwhile,
                passed: 'all of it',
                outcome: 'go on',
              })
              assert.equal(told, 'recorded')
              await world.judge()
            }))
        }

        for (const [name, from, at, passed] of [
          ['before BEGIN', 'client', /^Q BEGIN/, 'nothing'],
          ['before the append', 'client', /^B {2}affidavit append/, 'nothing'],
          ['before COMMIT', 'client', /^Q COMMIT/, 'nothing'],
          ['after COMMIT', 'client', /^Q COMMIT/, 'all of it'],
          ['before the answer to COMMIT', 'server', /^C COMMIT/, 'nothing'],
        ] as const) {
          test(`the connection falls silent ${name}: recorded, once`, () =>
            withWorld(place, { pipeline, query_timeout: 300 }, async (world) => {
              const { told } = await appendInto(world, { from, at, passed, outcome: 'silence' }, 2_000)
              assert.equal(told, 'recorded')
              await world.judge()
            }))
        }

        test('COMMIT arrives when its sender was told nothing, and gave up: unknown, and settled by the same batch', () =>
          withWorld(place, { pipeline }, async (world) => {
            const happened = world.proxy.arm({ from: 'client', at: /^Q COMMIT/, passed: 'nothing', outcome: 'hold' })
            const appended = world.append(100)
            world.proxy.gate = 'shut'
            const link = await happened
            assert.equal(await appended, 'outcome-unknown')
            link.deliver()
            await until(world, `SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${link.pid})`)
            world.proxy.gate = 'open'
            await world.judge()
          }))

        test('COMMIT arrives while its sender is asking again: recorded, once', () =>
          withWorld(place, { pipeline }, async (world) => {
            const happened = world.proxy.arm({ from: 'client', at: /^Q COMMIT/, passed: 'nothing', outcome: 'hold' })
            const appended = world.append()
            const link = await happened
            await until(world, waiting)
            link.deliver()
            assert.equal(await appended, 'recorded')
            await world.judge()
          }))

        test('BEGIN is refused, and what was sent behind it stands alone: nothing is told that is not so', () =>
          withWorld(place, { pipeline }, async (world) => {
            const made = `${world.ledger}1`
            const happened = world.proxy.arm({
              from: 'client',
              at: /^Q BEGIN/,
              rewritten: (message) => Buffer.from(message.toString('latin1').replace('BEGIN', 'BEGUN'), 'latin1'),
              passed: 'all of it',
              outcome: 'go on',
            })
            if (pipeline) await world.store.create(made)
            else await assert.rejects(world.store.create(made), { code: 'not-committed' })
            await happened
            assert.equal((await world.store.ledgers()).includes(made), pipeline)
            await world.judge()
          }))

        test('another writer holds the head: not committed when the patience is over, and recorded when it lets go', () =>
          withWorld(place, { pipeline }, async (world) => {
            const other = await heldHead(world)
            assert.equal(await world.append(100), 'not-committed')
            const appended = world.append()
            await until(world, waiting)
            await other.end()
            assert.equal(await appended, 'recorded')
            await world.judge()
          }))

        test('an operator cancels the wait for the head: not committed', () =>
          withWorld(place, { pipeline }, async (world) => {
            const other = await heldHead(world)
            const appended = world.append()
            const { rows } = await until(world, waiting)
            await server.sql('postgres', `SELECT pg_cancel_backend(${rows[0]?.pid})`)
            assert.equal(await appended, 'not-committed')
            await other.end()
            await world.judge()
          }))
      })
    }

    /** As if an operator had set it for the role: new connections have it. */
    async function withSetting(setting: string, work: () => Promise<void>): Promise<void> {
      await server.sql('postgres', `ALTER ROLE ${SERVER} SET ${setting}`)
      try {
        await work()
      } finally {
        await server.sql('postgres', `ALTER ROLE ${SERVER} RESET ALL`)
      }
    }

    test('statement_timeout ends the wait for the head: not committed', () =>
      withSetting('statement_timeout = 200', () =>
        withWorld(place, {}, async (world) => {
          const other = await heldHead(world)
          assert.equal(await world.append(), 'not-committed')
          await other.end()
          await world.judge()
        }),
      ))

    // PostgreSQL 17 has it; it ends the session. A commit may then be done and not told.
    const limited = (majorOf(postgresBinaries() ?? '') ?? 0) < 17 && 'PostgreSQL has no transaction_timeout before 17'
    for (const [what, holding] of [
      ['the wait for the head', HEAD],
      ['the writes', SAME_PLACE],
    ] as const) {
      test(`transaction_timeout ends the session at ${what}: recorded, once others let go`, { skip: limited }, () =>
        withSetting('transaction_timeout = 200', () =>
          withWorld(place, {}, async (world) => {
            const other = await heldHead(world, holding)
            const appended = world.append()
            const { rows } = await until(world, waiting)
            await until(world, `SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${rows[0]?.pid})`)
            await other.end()
            assert.equal(await appended, 'recorded')
            await world.judge()
          }),
        ),
      )
    }

    for (const setting of SETTINGS) {
      test(`two writers at once, where the role has ${setting}: all of it recorded`, () =>
        withSetting(setting, () =>
          withWorld(place, {}, async (world) => {
            const { prepare, batch } = world.drafts
            const second = postgresStore({ pool: server.pool(world.place.database), closes: 'pool' })
            const others = Array.from({ length: 20 }, () => prepare())
            const before = (await world.store.head(world.ledger))?.size ?? 0
            const appends = [
              ...Array.from({ length: 20 }, () => world.append()),
              ...others.map((draft) => second.commit(batch([draft]))),
            ]
            await Promise.all(appends)
            await second.close()
            const { entries } = await inspectPostgresLedger(server, world.place.database, world.ledger)
            assert.equal(entries.length, before + 40 + 20)
          }),
        ))
    }

    for (const setting of SETTINGS) {
      test(`one writer alone, where the role has ${setting}: all of it recorded`, () =>
        withSetting(setting, () =>
          withWorld(place, { upon: 'known' }, async (world) => {
            for (let i = 0; i < 3; i++) assert.equal(await world.append(), 'recorded')
            await world.judge()
          }),
        ))
    }

    test('a deadlock with another session, which this one is ended for: recorded, once', () =>
      withWorld(place, {}, async (world) => {
        const other = new pg.Client({ connectionString: server.url(world.place.database, 'super') })
        await other.connect()
        await other.query("BEGIN; SET deadlock_timeout = '60s'; SET lock_timeout = 0")
        await other.query(SAME_PLACE, [world.ledger])
        let blocked: Promise<unknown> | undefined
        const meanwhile = async (): Promise<void> => {
          blocked = other.query(HEAD, [world.ledger]).then(() => other.query('ROLLBACK'))
          await until(world, "SELECT pid FROM pg_stat_activity WHERE usename = 'super' AND wait_event_type = 'Lock'")
        }
        const at = /^B {2}affidavit append/
        const { told } = await appendInto(world, {
          from: 'client',
          at,
          meanwhile,
          passed: 'all of it',
          outcome: 'go on',
        })
        assert.equal(told, 'recorded')
        await blocked
        await other.end()
        await world.judge()
      }))

    test('a writer that falls silent between reading and writing is ended by the server: recorded, once', () =>
      withWorld(place, {}, async (world) => {
        const meanwhile = ({ pid }: Link): Promise<unknown> =>
          until(world, `SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${pid})`)
        const at = /^B {2}affidavit append/
        const fault = { from: 'client', at, meanwhile, passed: 'all of it', outcome: 'go on' } as const
        assert.equal((await appendInto(world, fault, 2_000)).told, 'recorded')
        await world.judge()
      }))

    test('idle connections end: the process goes on, and so does the store', () =>
      withWorld(place, {}, async (world) => {
        for (let i = 0; i < 3; i++) {
          await server.sql(
            'postgres',
            `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${SERVER}'`,
          )
          assert.equal(await world.append(), 'recorded')
        }
        await world.judge()
      }))

    test('a session is ended the moment it has begun: the process goes on, and so does the store', () =>
      withWorld(place, {}, async (world) => {
        const last = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${SERVER}'`
        await server.sql('postgres', last)
        const rewritten = (message: Buffer): Buffer => Buffer.concat([message, ENDED])
        const fault = { from: 'server', at: /^Z/, rewritten, passed: 'all of it', outcome: 'cut' } as const
        assert.equal((await appendInto(world, fault)).told, 'recorded')
        await world.judge()
      }))

    for (const upon of ['read', 'known'] as const) {
      test(`what a server lost and grew again is read anew, at the very size that was known, where a batch is built upon what is ${upon}`, () =>
        withWorld(place, { upon }, async (world) => {
          const { prepare, batch } = world.drafts
          const second = postgresStore({ pool: server.pool(world.place.database), closes: 'pool' })
          await world.store.commit(batch([prepare(), prepare()]))
          const { size = 0 } = (await world.store.head(world.ledger)) ?? {}
          const lost = LOSE_TWO.replaceAll('LEDGER', world.ledger).replaceAll('SIZE', String(size - 2))
          await server.sql(world.place.database, lost)
          await second.commit(batch([prepare(), prepare()]))
          await second.close()
          await world.store.commit(batch([prepare()]))
          const { entries } = await inspectPostgresLedger(server, world.place.database, world.ledger)
          assert.equal(entries.length, size + 1)
        }))
    }

    test('the server is killed under load and comes back: what was told is so', () =>
      withWorld(place, {}, async (world) => {
        for (let kills = 0; kills < 2; kills++) {
          const load = underLoad(world)
          try {
            await load.until('recorded', 10)
            await server.kill('SIGKILL')
            await load.until('not-committed', 1)
            await server.start()
            await load.until('recorded', 10)
          } finally {
            await load.stop()
          }
        }
        await world.judge()
      }))
  })

/** As a standby does that took over without the last commit. */
const LOSE_TWO = `ALTER TABLE affidavit.entries DISABLE TRIGGER no_delete;
  DELETE FROM affidavit.entries e USING affidavit.ledgers l WHERE l.ledger_no = e.ledger_no AND l.origin = 'LEDGER' AND seq >= SIZE;
  ALTER TABLE affidavit.entries ENABLE ALWAYS TRIGGER no_delete;
  UPDATE affidavit.heads h SET size = SIZE FROM affidavit.ledgers l WHERE l.ledger_no = h.ledger_no AND l.origin = 'LEDGER'`

/** What a server says to a session that it ends, behind whatever it said before. */
const ENDED = Buffer.from('E\0\0\0\x25SFATAL\0C57P01\0Mterminating them\0\0', 'latin1')
