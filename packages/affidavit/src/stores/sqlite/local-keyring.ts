// A keyring store on one SQLite connection, in a thread that has nothing else to do (spec/vault.md §4).

import { LedgerError } from '../../errors/ledger-error.ts'
import type { KeyringHead, KeyringRow, KeyringStore, Superseded } from '../../vault/keyring-store.ts'
import { type DatabaseKind, storeError } from './connect.ts'
import { blobColumn, integerColumn, type SqliteDatabase, type SqlValue, sqliteCode, textColumn } from './database.ts'

/** `Afdk` in the SQLite header. What is deleted is overwritten: it is sealed, and all the same. */
export const KEYRING_DATABASE: DatabaseKind = {
  what: 'keyring',
  applicationId: 0x4166646b,
  schemaVersion: 1,
  schemaFolder: 'schema-keyring',
  pragmas: 'PRAGMA secure_delete = ON',
  cure: 'bring the keyring back from its own backup',
}

/** How long other processes may hold the keyring before a call fails. */
const PATIENCE_MILLIS = 10_000

const ROW = 'kind, key, lookup, owner, sealed'

/** `connect` is called again after a failed write: only a fresh connection shows what the file has. */
export function localKeyringStore(connect: () => SqliteDatabase, wait: (millis: number) => void): KeyringStore {
  let open: SqliteDatabase | undefined = connect()

  function connected(): SqliteDatabase {
    open ??= connect()
    return open
  }

  function letGo(): void {
    const old = open
    open = undefined
    old?.close()
  }

  // In a transaction too: head and rows are of one moment.
  function read<T>(work: (db: SqliteDatabase) => T): Promise<T> {
    return inTransaction('BEGIN', 'read the keyring', work)
  }

  function write<T>(work: (db: SqliteDatabase) => T): Promise<T> {
    return inTransaction('BEGIN IMMEDIATE', 'write to the keyring', work)
  }

  // Every write may be done again after a failure of which nobody knows whether it reached the disk.
  async function inTransaction<T>(begin: string, doing: string, work: (db: SqliteDatabase) => T): Promise<T> {
    try {
      patiently(() => connected().exec(begin))
      const result = work(connected())
      connected().exec('COMMIT')
      return result
    } catch (error) {
      letGo()
      throw inOurWords(error, doing)
    }
  }

  function patiently<T>(work: () => T): T {
    for (let waited = 0; ; waited += 2) {
      try {
        return work()
      } catch (error) {
        if (sqliteCode(error) !== 'SQLITE_BUSY' || waited >= PATIENCE_MILLIS) throw error
        wait(2)
      }
    }
  }

  return {
    head: () => read(readHead),
    begin: (head) =>
      write((db) => {
        const standing = readHead(db)
        if (standing === undefined) writeHead(db, head)
        return standing ?? head
      }),
    find: (generation, lookups) =>
      read((db) => inForce(db, generation, () => rowsWhere(db, generation, 'lookup', lookups))),
    byKeys: (generation, keys) => read((db) => inForce(db, generation, () => rowsWhere(db, generation, 'key', keys))),
    byOwner: (generation, owner) =>
      read((db) => inForce(db, generation, () => rowsWhere(db, generation, 'owner', [owner]))),
    add: (generation, rows) =>
      write((db) =>
        inForce(db, generation, () =>
          rows.map((row) => rowsWhere(db, generation, 'lookup', [row.lookup])[0] ?? insertRow(db, generation, row)),
        ),
      ),
    page: (generation, after, limit) =>
      read((db) =>
        inForce(db, generation, () =>
          db
            .prepare(`SELECT row_no, ${ROW} FROM rows WHERE generation = ? AND row_no > ? ORDER BY row_no LIMIT ?`)
            .all(generation, after, limit)
            .map((row) => ({ no: integerColumn(row, 'row_no'), row: rowOf(row) })),
        ),
      ),
    stage: (stage, rows) =>
      write((db) => {
        for (const row of rows) insertRow(db, stage, row)
      }),
    turnOver: ({ from, upTo, stage, head }) =>
      write((db) => inForce(db, from, () => turnOver(db, from, upTo, stage, head))),
    forget: (version) =>
      write((db) => {
        db.prepare('DELETE FROM retired WHERE kek_version = ?').run(version)
      }),
    close: async () => letGo(),
  }
}

function inForce<T>(db: SqliteDatabase, generation: number, work: () => T): T | Superseded {
  return readHead(db)?.generation === generation ? work() : 'superseded'
}

function turnOver(
  db: SqliteDatabase,
  from: number,
  upTo: number,
  stage: number,
  head: KeyringHead,
): 'turned over' | 'more' {
  if (db.prepare('SELECT 1 FROM rows WHERE generation = ? AND row_no > ? LIMIT 1').get(from, upTo) !== undefined)
    return 'more'
  db.prepare('DELETE FROM rows WHERE generation <> ?').run(stage)
  db.prepare('UPDATE rows SET generation = ?').run(head.generation)
  db.prepare('DELETE FROM head').run()
  writeHead(db, head)
  return 'turned over'
}

function readHead(db: SqliteDatabase): KeyringHead | undefined {
  const row = db.prepare('SELECT generation, kek_version, wrapped_key FROM head').get()
  if (row === undefined) return undefined
  const retired = db.prepare('SELECT kek_version FROM retired ORDER BY kek_version').all()
  return {
    generation: integerColumn(row, 'generation'),
    kek_version: textColumn(row, 'kek_version'),
    wrapped_key: blobColumn(row, 'wrapped_key'),
    retired: retired.map((version) => textColumn(version, 'kek_version')),
  }
}

function writeHead(db: SqliteDatabase, { generation, kek_version, wrapped_key, retired }: KeyringHead): void {
  db.prepare('INSERT INTO head (one, generation, kek_version, wrapped_key) VALUES (1, ?, ?, ?)').run(
    generation,
    kek_version,
    wrapped_key,
  )
  for (const version of retired) db.prepare('INSERT OR IGNORE INTO retired (kek_version) VALUES (?)').run(version)
}

function rowsWhere(
  db: SqliteDatabase,
  generation: number,
  column: 'lookup' | 'key' | 'owner',
  values: readonly string[],
): KeyringRow[] {
  const statement = db.prepare(`SELECT ${ROW} FROM rows WHERE generation = ? AND ${column} = ?`)
  return values.flatMap((value) => statement.all(generation, value).map(rowOf))
}

function insertRow(db: SqliteDatabase, generation: number, row: KeyringRow): KeyringRow {
  const values: SqlValue[] = [generation, row.kind, row.key, row.lookup, row.owner, row.sealed]
  db.prepare(`INSERT INTO rows (generation, ${ROW}) VALUES (?, ?, ?, ?, ?, ?)`).run(...values)
  return row
}

function rowOf(row: unknown): KeyringRow {
  return {
    kind: textColumn(row, 'kind') === 'scope' ? 'scope' : 'identity',
    key: textColumn(row, 'key'),
    lookup: textColumn(row, 'lookup'),
    owner: textColumn(row, 'owner'),
    sealed: blobColumn(row, 'sealed'),
  }
}

function inOurWords(error: unknown, doing: string): unknown {
  if (error instanceof LedgerError || sqliteCode(error) === undefined) return error
  return storeError(error, doing)
}
