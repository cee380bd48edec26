// The one file that touches node:sqlite: opening a file so that a resolved COMMIT means durable, or refusing to.

import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { LedgerError } from '../../errors/ledger-error.ts'
import { column, integerColumn, type SqliteDatabase, sqliteCode } from './database.ts'

/** What a database file is for: a number in its header tells, and a frozen schema of its own. */
export interface DatabaseKind {
  readonly what: 'ledger' | 'keyring'
  readonly applicationId: number
  readonly schemaVersion: number
  /** Where the SQL of each version is, below this folder. */
  readonly schemaFolder: string
  /** What is set on each connection besides. */
  readonly pragmas: string
  readonly cure: string
}

/** `Afdv` in the SQLite header. */
export const LEDGER_DATABASE: DatabaseKind = {
  what: 'ledger',
  applicationId: 0x41666476,
  schemaVersion: 2,
  schemaFolder: 'schema',
  pragmas: 'PRAGMA secure_delete = ON',
  cure: 'affidavit init --ledger DIR --origin NAME creates a ledger',
}

/** 32 MB: index pages that many commits touch are written back once for all of them; a third more commits a second. */
const WAL_PAGES = 4_000

/** The frozen SQL that makes a version of a kind's schema: of what has the version `after` already, or of nothing. */
export function schemaSql(
  { schemaFolder, schemaVersion }: DatabaseKind,
  after: number = 0,
  until: number = schemaVersion,
): string {
  const versions = Array.from({ length: until - after }, (_, i) => after + i + 1)
  const files = versions.map((version) => `./${schemaFolder}/${String(version).padStart(4, '0')}.sql`)
  return files.map((file) => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')).join('\n')
}

/**
 * Opens a database file for writing; creates file and schema where `create` says so.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `unsupported-file-system`, `store-unavailable`, `store-corrupt`
 */
export function connectSqlite(
  path: string,
  mode: 'create' | 'open',
  kind: DatabaseKind = LEDGER_DATABASE,
): SqliteDatabase {
  refuseNoFile(path, mode, kind)
  refuseNetworkFileSystem(path)
  return guarded(path, () => {
    const db = new DatabaseSync(path, { timeout: 0 })
    try {
      return prepareDatabase(db, path, mode, kind)
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Opens a database file for reading only, on a read-only disk too. */
export function connectSqliteForReading(path: string, kind: DatabaseKind = LEDGER_DATABASE): SqliteDatabase {
  refuseNoFile(path, 'open', kind)
  return guarded(path, () => {
    const db = new DatabaseSync(readableLocation(path), { readOnly: true, timeout: 5000 })
    try {
      db.exec(
        'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16000; PRAGMA mmap_size = 0',
      )
      checkIdentity(db, path, kind)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/**
 * Holds a file, which is made where it is missing, for one holder: until it is released, or the process ends, however it does.
 * The lock is the operating system's. `undefined` where somebody else holds it.
 * @throws LedgerError `store-unavailable`, `not-a-ledger` where something is in the file
 */
export function holdFile(path: string): { release(): void } | undefined {
  return guarded(path, () => {
    const db = new DatabaseSync(path, { timeout: 0 })
    try {
      // Nothing is ever written to it, not even a journal.
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return { release: () => db.close() }
    } catch (error) {
      db.close()
      if (sqliteCode(error) === 'SQLITE_BUSY') return undefined
      throw error
    }
  })
}

/** Prepares a database that is open already, ours or the caller's: pragmas set and read back, schema there and known. */
export function prepareDatabase(
  db: SqliteDatabase,
  path: string,
  mode: 'create' | 'open',
  kind: DatabaseKind = LEDGER_DATABASE,
): SqliteDatabase {
  refuseOtherEncoding(db, path)
  if (mode === 'create' && isBlank(db)) {
    db.exec(`PRAGMA page_size = 8192; PRAGMA application_id = ${kind.applicationId}`)
  } else checkIdentity(db, path, kind)
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON',
  )
  db.exec(
    'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA recursive_triggers = ON; PRAGMA cache_size = -32000',
  )
  db.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}; ${kind.pragmas}`)
  expectPragma(db, 'journal_mode', 'wal', path)
  expectPragma(db, 'synchronous', 2, path)
  bringUp(db, kind, mode)
  return db
}

// Entries go in as text and are kept as its bytes, which are those that were hashed only in UTF-8.
function refuseOtherEncoding(db: SqliteDatabase, path: string): void {
  const encoding = pragma(db, 'encoding')
  if (encoding === 'UTF-8') return
  throw new LedgerError('not-a-ledger', {
    problem: `${path} keeps text in ${String(encoding)}; a ledger keeps it in UTF-8`,
    cure: 'give a database of its own, with PRAGMA encoding = "UTF-8"',
  })
}

/** What stands in `sqlite_schema`: every table, index and trigger with its SQL. */
export interface SchemaObject {
  /** A trigger can have the name of a table. */
  readonly type: string
  readonly name: string
  /** The table it belongs to. */
  readonly table: string
  readonly sql: string
  /** Whether it has a page of its own in the file: tables and indexes do. */
  readonly page: string
}

export function readSchema(db: SqliteDatabase): SchemaObject[] {
  return db
    .prepare(
      `SELECT type, name, tbl_name, coalesce(sql, type) AS sql,
         CASE WHEN typeof(rootpage) <> 'integer' THEN 'odd' WHEN rootpage > 0 THEN 'own' ELSE 'none' END AS page
       FROM sqlite_schema ORDER BY name, type`,
    )
    .all()
    .map((row) => ({
      type: schemaText(row, 'type'),
      name: schemaText(row, 'name'),
      table: schemaText(row, 'tbl_name'),
      sql: schemaText(row, 'sql'),
      page: schemaText(row, 'page'),
    }))
}

// SQLite writes text here. What somebody else put there is shown as what it is, and equals nothing that SQLite wrote.
function schemaText(row: unknown, name: string): string {
  const value = column(row, name)
  return typeof value === 'string' ? value : `no text but ${value === null ? 'null' : typeof value}`
}

/** The schema as the release made it whose version a database has. */
export function referenceSchema(db: SqliteDatabase): readonly SchemaObject[] {
  const said = pragma(db, 'user_version')
  const version = typeof said === 'number' ? said : LEDGER_DATABASE.schemaVersion
  const schema = RELEASED.get(version) ?? releasedSchema(version)
  RELEASED.set(version, schema)
  return schema
}

/** What a release made never changes: whoever verifies one database after another makes it once. */
const RELEASED = new Map<number, readonly SchemaObject[]>()

function releasedSchema(version: number): readonly SchemaObject[] {
  const made = new DatabaseSync(':memory:')
  try {
    made.exec(schemaSql(LEDGER_DATABASE, 0, version))
    return readSchema(made)
  } finally {
    made.close()
  }
}

/** Others may write to it meanwhile, and each of them for a moment. */
const SCHEMA_PATIENCE_MILLIS = 10_000

// Asked again under the lock: another process may be making, or migrating, the same database.
function bringUp(db: SqliteDatabase, kind: DatabaseKind, mode: 'create' | 'open'): void {
  const lacking = (): number | undefined => {
    const version = pragma(db, 'user_version')
    if (typeof version !== 'number' || version >= kind.schemaVersion) return undefined
    return version > 0 || mode === 'create' ? version : undefined
  }
  if (lacking() === undefined) return
  const patience = column(db.prepare('PRAGMA busy_timeout').get(), 'timeout')
  try {
    db.exec(`PRAGMA busy_timeout = ${SCHEMA_PATIENCE_MILLIS}; BEGIN IMMEDIATE`)
    const version = lacking()
    if (version !== undefined) db.exec(`${schemaSql(kind, version)}; PRAGMA user_version = ${kind.schemaVersion}`)
    db.exec('COMMIT')
  } finally {
    db.exec(`PRAGMA busy_timeout = ${Number(patience)}`)
  }
}

function isBlank(db: SqliteDatabase): boolean {
  return integerColumn(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get(), 'n') === 0
}

function checkIdentity(db: SqliteDatabase, path: string, kind: DatabaseKind): void {
  if (pragma(db, 'application_id') !== kind.applicationId) {
    throw new LedgerError('not-a-ledger', {
      problem: `${path} is an SQLite database, but not a ${kind.what}`,
      cure: `check the path; ${kind.cure}`,
    })
  }
  const version = pragma(db, 'user_version')
  if (typeof version === 'number' && version > kind.schemaVersion) {
    throw new LedgerError('newer-format', {
      problem: `${path} has schema ${version}; this version reads up to ${kind.schemaVersion}`,
      cure: 'use a newer affidavit; nothing was changed',
    })
  }
  if (typeof version !== 'number' || version < 1)
    throw new LedgerError('store-corrupt', { problem: `${path} has schema ${String(version)}` })
}

function pragma(db: SqliteDatabase, name: string): unknown {
  const row = db.prepare(`PRAGMA ${name}`).get()
  return column(row, name)
}

function expectPragma(db: SqliteDatabase, name: string, wanted: string | number, path: string): void {
  const got = pragma(db, name)
  if (got === wanted) return
  throw new LedgerError('unsupported-file-system', {
    problem: `${path}: SQLite answered ${name} = ${String(got)} where ${wanted} was asked; commits would not be durable`,
    cure: 'keep the ledger on a local disk',
  })
}

// Magic numbers of statfs(2): NFS, SMB, CIFS, SMB2, 9P, AFS, Ceph, FUSE is left alone (it may well be local).
const NETWORK_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x5346414f, 0x00c36400,
])

// WAL needs memory shared between processes of one machine; over a network file system it corrupts (sqlite.org/wal.html).
function refuseNetworkFileSystem(path: string): void {
  if (process.platform !== 'linux') return
  const folder = dirname(resolve(path))
  if (!existsSync(folder)) return
  if (NETWORK_FILE_SYSTEMS.has(statfsSync(folder).type)) {
    throw new LedgerError('unsupported-file-system', {
      problem: `${path} is on a network file system, where SQLite cannot keep its promises`,
      cure: 'keep the ledger on a local disk',
    })
  }
}

// A WAL database on a disk that cannot be written opens only as immutable, which is right as long as no WAL is left over.
function readableLocation(path: string): string | URL {
  if (isWritable(dirname(resolve(path))) || existsSync(`${path}-wal`)) return path
  const url = pathToFileURL(resolve(path))
  url.searchParams.set('immutable', '1')
  return url
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EROFS')) return false
    throw error
  }
}

// SQLite would wait for ever for somebody to write into a pipe.
function refuseNoFile(path: string, mode: 'create' | 'open', kind: DatabaseKind): void {
  const found = guarded(path, () => statSync(path, { throwIfNoEntry: false }))
  if (found === undefined ? mode === 'create' : found.isFile()) return
  throw new LedgerError('not-a-ledger', {
    problem: found === undefined ? `${path} does not exist` : `${path} is no regular file`,
    cure: `check the path; ${kind.cure}`,
  })
}

function guarded<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (error instanceof LedgerError) throw error
    throw storeError(error, `open ${path}`)
  }
}

/** The code of the driver's error, also where opening the connection put it into our words. */
export function driverCode(error: unknown): string | undefined {
  return sqliteCode(error instanceof LedgerError ? error.cause : error)
}

/** An error of the driver in our words; any other as it is. */
export function inOurWords(error: unknown, doing: string): unknown {
  return error instanceof LedgerError || sqliteCode(error) === undefined ? error : storeError(error, doing)
}

/** The driver's error in our words. */
export function storeError(error: unknown, doing: string): LedgerError {
  const code = sqliteCode(error)
  const said = error instanceof Error ? error.message : String(error)
  if (code === 'SQLITE_NOTADB') {
    return new LedgerError('not-a-ledger', { problem: `cannot ${doing}: the file is no SQLite database`, cause: error })
  }
  if (code === 'SQLITE_CORRUPT') {
    return new LedgerError('store-corrupt', {
      problem: `cannot ${doing}: ${said}`,
      cure: 'keep the file as evidence; restore a backup beside it and compare with affidavit verify',
      cause: error,
    })
  }
  return new LedgerError('store-unavailable', { problem: `cannot ${doing}: ${said}`, cure: cureOf(code), cause: error })
}

function cureOf(code: string | undefined): string {
  if (code === 'SQLITE_READONLY' || code === 'SQLITE_CANTOPEN')
    return 'check the rights on the folder and that the disk can be written'
  if (code === 'SQLITE_FULL') return 'free space on the disk; nothing half-done was left'
  if (code === 'SQLITE_BUSY') return 'another process holds the database; try again'
  return 'check the disk'
}
