import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import Database from 'better-sqlite3'

import { storeContract } from '../../testing/store-contract.ts'
import type { SqliteDatabase } from './database.ts'
import { sqliteStore } from './store.ts'

function inFolder<T>(open: (path: string) => T): { made: T; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-store-'))
  return { made: open(join(folder, 'ledger.db')), remove: () => rmSync(folder, { recursive: true }) }
}

storeContract('a store in a file', async () => {
  const { made, remove } = inFolder((path) => sqliteStore(path, 'create'))
  return { store: made, cleanup: async () => remove() }
})

const drivers: ReadonlyMap<string, (path: string) => SqliteDatabase> = new Map<
  string,
  (path: string) => SqliteDatabase
>([
  ['node:sqlite', (path) => new DatabaseSync(path)],
  ['better-sqlite3', (path) => new Database(path)],
])

for (const [driver, open] of drivers) {
  storeContract(`a store in a database of ${driver}`, async () => {
    const { made: database, remove } = inFolder(open)
    return {
      store: sqliteStore(database, 'create'),
      cleanup: async () => {
        database.close()
        remove()
      },
    }
  })
}

test('a database that keeps text in another encoding is refused: its bytes would not be those that were hashed', () => {
  const { made: database, remove } = inFolder((path) => new DatabaseSync(path))
  database.exec("PRAGMA encoding = 'UTF-16le'")
  assert.throws(() => sqliteStore(database, 'create'), { code: 'not-a-ledger', message: /UTF-16le/ })
  assert.equal(database.prepare('SELECT count(*) AS objects FROM sqlite_schema').get()?.objects, 0)
  assert.equal(database.prepare('PRAGMA application_id').get()?.application_id, 0)
  assert.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'delete')
  database.close()
  remove()
})

test('a database that the caller closed and opened again keeps its ledger', async () => {
  const { made: database, remove } = inFolder((path) => new DatabaseSync(path))
  for (let opening = 0; opening < 3; opening++) {
    const store = sqliteStore(database, 'create')
    await store.create(`reopened.example/a/000000000000000${opening}`)
    assert.deepEqual(
      await store.entries('reopened.example/a/0000000000000000', {}, { limit: 1, order: 'ascending' }),
      [],
    )
    await store.close()
    database.close()
    database.open()
  }
  database.close()
  remove()
})
