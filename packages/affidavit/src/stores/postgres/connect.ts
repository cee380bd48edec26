// What a database is, and that a commit of it is durable: asked once, before it is used (spec/postgres.md §2).

import { LedgerError } from '../../errors/ledger-error.ts'
import {
  ColumnFault,
  column,
  integerColumn,
  isConnectionLost,
  type PgPool,
  run,
  type Statement,
  sqlState,
  textColumn,
} from './database.ts'
import { inOurWords } from './errors.ts'
import { LEDGERS, type SchemaKind } from './schemas.ts'

/** PostgreSQL 15: `security_invoker`, and grants on schemas that are not open to everybody. */
const OLDEST_SERVER = 150_000

export interface Inspected {
  /** What each transaction begins with, so that COMMIT is answered only when it is synced. */
  readonly settings: string
}

/**
 * Whether the database holds ledgers, or keyrings, of a schema that is known, on a server that syncs.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, `unsupported-file-system`
 */
export async function inspectDatabase(pool: PgPool, kind: SchemaKind = LEDGERS): Promise<Inspected> {
  const [server] = await askOne(pool, { text: SERVER })
  if (integerColumn(server, 'version') < OLDEST_SERVER) throw oldServer(integerColumn(server, 'version'))
  if (textColumn(server, 'encoding') !== 'UTF8') throw otherEncoding(textColumn(server, 'encoding'))
  for (const setting of ['fsync', 'full_page_writes']) if (column(server, setting) !== 'on') throw notDurable(setting)
  await refuseOtherSchema(pool, kind)
  // What is stronger is left as it is set: remote_apply.
  const isWeak = WEAK.has(textColumn(server, 'synchronous_commit'))
  return { settings: isWeak ? '; SET LOCAL synchronous_commit = on' : '' }
}

const SERVER = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit`

/** Values of synchronous_commit under which COMMIT is answered before it is synced, here or on a standby. */
const WEAK: ReadonlySet<string> = new Set(['off', 'local', 'remote_write'])

async function refuseOtherSchema(pool: PgPool, kind: SchemaKind): Promise<void> {
  const version = await schemaVersion(pool, kind)
  if (version === kind.version) return
  if (version > kind.version) {
    throw new LedgerError('newer-format', {
      problem: `the database has schema ${version}; this version knows up to ${kind.version}`,
      cure: 'use a newer affidavit; nothing was changed',
    })
  }
  throw new LedgerError('not-a-ledger', {
    problem: `the database has schema ${version}, and this version needs ${kind.version}`,
    cure: `${kind.migrate}, run as the owner, brings it up to date`,
  })
}

/** @throws LedgerError `not-a-ledger` where the database was not migrated, or has a schema of that name that is not ours */
async function schemaVersion(pool: PgPool, kind: SchemaKind): Promise<number> {
  try {
    const [row] = await askOne(pool, { text: `SELECT max(version) AS version FROM ${kind.schema}.schema_versions` })
    return integerColumn(row, 'version')
  } catch (error) {
    if (error instanceof ColumnFault) throw notOurs(kind, error)
    const state = error instanceof LedgerError ? sqlState(error.cause) : undefined
    if (state === '42501') throw noRights(kind, error)
    if (state === undefined || !MISSING.has(state)) throw error
    throw new LedgerError('not-a-ledger', {
      problem: `the database holds no ${kind.holds}: it has no schema ${kind.schema} with versions`,
      cure: `check the URL; ${kind.migrate}, run as the owner, prepares a database`,
      cause: error,
    })
  }
}

/** Undefined schema, table or column. */
const MISSING: ReadonlySet<string> = new Set(['3F000', '42P01', '42703'])

function notOurs({ schema }: SchemaKind, cause: unknown): LedgerError {
  return new LedgerError('not-a-ledger', {
    problem: `the database has a schema ${schema} that is not ours`,
    cure: 'use another database',
    cause,
  })
}

function noRights({ schema, migrate, grant }: SchemaKind, cause: unknown): LedgerError {
  return new LedgerError('store-unavailable', {
    problem: `this role may not use the schema ${schema}`,
    cure: `${migrate} ${grant}, run as the owner, gives it the rights of a server`,
    cause,
  })
}

function oldServer(version: number): LedgerError {
  return new LedgerError('store-unavailable', {
    problem: `the server is PostgreSQL ${Math.floor(version / 10_000)}; a ledger needs 15 or newer`,
    cure: 'upgrade the server',
  })
}

function otherEncoding(encoding: string): LedgerError {
  return new LedgerError('not-a-ledger', {
    problem: `the database keeps text in ${encoding}; a ledger needs UTF8`,
    cure: "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
  })
}

function notDurable(setting: string): LedgerError {
  return new LedgerError('unsupported-file-system', {
    problem: `the server runs with ${setting} = off: a commit is lost, or the database broken, when it loses power`,
    cure: `set ${setting} = on and restart the server`,
  })
}

/** The rows of one statement. @throws LedgerError `store-unavailable`, `store-corrupt` */
export async function askOne(pool: PgPool, statement: Statement): Promise<readonly unknown[]> {
  try {
    const client = await pool.connect()
    // Whoever waits for the answer is told; an error that nobody listens to would end the process.
    const ignore = (): void => undefined
    client.on('error', ignore)
    let isUsable = true
    try {
      return (await run(client, statement)).rows
    } catch (error) {
      isUsable = !isConnectionLost(error)
      throw error
    } finally {
      // One that is let go of may yet say why it is over.
      if (isUsable) client.off('error', ignore)
      client.release(!isUsable)
    }
  } catch (error) {
    throw inOurWords(error, 'read')
  }
}
