// Migrations: frozen numbered SQL, each run once, in its order, in one transaction, with its digest on record (spec/postgres.md §2).

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { LedgerError } from '../../errors/ledger-error.ts'
import { askOne } from './connect.ts'
import { integerColumn, type PgClient, type PgPool, sqlState, textColumn } from './database.ts'
import { inOurWords } from './errors.ts'
import { LEDGERS, type SchemaKind } from './schemas.ts'

export interface Migrated {
  /** Versions that were run now. */
  readonly applied: readonly number[]
  readonly version: number
}

/**
 * Brings the database up to this version's schema of that kind, as the role that the pool connects as, which becomes the owner. Done again, or
 * by two at once, it changes nothing.
 * @throws LedgerError `not-a-ledger` (a schema of that name is not ours), `newer-format`, `store-unavailable`, `store-corrupt` (a
 *   version was run with other SQL than was released)
 */
export async function migrate(pool: PgPool, kind: SchemaKind = LEDGERS): Promise<Migrated> {
  const client = await connectAsOwner(pool)
  try {
    await client.query({ text: 'BEGIN' })
    await client.query({ text: `SELECT pg_advisory_xact_lock(hashtextextended('${kind.schema} migrate', 0))` })
    const applied = await bringUp(client, kind)
    await client.query({ text: 'COMMIT' })
    client.release()
    return { applied, version: kind.version }
  } catch (error) {
    client.release(true)
    throw inOurWords(error, 'migrate')
  }
}

async function connectAsOwner(pool: PgPool): Promise<PgClient> {
  // The same words for a server that cannot be reached as everywhere.
  await askOne(pool, { text: 'SELECT 1' })
  return pool.connect()
}

async function bringUp(client: PgClient, kind: SchemaKind): Promise<number[]> {
  const there = await versionsIn(client, kind)
  for (const [version, sha256] of there) if (version <= kind.version) checkDigest(kind, version, sha256)
  const newest = Math.max(0, ...there.keys())
  if (newest > kind.version) throw newer(kind, newest)
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

async function versionsIn(client: PgClient, { schema }: SchemaKind): Promise<ReadonlyMap<number, string>> {
  const found = await client.query({ text: `SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'` })
  if (found.rows.length === 0) return new Map()
  try {
    const { rows } = await client.query({
      text: `SELECT version, sha256 FROM ${schema}.schema_versions ORDER BY version`,
    })
    return new Map(rows.map((row) => [integerColumn(row, 'version'), textColumn(row, 'sha256')]))
  } catch (error) {
    // No such table, no such column, or no right to look: whoever migrates owns what is ours.
    if (!['42P01', '42703', '42501'].includes(sqlState(error) ?? '')) throw error
    throw new LedgerError('not-a-ledger', {
      problem: `the database has a schema ${schema} that is not ours, or not this role's; nothing was changed`,
      cure: 'use another database, or migrate as its owner',
      cause: error,
    })
  }
}

function schemaSql({ folder }: SchemaKind, version: number): { readonly sql: string; readonly sha256: string } {
  const file = new URL(`./${folder}/${String(version).padStart(4, '0')}.sql`, import.meta.url)
  const sql = readFileSync(fileURLToPath(file), 'utf8')
  return { sql, sha256: createHash('sha256').update(sql).digest('hex') }
}

function checkDigest(kind: SchemaKind, version: number, sha256: string): void {
  if (schemaSql(kind, version).sha256 === sha256) return
  throw new LedgerError('store-corrupt', {
    problem: `schema ${version} of the ${kind.holds} in the database was made by other SQL than was released`,
    cure: 'find out who made it; affidavit verify compares what stands in a ledger',
  })
}

function newer(kind: SchemaKind, version: number): LedgerError {
  return new LedgerError('newer-format', {
    problem: `the database has schema ${version}; this version knows up to ${kind.version}`,
    cure: 'use a newer affidavit; nothing was changed',
  })
}
