// A keyring store on one SQLite connection, in a thread that has nothing else to do (spec/vault.md §4).

import {
  type KeyringHead,
  type KeyringRow,
  type KeyringStore,
  ROW_KINDS,
  type Superseded,
} from '../../vault/keyring-store.ts'
import { type DatabaseKind, driverCode, inOurWords } from './connect.ts'
import { blobColumn, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import type { ExpectInPlace } from './in-place.ts'

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
const FIRST_STAGE = 0

/**
 * `connect` is called by the first call, which waits for other processes here too (whoever opens a database after a
 * killed process finds it locked while another one recovers it), and again after a failed write: only a fresh connection
 * shows what the file has. `expectInPlace` is asked after each connection and each transaction.
 */
export function localKeyringStore(
  connect: () => SqliteDatabase,
  wait: (millis: number) => void,
  expectInPlace: ExpectInPlace = () => undefined,
): KeyringStore {
  let open: SqliteDatabase | undefined
  let isKnown = false

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
    return inPlace(doing, () => {
      patiently(() => connected().exec(begin))
      const result = work(connected())
      connected().exec('COMMIT')
      return result
    })
  }

  async function checkpoint(): Promise<void> {
    inPlace('settle the keyring', () =>
      patiently(() => {
        const row = connected().prepare('PRAGMA wal_checkpoint(FULL)').get()
        if (integerColumn(row, 'busy') !== 0) throw stillRead()
      }),
    )
  }

  // Before: a file that came into the place is not touched. After: nobody is told of what nobody else will find.
  function inPlace<T>(doing: string, work: () => T): T {
    try {
      if (isKnown) expectInPlace()
      const result = work()
      expectInPlace()
      isKnown = true
      return result
    } catch (error) {
      letGo()
      // What fails because another file came is told as that.
      if (isKnown) expectInPlace()
      throw inOurWords(error, doing)
    }
  }

  function patiently<T>(work: () => T): T {
    for (let waited = 0; ; waited += 2) {
      try {
        return work()
      } catch (error) {
        if (driverCode(error) !== 'SQLITE_BUSY' || waited >= PATIENCE_MILLIS) throw error
        wait(2)
      }
    }
  }

  return {
    head: () => read(readHead),
    begin: (head) =>
      write((db) => {
        const standing = readHead(db)
        if (standing === undefined) writeHead(db, head, FIRST_STAGE)
        return standing ?? head
      }),
    find: (generation, lookups) =>
      read((db) => inForce(db, generation, (stage) => rowsWhere(db, stage, 'lookup', lookups))),
    byKeys: (generation, keys) => read((db) => inForce(db, generation, (stage) => rowsWhere(db, stage, 'key', keys))),
    byOwner: (generation, owner) =>
      read((db) => inForce(db, generation, (stage) => rowsWhere(db, stage, 'owner', [owner]))),
    add: (generation, rows) =>
      write((db) =>
        inForce(db, generation, (stage) => {
          const [standing, insert] = [selectRows(db, stage, 'lookup'), insertRows(db, stage)]
          return rows.map((row) => standing(row.lookup)[0] ?? insert(row))
        }),
      ),
    page: (generation, after, limit) =>
      read((db) =>
        inForce(db, generation, (stage) =>
          db
            .prepare(
              `SELECT row_no, ${ROW} FROM rows INDEXED BY rows_by_stage
               WHERE stage = ? AND row_no > ? ORDER BY row_no LIMIT ?`,
            )
            .all(stage, after, limit)
            .map((row) => ({ no: integerColumn(row, 'row_no'), row: rowOf(row) })),
        ),
      ),
    stage: (generation, stage, rows) =>
      write((db) =>
        inForce(db, generation, () => {
          const insert = insertRows(db, stage, 'OR IGNORE')
          for (const row of rows) insert(row)
          return 'staged' as const
        }),
      ),
    async turnOver(turn) {
      const before = await read((db) => inForce(db, turn.from, (stage) => stage))
      if (before === 'superseded') return before
      const outcome = await write((db) => inForce(db, turn.from, () => turnOver(db, before, turn)))
      if (outcome === 'turned over') while ((await write((db) => removeRows(db, before))) > 0);
      return outcome
    },
    async settle() {
      // A commit of our own syncs those before it, and takes the place of one that failed; then all of it goes into the file.
      await write((db) => db.exec('UPDATE head SET one = one'))
      await checkpoint()
    },
    forget: (version) =>
      write((db) => {
        db.prepare('DELETE FROM retired WHERE kek_version = ?').run(version)
      }),
    close: async () => letGo(),
  }
}

function inForce<T>(db: SqliteDatabase, generation: number, work: (stage: number) => T): T | Superseded {
  const head = db.prepare('SELECT stage FROM head WHERE generation = ?').get(generation)
  return head === undefined ? 'superseded' : work(integerColumn(head, 'stage'))
}

// One row changes, however many there are: whoever waits for the keyring waits no longer for this than for anything else.
function turnOver(
  db: SqliteDatabase,
  before: number,
  { upTo, stage, head }: Parameters<KeyringStore['turnOver']>[0],
): 'turned over' | 'more' {
  const later = db.prepare('SELECT 1 FROM rows INDEXED BY rows_by_stage WHERE stage = ? AND row_no > ? LIMIT 1')
  if (later.get(before, upTo) !== undefined) return 'more'
  // Stages of others are of turn-overs that have come too late. Nobody begins one before this is over.
  db.prepare('DELETE FROM rows WHERE stage NOT IN (?, ?)').run(before, stage)
  db.prepare('DELETE FROM head').run()
  writeHead(db, head, stage)
  return 'turned over'
}

/** Removes rows of a stage that was in force, a portion of them; answers how many. */
function removeRows(db: SqliteDatabase, stage: number): number {
  const portion = 'SELECT row_no FROM rows INDEXED BY rows_by_stage WHERE stage = ? LIMIT 1000'
  const found = integerColumn(db.prepare(`SELECT count(*) AS n FROM (${portion})`).get(stage), 'n')
  db.prepare(`DELETE FROM rows WHERE row_no IN (${portion})`).run(stage)
  return found
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

function writeHead(
  db: SqliteDatabase,
  { generation, kek_version, wrapped_key, retired }: KeyringHead,
  stage: number,
): void {
  db.prepare('INSERT INTO head (one, generation, stage, kek_version, wrapped_key) VALUES (1, ?, ?, ?, ?)').run(
    generation,
    stage,
    kek_version,
    wrapped_key,
  )
  for (const version of retired) db.prepare('INSERT OR IGNORE INTO retired (kek_version) VALUES (?)').run(version)
}

// Compiling a statement takes longer than running it: once for all rows.

function rowsWhere(db: SqliteDatabase, stage: number, column: Column, values: readonly string[]): KeyringRow[] {
  return values.flatMap(selectRows(db, stage, column))
}

type Column = 'lookup' | 'key' | 'owner'

function selectRows(db: SqliteDatabase, stage: number, column: Column): (value: string) => KeyringRow[] {
  const statement = db.prepare(`SELECT ${ROW} FROM rows WHERE stage = ? AND ${column} = ?`)
  return (value) => statement.all(stage, value).map(rowOf)
}

function insertRows(db: SqliteDatabase, stage: number, or: '' | 'OR IGNORE' = ''): (row: KeyringRow) => KeyringRow {
  const statement = db.prepare(`INSERT ${or} INTO rows (stage, ${ROW}) VALUES (?, ?, ?, ?, ?, ?)`)
  return (row) => {
    statement.run(stage, row.kind, row.key, row.lookup, row.owner, row.sealed)
    return row
  }
}

function rowOf(row: unknown): KeyringRow {
  const kind = textColumn(row, 'kind')
  return {
    // What is of no kind that we know opens as none.
    kind: ROW_KINDS.find((one) => one === kind) ?? 'identity',
    key: textColumn(row, 'key'),
    lookup: textColumn(row, 'lookup'),
    owner: textColumn(row, 'owner'),
    sealed: blobColumn(row, 'sealed'),
  }
}

/** Another process is reading what is to be written back: it is waited for, as for a lock. */
function stillRead(): Error {
  return Object.assign(new Error('other processes are reading the keyring'), { code: 'SQLITE_BUSY' })
}
