// Ledgers whose records and keyrings lie in PostgreSQL, each in a database of its own; only their homes are files.

import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'

import pg from 'pg'

import { initLedger } from '../src/embedded/init.ts'
import { readSettings, settingsFile, writeSettings } from '../src/embedded/settings.ts'
import { formatLedgerUrl, parseKeyringUrl, parseLedgerUrl } from '../src/stores/postgres/url.ts'
import { type Backend, bytesOfFiles, copyFiles, type Row, type Statement } from './backend.ts'
import { inspectPostgresLedger } from './oracle/naive-postgres.ts'
import { KEYRING_SERVER, keyringDatabases } from './postgres-keyring.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

export interface PostgresBackend extends Backend {
  readonly server: () => PostgresServer
  /** The database that holds the records of a ledger. */
  recordsOf(home: string): string
}

/** A backend for the tests of a group, on a server that starts before them and stops behind them. */
export function postgresBackend(): PostgresBackend {
  let started: { readonly server: PostgresServer; readonly newKeyrings: () => Promise<string> } | undefined
  const running = (): NonNullable<typeof started> => started ?? assert.fail('the tests have not begun')
  let copies = 0
  const removed: string[] = []

  before(async () => {
    const server = await startPostgres()
    started = { server, newKeyrings: await keyringDatabases(server) }
  })
  after(() => started?.server.stop())

  async function copied(database: string): Promise<string> {
    const name = `copy_${++copies}`
    await running().server.sql('postgres', `CREATE DATABASE ${name} TEMPLATE ${database}`)
    return name
  }

  async function drop(database: string): Promise<void> {
    await running().server.sql('postgres', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  }

  async function replace(database: string, by: string): Promise<void> {
    await drop(database)
    await running().server.sql('postgres', `CREATE DATABASE ${database} TEMPLATE ${by}`)
  }

  /** A home for the same ledger, in other databases. */
  function copyHome(from: string, to: string, { records, keyring }: Databases): void {
    copyFiles(from, to)
    rmSync(settingsFile(to))
    const { database = '', keyring: kept = '', ...others } = readSettings(from)
    writeSettings(to, {
      ...others,
      database: formatLedgerUrl({ ...parseLedgerUrl(database), database: records }),
      keyring: formatLedgerUrl({ ...parseKeyringUrl(kept), database: keyring }),
    })
  }

  /** As somebody who may do everything. */
  async function connected<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const connectionString = running().server.url(database, 'super')
    const client = new pg.Client({ connectionString, options: '-c search_path=affidavit' })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  return {
    pace: 'slow',
    server: () => running().server,
    recordsOf: (home) => databasesOf(home).records,
    async init(home, origin) {
      const { server, newKeyrings } = running()
      const keyring = server.url(await newKeyrings(), KEYRING_SERVER)
      return initLedger(server.url(await server.database()), { origin, keys: home, keyring })
    },
    async copy(from, to) {
      const { records, keyring } = databasesOf(from)
      const [one, other] = await Promise.all([copied(records), copied(keyring)])
      copyHome(from, to, { records: one, keyring: other })
    },
    async copyWithoutRecords(from, to) {
      const { keyring } = databasesOf(from)
      copyHome(from, to, { records: await running().server.database(), keyring: await copied(keyring) })
    },
    async remove(home) {
      // Those of before: sessions take a moment to end, which dropping would wait for.
      await Promise.all(removed.splice(0).map(drop))
      removed.push(...Object.values(databasesOf(home)))
      rmSync(home, { recursive: true, force: true })
    },
    bringBackRecords: (home, from) => replace(databasesOf(home).records, databasesOf(from).records),
    bringBackKeyring: (home, from) => replace(databasesOf(home).keyring, databasesOf(from).keyring),
    rows: (home, ...select) => connected(databasesOf(home).records, (client) => query(client, select)),
    tamper: (home, statements) => connected(databasesOf(home).records, (client) => tamper(client, statements)),
    inspect: (home, origin) => inspectPostgresLedger(running().server, databasesOf(home).records, origin),
    async bytes(home) {
      const { records, keyring } = databasesOf(home)
      const both = [records, keyring].map((database) => connected(database, (client) => bytesIn(client)))
      return Buffer.concat([...bytesOfFiles(home), ...(await Promise.all(both)).flat()])
    },
  }

  /** Every relation of ledgers and keyrings, as it lies on the disk, with what was deleted and is not overwritten yet; and each row. */
  async function bytesIn(client: pg.Client): Promise<Buffer[]> {
    await client.query('CHECKPOINT')
    const relations = await query(client, [
      `SELECT pg_relation_filepath(c.oid) AS file, c.relkind, c.oid::regclass AS name FROM pg_class c
       WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'affidavit%')
         OR c.oid IN (SELECT reltoastrelid FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'affidavit%'))`,
    ])
    const bytes: Buffer[] = []
    for (const { file, relkind, name } of relations) {
      if (typeof file === 'string') bytes.push(readFileSync(join(running().server.folder, file)))
      if (relkind !== 'r') continue
      for (const row of await query(client, [`SELECT * FROM ${name}`]))
        for (const value of Object.values(row)) bytes.push(Buffer.isBuffer(value) ? value : Buffer.from(String(value)))
    }
    return bytes
  }
}

interface Databases {
  readonly records: string
  readonly keyring: string
}

function databasesOf(home: string): Databases {
  const { database = '', keyring = '' } = readSettings(home)
  return { records: parseLedgerUrl(database).database, keyring: parseKeyringUrl(keyring).database }
}

async function query(client: pg.Client, [sql, ...values]: Statement): Promise<readonly Row[]> {
  let no = 0
  const { rows } = await client.query(
    sql.replaceAll('?', () => `$${++no}`),
    values,
  )
  return rows
}

// Every trigger is as it was in the end: that somebody turned them off shows nothing.
async function tamper(client: pg.Client, statements: readonly Statement[]): Promise<void> {
  const triggers = await query(client, [
    `SELECT tgrelid::regclass AS table, quote_ident(tgname) AS name, tgenabled AS fires, tgisinternal AS internal FROM pg_trigger
     JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'affidavit'::regnamespace`,
  ])
  const tables = [...new Set(triggers.map(({ table }) => table))]
  await client.query('BEGIN')
  for (const table of tables) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`)
  for (const statement of statements) await query(client, statement)
  for (const table of tables) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER ALL`)
  for (const { table, name, fires, internal } of triggers) {
    assert.ok(fires === 'A' || fires === 'O', 'triggers fire always, or as usual')
    if (fires === 'A' && internal === false) await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name}`)
  }
  await client.query('COMMIT')
}
