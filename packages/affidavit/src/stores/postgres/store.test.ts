import { after, before, describe, test } from 'node:test'
import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { storeContract } from '../../testing/store-contract.ts'
import { postgresStore } from './store.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('a store in PostgreSQL', { skip: missing })
else
  describe('PostgreSQL', () => {
    let server: PostgresServer
    before(async () => {
      server = await startPostgres()
    })
    after(() => server.stop())

    storeContract('a store in PostgreSQL, with a pool that sends ahead', async () => {
      const pool = server.pool(await server.database())
      return { store: postgresStore({ pool }), cleanup: () => pool.end() }
    })
  })
