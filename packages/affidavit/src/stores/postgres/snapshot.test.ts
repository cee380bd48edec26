import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { openSnapshot, type Rows } from './snapshot.ts'

const UNREADABLE = "SELECT convert_from('\\xff', 'UTF8')"

const missing = missingForPostgres()
if (missing !== undefined) test('an instant of a database', { skip: missing })
else
  describe('an instant of a database', () => {
    let server: PostgresServer
    let database: string
    before(async () => {
      server = await startPostgres()
      database = await server.database()
    })
    after(() => server.stop())

    for (const pipeline of [true, false]) {
      test(`what cannot be read keeps nothing else from being read, ${pipeline ? 'sent ahead' : 'one by one'}`, async () => {
        const pool = server.pool(database)
        pool.options.pipeline = pipeline
        const snapshot = await openSnapshot(pool)
        const [together, alone, whole, unreadable] = await Promise.all([
          snapshot.tryAll([{ text: 'SELECT 1' }, { text: UNREADABLE }, { text: 'SELECT $1::int', values: [3] }]),
          snapshot.tryRows('SELECT 4'),
          snapshot.rows('SELECT 5'),
          snapshot.tryRows(UNREADABLE),
        ])
        assert.deepEqual([together[0], together[2], alone, whole], [[[1]], [[3]], [[4]], [[5]]])
        for (const one of [together[1], unreadable]) assert.match(problemOf(one), /invalid byte sequence.*22021/)
        await snapshot.close()
        await pool.end()
      })
    }

    test('a connection that ends is no answer, and the snapshot can still be closed', async () => {
      const snapshot = await openSnapshot(server.pool(database))
      const asked = [snapshot.rows('SELECT pg_terminate_backend(pg_backend_pid())'), snapshot.tryRows('SELECT 1')]
      for (const one of asked) await assert.rejects(one)
      await snapshot.close()
    })
  })

function problemOf(answer: Rows | { readonly problem: string } | undefined): string {
  return answer !== undefined && 'problem' in answer ? answer.problem : ''
}
