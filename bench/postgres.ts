// Ledgers in PostgreSQL: durable append of many callers and of one, against inserting the very bytes that came of it into the same
// tables; writer processes; ledgers side by side in one database.

import { openLedger } from 'affidavit'
import pg from 'pg'

import { OWNER, type PostgresServer } from '../packages/affidavit/test/postgres-server.ts'
import { appendConcurrently, CALLERS } from './callers.ts'
import type { Context } from './context.ts'
import { createWorkload } from './drafts.ts'
import { stretch } from './ledgers.ts'
import { newHome, onPostgres } from './postgres-ledgers.ts'
import type { Row } from './report.ts'
import { compare, millisOf, quantile, repeat, secondsOf } from './rounds.ts'
import { compareWriters, FOUR_WRITERS, WRITERS } from './writers.ts'

const RECORDS = 8_192
const ALONE = 500
const LEDGERS = 2

interface Setting extends Context {
  readonly server: PostgresServer
  readonly database: string
  readonly rounds: number
}

export function measurePostgres(context: Context): Promise<Row[]> {
  return onPostgres(async (server) => {
    const rounds = context.effort === 'quick' ? 3 : 7
    const setting = { ...context, server, rounds, database: await server.database() }
    return [
      ...(await measureAppend(setting)),
      ...(await measureWriters(setting)),
      ...(await measureSideBySide(setting)),
    ]
  })
}

function newLedger(setting: Setting, origin: string): Promise<string> {
  return newHome(setting, setting.server, setting.database, origin)
}

async function measureAppend(setting: Setting): Promise<Row[]> {
  await using ledger = await openLedger(await newLedger(setting, 'bench.example/append'))
  await using raw = await mirrorOf(setting, ledger.origin)
  const workload = createWorkload(200_000)
  let drafts = 0
  const next = (count: number): ReturnType<typeof workload.draft>[] => {
    drafts += count
    return [...stretch(workload, drafts - count, count)]
  }
  const many = await repeat(setting.rounds, async () => {
    const ours = await appendConcurrently(ledger, next(RECORDS), CALLERS)
    const entries = await raw.behind()
    return { ours, raw: entries.length / (await secondsOf(() => raw.insert(entries, CALLERS))) }
  })
  const one = await repeat(setting.rounds, async () => {
    const ours = await millisOf(next(ALONE), (draft) => ledger.append(draft))
    return { ours, raw: await millisOf(await raw.behind(), (entry) => raw.insert([entry], 1)) }
  })
  return [
    {
      measurement: 'postgres',
      what: `PostgreSQL: durable append, ${CALLERS} callers at once`,
      against: `raw INSERT, ${CALLERS} rows a transaction`,
      unit: 'records/s',
      ...compare(
        many,
        ({ ours }) => ours,
        (round) => round.raw,
      ),
      budget: { kind: 'at least', ratio: 0.8 },
    },
    ...[0.5, 0.99].map((share) => ({
      measurement: 'postgres',
      what: `PostgreSQL: durable append, one caller, p${share * 100}`,
      against: 'raw commit of one row',
      unit: 'ms',
      ...compare(
        one,
        ({ ours }) => quantile(ours, share),
        (round) => quantile(round.raw, share),
      ),
      budget: { kind: 'at most', ratio: 1.5 } as const,
    })),
  ]
}

interface RawEntry {
  readonly seq: string
  readonly entry: Buffer
  readonly nodes: Buffer
}

interface Mirror extends AsyncDisposable {
  /** The entries of the ledger that the mirror has not. */
  behind(): Promise<readonly RawEntry[]>
  insert(entries: readonly RawEntry[], perTransaction: number): Promise<void>
}

/** What an application would write without us: the same bytes, into the same tables with their indexes and triggers. */
async function mirrorOf({ server, database }: Setting, origin: string): Promise<Mirror> {
  const reader = server.pool(database, OWNER)
  const writer = new pg.Client({ connectionString: server.url(await server.database(), OWNER) })
  await writer.connect()
  await writer.query('SELECT affidavit.create_ledger($1)', [origin])
  let size = 0
  const mirror: Mirror = {
    async behind() {
      const { rows } = await reader.query(
        `SELECT e.seq, e.entry, e.nodes FROM affidavit.entries e JOIN affidavit.ledgers l USING (ledger_no)
         WHERE l.origin = $1 AND e.seq >= $2 ORDER BY e.seq`,
        [origin, size],
      )
      return rows
    },
    async insert(entries, perTransaction) {
      for (let from = 0; from < entries.length; from += perTransaction) {
        const some = entries.slice(from, from + perTransaction)
        const rows = some.map((_, i) => `(1, $${i * 3 + 1}::bigint, $${i * 3 + 2}::bytea, $${i * 3 + 3}::bytea)`)
        const text = `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES ${rows.join(', ')}`
        const values = some.flatMap(({ seq, entry, nodes }) => [seq, entry, nodes])
        await writer.query({ name: `insert ${some.length}`, text, values })
        size += some.length
      }
    },
    async [Symbol.asyncDispose]() {
      await writer.end()
      await reader.end()
    },
  }
  await mirror.insert(await mirror.behind(), 1)
  return mirror
}

async function measureWriters(setting: Setting): Promise<Row[]> {
  const home = await newLedger(setting, 'bench.example/writers')
  const { together, ...words } = FOUR_WRITERS
  const compared = await compareWriters(
    Array.from({ length: WRITERS }, () => home),
    setting.effort,
  )
  return [{ measurement: 'postgres', what: `PostgreSQL: ${together}`, ...words, ...compared }]
}

/** Ledgers do not wait for each other: as many processes, each with a ledger of its own. */
async function measureSideBySide(setting: Setting): Promise<Row[]> {
  const homes: string[] = []
  for (let i = 0; i < LEDGERS; i++) homes.push(await newLedger(setting, `bench.example/beside-${i}`))
  return [
    {
      measurement: 'postgres',
      what: `PostgreSQL: ${LEDGERS} ledgers in one database, a writer each, in sum`,
      against: 'one ledger, one writer',
      unit: 'records/s',
      ...(await compareWriters(homes, setting.effort)),
    },
  ]
}
