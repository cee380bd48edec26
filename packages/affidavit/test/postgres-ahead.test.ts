// Batches that are sent behind others which are not answered yet (spec/postgres.md §3): each recorded once, or not, as was told, and
// in the order of the calls, whatever becomes of those before.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import pg from 'pg'

import type { PreparedDraft } from '../src/ledger/store.ts'
import { shareConnection } from '../src/stores/postgres/shared-connection.ts'
import { postgresStore } from '../src/stores/postgres/store.ts'
import { samples } from '../src/testing/sample-drafts.ts'
import { payload, withPayloads } from '../src/testing/sample-payloads.ts'
import type { Fault } from './cutting-proxy.ts'
import { inspectPostgresLedger } from './oracle/naive-postgres.ts'
import { missingForPostgres, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { type Place, until, type World, withWorld } from './postgres-world.ts'

/** Enough for a batch to be sent behind others. */
const MANY = 64
const APPEND = { from: 'client', at: /^B {2}affidavit append/ } as const
const ANSWER = { from: 'server', at: /^C SELECT/ } as const
const BEGIN = { from: 'client', at: /^Q BEGIN/ } as const

type Outcome = 'recorded' | 'duplicate' | 'not-committed'

/** Hands in batches one after another, none of which waits for the one before. */
async function handIn(
  world: World,
  batches: readonly (readonly PreparedDraft[])[],
  patience = 5_000,
): Promise<Outcome[]> {
  const outcomes: Promise<Outcome>[] = []
  for (const [i, drafts] of batches.entries()) {
    const patienceMillis = i === 0 ? patience : 5_000
    const placed = world.store.commit({ ...world.drafts.batch(drafts), patienceMillis })
    const told = placed.then(
      ([one]) => (one?.state === 'duplicate' ? 'duplicate' : 'recorded'),
      (error) => error.code,
    )
    outcomes.push(told)
    await turn()
    await turn()
  }
  return Promise.all(outcomes)
}

/** Three batches; a conversation goes on from one to the next. */
function threeBatches({ drafts: { prepare } }: World, kind: 'plain' | 'with payloads' = 'plain'): PreparedDraft[][] {
  return [0, 1, 2].map((batch) =>
    Array.from({ length: MANY }, (_, i) => {
      // Of a conversation that is known, so that nothing is asked.
      const draft = prepare(i % 2 === 0 ? { conversation_id: 'c' } : {})
      return kind === 'plain' || i > 0 || batch === 1
        ? draft
        : withPayloads(draft, [{ state: 'sealed', ...payload(batch) }])
    }),
  )
}

const idsOf = (batches: readonly (readonly PreparedDraft[])[]): string[] => batches.flat().map(({ id }) => id)

/** The last entries are those of these batches, in their order, once each; the oracle checks every link. */
async function expectLast(world: World, batches: readonly (readonly PreparedDraft[])[]): Promise<void> {
  const { server, database } = world.place
  const { entries } = await inspectPostgresLedger(server, database, world.ledger)
  const ids = entries.map(({ members }) => members.get('id'))
  const wanted = idsOf(batches)
  assert.deepEqual(ids.slice(-wanted.length), wanted)
}

const missing = missingForPostgres()
if (missing !== undefined) test('batches sent ahead', { skip: missing })
else
  describe('batches sent ahead', () => {
    let server: PostgresServer
    let place: Place
    before(async () => {
      server = await startPostgres()
      place = { server, database: await server.database() }
    })
    after(() => server.stop())

    /** A world whose writer knows the ledger, and writes alone. */
    const alone = (work: (world: World) => Promise<void>, pipeline = true): Promise<void> =>
      withWorld(place, { upon: 'known', pipeline }, work)

    test('do not wait for the answers to those before, and have their places in the order of the calls', () =>
      alone(async (world) => {
        const batches = threeBatches(world)
        const happened: Promise<unknown>[] = []
        // The first answer is held back until the third append has passed.
        const passed = ['first', 'second', 'third'].map(() =>
          world.proxy.arm({ ...APPEND, passed: 'all of it', outcome: 'go on' }),
        )
        const meanwhile = (): Promise<unknown> => Promise.all(passed)
        happened.push(world.proxy.arm({ ...ANSWER, meanwhile, passed: 'all of it', outcome: 'go on' }))
        assert.deepEqual(await handIn(world, batches), ['recorded', 'recorded', 'recorded'])
        await Promise.all(happened)
        await expectLast(world, batches)
      }))

    for (const pipeline of [true, false]) {
      const pool = pipeline ? 'a pool that sends ahead' : 'a pool that waits for each answer'
      for (const [name, fault, nth] of [
        ['the first', APPEND, 0],
        ['the second', APPEND, 1],
        ['the third', APPEND, 2],
        ['the answer to the first', ANSWER, 0],
        ['the answer to the second', ANSWER, 1],
        ['the answer to the third', ANSWER, 2],
      ] as const) {
        test(`${pool}: the connection is cut before, within and behind ${name}: all recorded, once, in their order`, () =>
          alone(async (world) => {
            for (const passed of ['nothing', 'half of it', 'all of it'] as const) {
              for (const kind of pipeline || nth === 1 ? (['plain', 'with payloads'] as const) : (['plain'] as const)) {
                const batches = threeBatches(world, kind)
                await armNth(world, fault, nth, { passed, outcome: 'cut' })
                // What was settled is told as a duplicate of itself.
                for (const told of await handIn(world, batches))
                  assert.match(told, /^recorded|^duplicate/, `${passed}: ${told}`)
                await expectLast(world, batches)
                for (let i = 0; i < 3; i++) await world.append()
              }
            }
          }, pipeline))
      }
    }

    test('another writer comes between: all recorded behind it, in their order', () =>
      alone(async (world) => {
        const batches = threeBatches(world)
        const other = postgresStore({ pool: server.pool(place.database), closes: 'pool' })
        const between = [world.drafts.prepare()]
        const meanwhile = (): Promise<unknown> => other.commit(world.drafts.batch(between))
        const happened = world.proxy.arm({ ...APPEND, meanwhile, passed: 'all of it', outcome: 'go on' })
        assert.deepEqual(await handIn(world, batches), ['recorded', 'recorded', 'recorded'])
        await happened
        await other.close()
        await expectLast(world, [between, ...batches])
      }))

    test('what is looked up, because where a conversation stands was not answered, has its place before what is behind it', () =>
      alone(async (world) => {
        const [, ...others] = threeBatches(world)
        const first = Array.from({ length: MANY }, () => world.drafts.prepare({ conversation_id: 'not met' }))
        const at = /^B {2}affidavit conversations/
        void world.proxy.arm({ from: 'client', at, passed: 'nothing', outcome: 'cut' })
        // Long enough for those behind it to overtake it, if they could.
        const meanwhile = async (): Promise<void> => {
          for (let i = 0; i < 5_000; i++) await turn()
        }
        const happened = world.proxy.arm({ ...BEGIN, meanwhile, passed: 'all of it', outcome: 'go on' })
        assert.deepEqual(await handIn(world, [first, ...others]), ['recorded', 'recorded', 'recorded'])
        await happened
        await expectLast(world, [first, ...others])
      }))

    test('an id of the first stands already: it is told again, and the others have their places', () =>
      alone(async (world) => {
        const [first = [], ...others] = threeBatches(world)
        const [again] = first
        assert.ok(again !== undefined)
        await world.store.commit(world.drafts.batch([again]))
        assert.deepEqual(await handIn(world, [first, ...others]), ['duplicate', 'recorded', 'recorded'])
        await expectLast(world, [first.slice(1), ...others])
        // Nobody else wrote, and it is not taken to be so.
        const begins = { count: 0 }
        void world.proxy.arm({ ...BEGIN, passed: 'all of it', outcome: 'go on' }).then(() => begins.count++)
        await world.append()
        assert.equal(begins.count, 0, 'upon what is known')
      }))

    test('the first is refused, because its patience ends behind a lock: nothing of it is there, and the others have their places', () =>
      alone(async (world) => {
        const [first = [], ...others] = threeBatches(world)
        const holder = server.pool(place.database)
        const client = await holder.connect()
        await client.query('BEGIN')
        await client.query(HEAD, [world.ledger])
        const told = handIn(world, [first, ...others], 100)
        const began: string[] = []
        const rewritten = (message: Buffer): Buffer => {
          began.push(message.toString())
          return message
        }
        await world.proxy.arm({ ...BEGIN, rewritten, passed: 'all of it', outcome: 'go on' })
        // The second is looked up by now, and waits no longer than its patience for the first and the lock together.
        assert.ok(Number(/lock_timeout = (\d+)/.exec(began.join())?.[1]) < 5_000)
        await client.query('ROLLBACK')
        client.release()
        assert.deepEqual(await told, ['not-committed', 'recorded', 'recorded'])
        await expectLast(world, others)
        const { entries } = await inspectPostgresLedger(server, place.database, world.ledger)
        const there = new Set(entries.map(({ members }) => members.get('id')))
        assert.deepEqual(
          idsOf([first]).filter((id) => there.has(id)),
          [],
        )
      }))

    test('a pool that waits for each answer: sent one after another, and none in vain', () =>
      alone(async (world) => {
        const begins = { count: 0 }
        void world.proxy.arm({ ...BEGIN, passed: 'all of it', outcome: 'go on' }).then(() => begins.count++)
        const batches = threeBatches(world)
        assert.deepEqual(await handIn(world, batches), ['recorded', 'recorded', 'recorded'])
        assert.equal(begins.count, 0, 'upon what is known')
        await expectLast(world, batches)
      }, false))

    test('who waits for a connection of the pool has it, though there is always somebody to send behind', async () => {
      const pool = new pg.Pool({ connectionString: server.url(place.database), pipeline: true, max: 1 })
      const shared = shareConnection(pool)
      const others = { state: 'waiting' }
      let holder = await shared.connect()
      const other = pool.connect().then((client) => {
        others.state = 'served'
        client.release()
      })
      for (let i = 0; i < 1_000; i++) {
        const next = shared.connect()
        holder.release()
        holder = await next
      }
      assert.equal(others.state, 'served')
      holder.release()
      await other
      await pool.end()
    })

    test('others hold every connection of the pool: not committed when the patience is over, and recorded when they let go', async () => {
      const pool = new pg.Pool({ connectionString: server.url(place.database), pipeline: true, max: 1 })
      const store = postgresStore({ pool, closes: 'pool' })
      const ledger = 'exhausted.example/agents/0'
      const { prepare, batch } = samples(ledger)
      await store.create(ledger)
      for (let i = 0; i < 3; i++) await store.commit(batch([prepare()]))
      const drafts = [[prepare()], [prepare({ conversation_id: 'not met yet' })]]
      for (const one of drafts) {
        const other = await pool.connect()
        await assert.rejects(store.commit({ ...batch(one), patienceMillis: 20 }), { code: 'not-committed' })
        other.release()
        assert.equal((await store.commit(batch(one)))[0]?.state, 'recorded')
      }
      assert.equal(pool.idleCount, 1)
      await store.close()
    })

    test('a ledger whose head somebody holds keeps no other ledger of this writer waiting', () =>
      alone(async (world) => {
        const other = `${world.ledger}1`
        const { prepare, batch } = samples(other)
        await world.store.create(other)
        for (let i = 0; i < 3; i++) await world.store.commit(batch([prepare()]))
        const holder = server.pool(place.database)
        const client = await holder.connect()
        await client.query('BEGIN')
        await client.query(HEAD, [world.ledger])
        const told = handIn(world, threeBatches(world))
        await until(world, WAITING)
        assert.equal((await world.store.commit(batch([prepare()])))[0]?.state, 'recorded')
        await client.query('ROLLBACK')
        client.release()
        assert.deepEqual(await told, ['recorded', 'recorded', 'recorded'])
      }))

    test('conversations that others began, and those that a batch before began, are gone on with', () =>
      alone(async (world) => {
        const { prepare, batch } = world.drafts
        const earlier = postgresStore({ pool: server.pool(place.database), closes: 'pool' })
        await earlier.commit(batch([prepare({ conversation_id: 'theirs' }), prepare({ conversation_id: 'theirs' })]))
        await earlier.close()
        // Nobody comes between from here on: the writer is soon sure of it again.
        for (let i = 0; i < 12; i++) await world.append()
        const begins = { count: 0 }
        void world.proxy.arm({ ...BEGIN, passed: 'all of it', outcome: 'go on' }).then(() => begins.count++)
        const talk = (): PreparedDraft[] =>
          Array.from({ length: MANY }, (_, i) => prepare({ conversation_id: ['theirs', 'new'][i % 2] ?? '' }))
        const batches = [talk(), talk()]
        assert.deepEqual(await handIn(world, batches), ['recorded', 'recorded'])
        assert.equal(begins.count, 0, 'upon what is known')
        await expectLast(world, batches)
        const { entries } = await inspectPostgresLedger(server, place.database, world.ledger)
        const seqs = entries.filter(({ members }) => members.get('conversation_id') === 'theirs').length
        assert.equal(seqs, 2 + MANY)
      }))
  })

/** A fault at the message of this kind that comes after so many. */
async function armNth(
  world: World,
  at: Pick<Fault, 'from' | 'at'>,
  nth: number,
  how: Pick<Fault, 'passed' | 'outcome'>,
): Promise<void> {
  for (let i = 0; i < nth; i++) void world.proxy.arm({ ...at, passed: 'all of it', outcome: 'go on' })
  void world.proxy.arm({ ...at, ...how })
}

const HEAD =
  'SELECT FROM affidavit.heads h JOIN affidavit.ledgers l USING (ledger_no) WHERE l.origin = $1 FOR UPDATE OF h'

const WAITING = `SELECT pid FROM pg_stat_activity WHERE usename = '${SERVER}' AND wait_event_type = 'Lock'`
