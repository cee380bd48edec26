// Migrations: frozen numbered SQL, each run once, in its order, in one transaction, with its digest on record (spec/postgres.md §2).

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { LedgerError } from '../../errors/ledger-error.ts'
import { takeLock } from './advisory-lock.ts'
import { askOne } from './connect.ts'
import { column, integerColumn, type PgClient, type PgPool, sqlState, textColumn } from './database.ts'
import { inOurWords } from './errors.ts'
import { heldByOthers, holdersOfTables } from './lock-holders.ts'
import { LEDGERS, type SchemaKind } from './schemas.ts'

export interface Migrated {
  /** Versions that were run now. */
  readonly applied: readonly number[]
  readonly version: number
}

/** Another migration takes as long as its SQL does; and no writer waits for longer behind one that waits for a table. */
const PATIENCE_MILLIS = 10_000

/**
 * Brings the database up to this version's schema of that kind, as the role that the pool connects as, which becomes the owner. Done again, or
 * by two at once, it changes nothing.
 * @throws LedgerError `not-a-ledger` (a schema of that name is not ours), `newer-format`, `store-unavailable` (also where somebody
 *   holds a lock for too long), `store-corrupt` (a version was run with other SQL than was released, or is not on record)
 */
export async function migrate(
  pool: PgPool,
  kind: SchemaKind = LEDGERS,
  patienceMillis: number = PATIENCE_MILLIS,
): Promise<Migrated> {
  const client = await connectAsOwner(pool)
  // An error that nobody listens to would end the process; what is under way is told of it.
  const ignore = (): void => undefined
  client.on('error', ignore)
  try {
    await client.query({ text: BEGIN })
    const name = `${kind.schema} migrate`
    await takeLock(client, { name, until: 'transaction', patienceMillis, doing: 'migrate' })
    const applied = await unlessHeld(client, kind, patienceMillis, () => bringUp(client, kind))
    await client.query({ text: 'COMMIT' })
    client.off('error', ignore)
    client.release()
    return { applied, version: kind.version }
  } catch (error) {
    client.release(true)
    throw inOurWords(error, 'migrate')
  }
}

// Frozen SQL means the same, whatever the role or the database have set.
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL search_path = pg_catalog, pg_temp'

async function connectAsOwner(pool: PgPool): Promise<PgClient> {
  // The same words for a server that cannot be reached as everywhere.
  await askOne(pool, { text: 'SELECT 1' })
  return pool.connect()
}

// A table that somebody uses cannot be changed; and behind a migration that waits for it, every writer would wait.
async function unlessHeld<T>(
  client: PgClient,
  { schema }: SchemaKind,
  patienceMillis: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error
    await client.query({ text: 'ROLLBACK' })
    throw heldByOthers('migrate', patienceMillis, await holdersOfTables(client, schema), error)
  }
}

async function bringUp(client: PgClient, kind: SchemaKind): Promise<number[]> {
  const there = await versionsIn(client, kind)
  for (const [version, sha256] of there) if (version <= kind.version) checkDigest(kind, version, sha256)
  const newest = Math.max(0, ...there.keys())
  if (newest > kind.version) throw newer(kind, newest)
  if (there.size !== newest) throw notOnRecord(kind, newest)
  const applied: number[] = []
  for (let version = newest + 1; version <= kind.version; version++) {
    const { sql, sha256 } = schemaSql(kind, version)
    await client.query({ text: sql })
    await client.query({
      text: `INSERT INTO ${kind.schema}.schema_versions (version, sha256) VALUES ($1, $2)`,
      values: [version, sha256],
    })
    applied.push(version)
  }
  await closeToPublic(client, kind)
  return applied
}

// What each schema says of PUBLIC, said again: a dump that is brought back without its rights leaves every function to everybody.
async function closeToPublic(client: PgClient, { schema }: SchemaKind): Promise<void> {
  await client.query({
    text: `REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC; REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC`,
  })
}

/** None where there is no such schema. What is made from here on belongs to whom the schema belongs. */
async function versionsIn(client: PgClient, { schema }: SchemaKind): Promise<ReadonlyMap<number, string>> {
  const { rows } = await client.query({ text: OWNER, values: [schema] })
  if (rows.length === 0) return new Map()
  const owner = textColumn(rows[0], 'owner')
  if (column(rows[0], 'is_ours') !== true) throw notOurs(schema, owner)
  await client.query({ text: `SET LOCAL ROLE "${owner.replaceAll('"', '""')}"` })
  try {
    const text = `SELECT version, sha256 FROM ${schema}.schema_versions ORDER BY version`
    const there = await client.query({ text })
    if (there.rows.length === 0) throw notOurs(schema, owner)
    return new Map(there.rows.map((row) => [integerColumn(row, 'version'), textColumn(row, 'sha256')]))
  } catch (error) {
    // No such table, no such column, or somebody else's: whoever migrates owns what is ours.
    if (!['42P01', '42703', '42501'].includes(sqlState(error) ?? '')) throw error
    throw notOurs(schema, owner, error)
  }
}

const OWNER = `SELECT pg_get_userbyid(n.nspowner)::text AS owner, pg_has_role(n.nspowner, 'MEMBER') AS is_ours
  FROM pg_namespace n WHERE n.nspname = $1`

function notOurs(schema: string, owner: string, cause?: unknown): LedgerError {
  return new LedgerError('not-a-ledger', {
    problem: `the database has a schema ${schema} that is not ours, or not this role's; nothing was changed`,
    cure: `use another database, or migrate as its owner, ${owner}`,
    cause,
  })
}

function schemaSql({ folder }: SchemaKind, version: number): { readonly sql: string; readonly sha256: string } {
  const sql = readFileSync(new URL(`${String(version).padStart(4, '0')}.sql`, folder), 'utf8')
  return { sql, sha256: createHash('sha256').update(sql).digest('hex') }
}

function checkDigest(kind: SchemaKind, version: number, sha256: string): void {
  if (schemaSql(kind, version).sha256 === sha256) return
  throw new LedgerError('store-corrupt', {
    problem: `schema ${version} of the ${kind.holds} in the database was made by other SQL than was released`,
    cure: 'find out who made it; affidavit verify compares what stands in a ledger',
  })
}

function notOnRecord({ holds }: SchemaKind, newest: number): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `the ${holds} in the database are of schema ${newest}, and not every version before it is on record; nothing was changed`,
    cure: 'find out who removed it; affidavit verify compares what stands in a ledger',
  })
}

function newer(kind: SchemaKind, version: number): LedgerError {
  return new LedgerError('newer-format', {
    problem: `the database has schema ${version}; this version knows up to ${kind.version}`,
    cure: 'use a newer affidavit; nothing was changed',
  })
}
