// Databases for keyrings on a server of a test's own: an owner and a server's role that have nothing to do with those of ledgers.

import { grantRole } from '../src/stores/postgres/grants.ts'
import { migrate } from '../src/stores/postgres/migrate.ts'
import { KEYRINGS } from '../src/stores/postgres/schemas.ts'
import type { PostgresServer } from './postgres-server.ts'

export const KEYRING_OWNER = 'keyring_owner'
export const KEYRING_SERVER = 'keyring_server'

/** Makes databases that were migrated, where the server's role may make keyrings. */
export async function keyringDatabases(server: PostgresServer): Promise<() => Promise<string>> {
  await server.sql('postgres', `CREATE ROLE ${KEYRING_OWNER} LOGIN; CREATE ROLE ${KEYRING_SERVER} LOGIN`)
  await server.sql('postgres', `CREATE DATABASE keyring_template OWNER ${KEYRING_OWNER}`)
  const pool = server.pool('keyring_template', KEYRING_OWNER)
  await migrate(pool, KEYRINGS)
  await grantRole(pool, KEYRING_SERVER, 'keyring')
  await pool.end()
  let made = 0
  return async () => {
    const database = `keyrings_${++made}`
    await server.sql('postgres', `CREATE DATABASE ${database} TEMPLATE keyring_template`)
    return database
  }
}
