import { after, before, describe, test } from 'node:test'
import { missingForPostgres, OWNER, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { storeContract } from '../../testing/store-contract.ts'
import { grantRole } from './grants.ts'
import { postgresStore } from './store.ts'

/** What no server may, entries that leave, is of the contract. */
const RETENTION = 'affidavit_retention'

const missing = missingForPostgres()
if (missing !== undefined) test('a store in PostgreSQL', { skip: missing })
else
  describe('PostgreSQL', () => {
    let server: PostgresServer
    before(async () => {
      server = await startPostgres()
      await server.sql('postgres', `CREATE ROLE ${RETENTION} LOGIN`)
      const owner = server.pool('affidavit_template', OWNER)
      await grantRole(owner, RETENTION, 'retention')
      await owner.end()
    })
    after(() => server.stop())

    storeContract('a store in PostgreSQL, with a pool that sends ahead', async () => {
      const pool = server.pool(await server.database(), RETENTION)
      return { store: postgresStore({ pool }), cleanup: () => pool.end() }
    })
  })
