import { after, before, describe, test } from 'node:test'

import pg from 'pg'

import { keyringLaws } from '../../../test/keyring-laws.ts'
import { KEYRING_SERVER, keyringDatabases } from '../../../test/postgres-keyring.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { keyringStoreContract } from '../../testing/contract-keyring-store.ts'
import { postgresKeyringStore } from './keyring.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('a keyring in PostgreSQL', { skip: missing })
else
  describe('PostgreSQL', () => {
    let server: PostgresServer
    let makeDatabase: () => Promise<string>
    let database: string
    let names = 0
    before(async () => {
      server = await startPostgres()
      makeDatabase = await keyringDatabases(server)
      database = await makeDatabase()
    })
    after(() => server.stop())

    for (const pipeline of [true, false]) {
      keyringStoreContract(
        pipeline ? 'a keyring in PostgreSQL' : 'a keyring in PostgreSQL, with a pool that waits for each answer',
        async () => {
          const pool = new pg.Pool({ connectionString: server.url(database, KEYRING_SERVER), pipeline, max: 4 })
          const name = `clinic.example/agents-${++names}`
          return { open: () => postgresKeyringStore({ pool, name }), cleanup: () => pool.end() }
        },
      )
    }

    describe('a keyring in PostgreSQL keeps the laws of a keyring', () => {
      let pool: pg.Pool
      before(() => {
        pool = server.pool(database, KEYRING_SERVER)
      })
      keyringLaws(() => {
        const name = `clinic.example/agents-${++names}`
        return () => postgresKeyringStore({ pool, name })
      })
    })
  })
