// What suites of keyrings in PostgreSQL begin with: a server, ledgers and keyrings in databases of two owners, and paths of their own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'

import { KEYRING_SERVER, keyringDatabases } from './postgres-keyring.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { done, run } from './run-cli.ts'

export const NAME = 'keyring.example/clinic'

export interface KeyringPlaces {
  /** There while tests run. */
  readonly server: PostgresServer
  newPath(): string
  /** A database that was migrated for keyrings. */
  newDatabase(): Promise<string>
  keyringAt(database: string, role?: string): string
  /** The URL of a ledger of NAME in a new database. */
  ledgerAt(): Promise<string>
  /** A ledger whose records and keyring are in two databases of two owners. */
  made(): Promise<{ url: string; keyring: string; database: string; home: string }>
}

/** For the suite that calls it: the server is started before its tests, and stopped with them. */
export function keyringPlaces(): KeyringPlaces {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-keyring-'))
  let server: PostgresServer
  let newDatabase: () => Promise<string>
  let files = 0

  before(async () => {
    server = await startPostgres()
    newDatabase = await keyringDatabases(server)
  })
  after(async () => {
    await server.stop()
    rmSync(base, { recursive: true, force: true })
  })

  const places: KeyringPlaces = {
    get server() {
      return server
    },
    newPath: () => join(base, `path-${files++}`),
    newDatabase: () => newDatabase(),
    keyringAt: (database, role = KEYRING_SERVER) => server.url(database, role),
    ledgerAt: async () => `${server.url(await server.database())}?ledger=${NAME}`,
    async made() {
      const [url, database, home] = [await places.ledgerAt(), await newDatabase(), places.newPath()]
      const keyring = places.keyringAt(database)
      await done(run(['init', '--ledger', url, '--keyring', keyring, '--keys', home]))
      return { url, keyring, database, home }
    },
  }
  return places
}
