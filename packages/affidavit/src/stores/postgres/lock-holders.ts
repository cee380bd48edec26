// Who holds a lock that somebody waited for in vain: an operator is told whom to ask, or to end.

import { LedgerError } from '../../errors/ledger-error.ts'
import { type PgClient, run, textColumn } from './database.ts'

export interface Holder {
  /** In words: `process 4711 of role clinic_server`. */
  readonly session: string
  /** Empty for a prepared transaction, which has none. */
  readonly pid: string
}

const SESSION = `coalesce(l.pid::text, '') AS pid, coalesce('process ' || l.pid || ' of ' || coalesce('role ' || a.usename, 'nobody'),
    'a prepared transaction') AS session
  FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
  WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())`

const OF_ADVISORY = `SELECT DISTINCT ${SESSION} AND l.locktype = 'advisory' AND l.objsubid = 1
    AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0) ORDER BY 1`

const OF_TABLES = `SELECT DISTINCT ${SESSION} AND l.locktype = 'relation'
    AND l.relation IN (SELECT c.oid FROM pg_class c WHERE c.relnamespace = to_regnamespace($1)::oid) ORDER BY 1`

/** Those that hold the advisory lock of a name. */
export function holdersOfName(client: PgClient, name: string): Promise<readonly Holder[]> {
  return holders(client, OF_ADVISORY, name)
}

/** Those that use a table of a schema in a transaction. */
export function holdersOfTables(client: PgClient, schema: string): Promise<readonly Holder[]> {
  return holders(client, OF_TABLES, schema)
}

async function holders(client: PgClient, text: string, of: string): Promise<readonly Holder[]> {
  const { rows } = await run(client, { text, values: [of] })
  return rows.map((row) => ({ session: textColumn(row, 'session'), pid: textColumn(row, 'pid') }))
}

/** @param doing what waited: `migrate` */
export function heldByOthers(
  doing: string,
  patienceMillis: number,
  by: readonly Holder[],
  cause: unknown,
): LedgerError {
  const who = by.length === 0 ? 'somebody who is done by now' : told(by.map(({ session }) => session))
  const pid = by.find((one) => one.pid !== '')?.pid
  const ends =
    pid === undefined ? '' : `; else end it, as that role or as a superuser: SELECT pg_terminate_backend(${pid})`
  return new LedgerError('store-unavailable', {
    problem: `cannot ${doing}: what it locks was held for ${patienceMillis} ms, by ${who}; nothing was changed`,
    cure: `wait until that is done, and ${doing} again${ends}`,
    cause,
  })
}

const TOLD = 5

function told(sessions: readonly string[]): string {
  const more = sessions.length > TOLD ? `, and ${sessions.length - TOLD} more` : ''
  return `${sessions.slice(0, TOLD).join(', ')}${more}`
}
