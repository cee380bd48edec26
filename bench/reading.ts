// Reading every entry of a ledger and hashing it once, in one thread, in a plain loop: what verification is held against.

import { sha256 } from '../packages/affidavit/src/crypto/sha256.ts'
import { databaseFile } from '../packages/affidavit/src/embedded/folder.ts'
import { type Place, placeAt } from '../packages/affidavit/src/embedded/place.ts'
import { bytesColumn, integerColumn as integerOf } from '../packages/affidavit/src/stores/postgres/database.ts'
import { openPool } from '../packages/affidavit/src/stores/postgres/pool.ts'
import { connectSqliteForReading } from '../packages/affidavit/src/stores/sqlite/connect.ts'
import { blobColumn, integerColumn } from '../packages/affidavit/src/stores/sqlite/database.ts'

const PAGE = 512

export async function readAndHash(home: string): Promise<void> {
  const { database } = placeAt(home)
  if (database === undefined) readFile(databaseFile(home))
  else await readDatabase(database)
}

function readFile(path: string): void {
  const db = connectSqliteForReading(path)
  const page = db.prepare('SELECT seq, entry, nodes FROM entries WHERE ledger_no = 1 AND seq >= ? ORDER BY seq LIMIT ?')
  for (let next = 0, rows = page.all(next, PAGE); rows.length > 0; rows = page.all(next, PAGE)) {
    for (const row of rows) {
      sha256(blobColumn(row, 'entry'))
      next = integerColumn(row, 'seq') + 1
    }
  }
  db.close()
}

async function readDatabase(url: NonNullable<Place['database']>): Promise<void> {
  const pool = await openPool(url, 'long')
  const client = await pool.connect()
  const read = async (from: number): Promise<readonly unknown[]> =>
    (await client.query({ ...PAGES, values: [from, PAGE] })).rows
  try {
    for (let next = 0, rows = await read(next); rows.length > 0; rows = await read(next)) {
      for (const row of rows) {
        sha256(bytesColumn(row, 'entry'))
        next = integerOf(row, 'seq') + 1
      }
    }
  } finally {
    client.release()
    await pool.end()
  }
}

const PAGES = {
  name: 'pages',
  text: 'SELECT seq, entry, nodes FROM affidavit.entries WHERE ledger_no = 1 AND seq >= $1 ORDER BY seq LIMIT $2',
}
