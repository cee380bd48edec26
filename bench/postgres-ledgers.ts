// A PostgreSQL server to measure on, that goes when the measurement ends, and ledgers in it.

import { tmpdir } from 'node:os'

import { initLedger } from 'affidavit'

import { missingForPostgres, type PostgresServer, startPostgres } from '../packages/affidavit/test/postgres-server.ts'
import type { Context } from './context.ts'
import { builtOnce, type Ledgers, ORIGIN } from './ledgers.ts'
import type { Row } from './report.ts'

/** The rows that are measured on a server; none where there can be no server. */
export async function onPostgres(measure: (server: PostgresServer) => Promise<Row[]>): Promise<Row[]> {
  const missing = missingForPostgres()
  if (missing !== undefined) {
    console.error(`postgres: left out: ${missing}`)
    return []
  }
  // On a disk: what is measured is durable.
  process.env.TMPDIR ??= tmpdir()
  const server = await startPostgres(['max_wal_size=4GB'])
  try {
    return await measure(server)
  } finally {
    await server.stop()
  }
}

/** The home of a new ledger in a database. */
export async function newHome(
  { ledgers }: Pick<Context, 'ledgers'>,
  server: PostgresServer,
  database: string,
  origin: string,
): Promise<string> {
  const home = ledgers.emptyFolder()
  await initLedger(`${server.url(database)}?ledger=${origin}`, { origin, keys: home })
  return home
}

/** Ledgers with so many records, each in a database of its own, with homes beside the others. */
export function ledgersIn(server: PostgresServer, beside: Ledgers): Ledgers {
  const home = async (): Promise<string> => newHome({ ledgers: beside }, server, await server.database(), ORIGIN)
  return { ...beside, withRecords: builtOnce(home, (line) => console.error(`postgres: ${line}`)) }
}
