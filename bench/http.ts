// Durable append over HTTP, 64 connections at once, against callers in the ledger's own process: drafts in lines of JSON, and one by one.

import type { ChildProcess } from 'node:child_process'

import { openLedger } from 'affidavit'

import { appendConcurrently, CALLERS } from './callers.ts'
import type { Context } from './context.ts'
import { createWorkload } from './drafts.ts'
import { openNew, stretch } from './ledgers.ts'
import type { Load, LoadAnswer } from './load-process.ts'
import { newHome, onPostgres } from './postgres-ledgers.ts'
import { answerOf, end, start } from './processes.ts'
import type { Budget, Row } from './report.ts'
import { compare, quantile, repeat } from './rounds.ts'
import { serveHome } from './serve.ts'

const CONNECTIONS = 64
/** Of which a quick run sends half. */
const LINES: Load = { requests: 320, drafts: 50 }
const SINGLE: Load = { requests: 3_200, drafts: 1 }

/** Where ledgers lie: two of them, of which one is served. */
interface Store {
  readonly name: string
  readonly inProcess: string
  readonly served: string
}

export async function measureHttp(context: Context): Promise<Row[]> {
  const [inProcess, served] = [context.ledgers.emptyFolder(), context.ledgers.emptyFolder()]
  for (const folder of [inProcess, served]) await (await openNew(folder)).close()
  return [
    ...(await measureStore({ name: 'SQLite', inProcess, served }, context)),
    ...(await onPostgres(async (server) => {
      const database = await server.database()
      const home = (called: string): Promise<string> => newHome(context, server, database, `bench.example/${called}`)
      const [inProcess, served] = [await home('in-process'), await home('served')]
      return measureStore({ name: 'PostgreSQL', inProcess, served }, context)
    })),
  ]
}

interface Sent {
  readonly perSecond: number
  readonly millis: readonly number[]
}

interface Round {
  readonly lines: Sent
  readonly single: Sent
  readonly callersPerSecond: number
}

async function measureStore(store: Store, { effort }: Context): Promise<Row[]> {
  await using ledger = await openLedger(store.inProcess)
  await using server = await serveHome(store.served)
  const clients = start('load-process.ts', server.url, server.token, String(CONNECTIONS))
  const share = effort === 'quick' ? 2 : 1
  const records = (LINES.requests * LINES.drafts) / share
  const workload = createWorkload(100_000)
  let n = 0
  try {
    await answerOf(clients)
    const rounds = await repeat(effort === 'quick' ? 3 : 8, async () => {
      const lines = await sent(clients, { ...LINES, requests: LINES.requests / share })
      const callersPerSecond = await appendConcurrently(ledger, [...stretch(workload, n, records)], CALLERS)
      n += records
      return { lines, callersPerSecond, single: await sent(clients, { ...SINGLE, requests: SINGLE.requests / share }) }
    })
    return [
      ...rowsOf(store, `${LINES.drafts} drafts a request`, rounds, ({ lines }) => lines, {
        kind: 'at least',
        ratio: 0.5,
      }),
      ...rowsOf(store, 'one draft a request', rounds, ({ single }) => single),
    ]
  } finally {
    await end(clients)
  }
}

function rowsOf(
  { name }: Store,
  how: string,
  rounds: readonly Round[],
  of: (round: Round) => Sent,
  budget?: Budget,
): Row[] {
  const rate: Row = {
    measurement: 'http',
    what: `${name}: durable append over HTTP, ${CONNECTIONS} connections, ${how}`,
    against: `${CALLERS} callers in the process`,
    unit: 'records/s',
    ...compare(
      rounds,
      (round) => of(round).perSecond,
      ({ callersPerSecond }) => callersPerSecond,
    ),
    ...(budget === undefined ? {} : { budget }),
  }
  const tail: Row = {
    measurement: 'http',
    what: `${name}: a request of these, p99`,
    against: 'p50',
    unit: 'ms',
    ...compare(
      rounds,
      (round) => quantile(of(round).millis, 0.99),
      (round) => quantile(of(round).millis, 0.5),
    ),
  }
  return [rate, tail]
}

async function sent(clients: ChildProcess, load: Load): Promise<Sent> {
  clients.send(load)
  const { seconds, millis } = await answerOf<LoadAnswer>(clients)
  return { perSecond: (load.requests * load.drafts) / seconds, millis }
}
