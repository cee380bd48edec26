// What a server says of itself, of the database, and of the role that asks: facts for doctor, which judges them. Nothing is changed.

import { askOne } from './connect.ts'
import { column, integerColumn, type PgPool, textColumn } from './database.ts'
import type { SchemaKind } from './schemas.ts'

export interface ServerFacts {
  readonly version: string
  readonly role: string
  readonly encoding: string
  readonly settings: {
    readonly fsync: string
    readonly full_page_writes: string
    readonly synchronous_commit: string
    readonly synchronous_standby_names: string
  }
  /** Why it takes no writes. */
  readonly readOnly: 'standby' | 'setting' | undefined
  readonly databaseBytes: number
  /** Where its files are, as far as the role may know. */
  readonly dataFolder: string | undefined
}

/** What no right and no policy holds back, and which role the asking one has it by. */
export interface Power {
  readonly role: string
  readonly power: string
}

export interface TableFacts {
  readonly table: string
  readonly may: {
    readonly select: boolean
    /** Rows removed by it: DELETE, TRUNCATE; or what keeps others from it: TRIGGER, MAINTAIN. */
    readonly remove: readonly string[]
    /** Columns. */
    readonly insert: readonly string[]
    readonly update: readonly string[]
  }
}

/** Whose the schema is, and what the role may do with it. */
export interface SchemaFacts {
  readonly create: boolean
  /** That it may call. */
  readonly functions: readonly string[]
  /** Of the schema, its tables and its functions. */
  readonly owners: readonly string[]
  /** Whether the owner is a superuser, or has BYPASSRLS. */
  readonly isOwnerUnbound: boolean
}

export interface StandbyFacts {
  readonly connected: number
  readonly synchronous: number
  /** Standbys whose state the role may not see. */
  readonly hidden: number
}

const SERVER = `SELECT current_setting('server_version') AS version, current_user::text AS role,
  current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes, current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('synchronous_standby_names') AS synchronous_standby_names, pg_is_in_recovery() AS is_standby,
  current_setting('default_transaction_read_only') AS read_only, pg_database_size(current_database()) AS size,
  (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_folder`

/** @throws LedgerError `store-unavailable` */
export async function surveyServer(pool: PgPool): Promise<ServerFacts> {
  const [row] = await askOne(pool, { text: SERVER })
  const dataFolder = column(row, 'data_folder')
  const byStandby = column(row, 'is_standby') === true ? 'standby' : undefined
  return {
    version: textColumn(row, 'version'),
    role: textColumn(row, 'role'),
    encoding: textColumn(row, 'encoding'),
    settings: {
      fsync: textColumn(row, 'fsync'),
      full_page_writes: textColumn(row, 'full_page_writes'),
      synchronous_commit: textColumn(row, 'synchronous_commit'),
      synchronous_standby_names: textColumn(row, 'synchronous_standby_names'),
    },
    readOnly: byStandby ?? (textColumn(row, 'read_only') === 'on' ? 'setting' : undefined),
    databaseBytes: integerColumn(row, 'size'),
    dataFolder: typeof dataFolder === 'string' ? dataFolder : undefined,
  }
}

// A role has what every role has that it may become.
const POWERS = `SELECT r.rolname::text AS role, w.power FROM pg_roles r, LATERAL (VALUES
    (r.rolsuper, 'is a superuser'),
    (r.rolbypassrls, 'has BYPASSRLS'),
    (r.rolcreaterole, 'has CREATEROLE'),
    (r.oid IN (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = $1
               UNION SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1
               UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1),
     'owns the schema ' || $1),
    (r.oid IN (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()), 'owns the database'),
    (r.rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program'), 'may write everything')
  ) AS w (holds, power)
  WHERE w.holds AND pg_has_role(current_user, r.oid, 'MEMBER')
  ORDER BY r.rolname <> current_user, r.rolname, w.power`

/** @throws LedgerError `store-unavailable` */
export async function surveyPowers(pool: PgPool, { schema }: SchemaKind): Promise<readonly Power[]> {
  const rows = await askOne(pool, { text: POWERS, values: [schema] })
  return rows.map((row) => ({ role: textColumn(row, 'role'), power: textColumn(row, 'power') }))
}

// A right of its own from PostgreSQL 17 on. Whoever has it may lock a table, for as long as they like.
const MAINTAIN = `CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ARRAY['MAINTAIN'] END`

const TABLES = `SELECT c.relname::text AS table,
    has_table_privilege(c.oid, 'SELECT') AS may_select,
    ARRAY(SELECT one FROM unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER'] || ${MAINTAIN}) one WHERE has_table_privilege(c.oid, one)) AS may_remove,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND has_column_privilege(c.oid, a.attnum, 'INSERT') ORDER BY a.attnum) AS may_insert,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND has_column_privilege(c.oid, a.attnum, 'UPDATE') ORDER BY a.attnum) AS may_update
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') ORDER BY c.relname`

/** The tables of the schema; none where there is no such schema. @throws LedgerError `store-unavailable` */
export async function surveyTables(pool: PgPool, { schema }: SchemaKind): Promise<readonly TableFacts[]> {
  const rows = await askOne(pool, { text: TABLES, values: [schema] })
  return rows.map((row) => ({
    table: textColumn(row, 'table'),
    may: {
      select: column(row, 'may_select') === true,
      remove: textsColumn(row, 'may_remove'),
      insert: textsColumn(row, 'may_insert'),
      update: textsColumn(row, 'may_update'),
    },
  }))
}

const SCHEMA = `SELECT has_schema_privilege(n.oid, 'CREATE') AS may_create,
    ARRAY(SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = n.oid AND has_function_privilege(p.oid, 'EXECUTE')
          ORDER BY 1) AS functions,
    ARRAY(SELECT DISTINCT pg_get_userbyid(o.owner)::text FROM (SELECT n.nspowner AS owner
      UNION SELECT c.relowner FROM pg_class c WHERE c.relnamespace = n.oid
      UNION SELECT p.proowner FROM pg_proc p WHERE p.pronamespace = n.oid) o ORDER BY 1) AS owners,
    (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.oid = n.nspowner) AS is_unbound
  FROM pg_namespace n WHERE n.nspname = $1`

/** @throws LedgerError `store-unavailable` */
export async function surveySchema(pool: PgPool, { schema }: SchemaKind): Promise<SchemaFacts> {
  const [row] = await askOne(pool, { text: SCHEMA, values: [schema] })
  return {
    create: column(row, 'may_create') === true,
    functions: textsColumn(row, 'functions'),
    owners: textsColumn(row, 'owners'),
    isOwnerUnbound: column(row, 'is_unbound') === true,
  }
}

/**
 * The newest version of the schema; `undefined` where this role may not read it.
 * @throws LedgerError `store-unavailable`
 */
export async function surveyVersion(pool: PgPool, { schema }: SchemaKind): Promise<number | undefined> {
  const [may] = await askOne(pool, {
    text: `SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS reads
      FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE n.nspname = $1 AND c.relname = 'schema_versions'`,
    values: [schema],
  })
  if (column(may, 'reads') !== true) return undefined
  const [row] = await askOne(pool, {
    text: `SELECT coalesce(max(version), 0) AS version FROM ${schema}.schema_versions`,
  })
  return integerColumn(row, 'version')
}

const STANDBYS = `SELECT count(*) AS connected, count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) AS synchronous,
  count(*) FILTER (WHERE sync_state IS NULL) AS hidden FROM pg_stat_replication`

/** @throws LedgerError `store-unavailable` */
export async function surveyStandbys(pool: PgPool): Promise<StandbyFacts> {
  const [row] = await askOne(pool, { text: STANDBYS })
  return {
    connected: integerColumn(row, 'connected'),
    synchronous: integerColumn(row, 'synchronous'),
    hidden: integerColumn(row, 'hidden'),
  }
}

/** By how many milliseconds the clock of the server is ahead of `now`; exact to half a round trip. @throws as surveyServer */
export async function clockAhead(pool: PgPool, now: () => number): Promise<number> {
  // The connection is made before it is timed.
  await askOne(pool, { text: 'SELECT 1' })
  const before = now()
  const [row] = await askOne(pool, { text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at' })
  return integerColumn(row, 'at') - (before + now()) / 2
}

function textsColumn(row: unknown, name: string): readonly string[] {
  const value = column(row, name)
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
