// Several processes append to one ledger in PostgreSQL at once, and are killed at random moments, over and over: nothing that was
// acknowledged is lost, and the ledger is whole. AFFIDAVIT_SOAK=1 kills hundreds instead of a few.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'

import { postgresStore } from '../src/stores/postgres/store.ts'
import { inspectPostgresLedger } from './oracle/naive-postgres.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from './postgres-server.ts'

const KILLS = process.env.AFFIDAVIT_SOAK === '1' ? 400 : 16
const WRITERS = 4
const LEDGER = 'writers.example/agents/0123456789abcdef'

interface Acknowledgement {
  readonly id: string
  readonly seq: number
  readonly integrity_hash: string
}

const missing = missingForPostgres()
if (missing !== undefined) test('writers of one ledger in PostgreSQL', { skip: missing })
else
  describe(`${WRITERS} processes write to one ledger in PostgreSQL`, () => {
    let server: PostgresServer
    before(async () => {
      server = await startPostgres()
    })
    after(() => server.stop())

    test(`no acknowledged record is lost in ${KILLS} kills, and the chain is whole`, async (t) => {
      const database = await server.database()
      const store = postgresStore({ pool: server.pool(database), closes: 'pool' })
      await store.create(LEDGER)
      await store.close()
      const acknowledged: Acknowledgement[] = []
      let kills = 0
      const lane = async (no: number): Promise<void> => {
        while (kills++ < KILLS) acknowledged.push(...(await runAndKill(server.url(database), `agent-${no}`)))
      }
      await Promise.all(Array.from({ length: WRITERS }, (_, no) => lane(no)))
      const { entries } = await inspectPostgresLedger(server, database, LEDGER)
      for (const { id, seq, integrity_hash } of acknowledged) {
        const entry = entries[seq]
        assert.deepEqual({ id: entry?.members.get('id'), integrity_hash: entry?.hash }, { id, integrity_hash })
      }
      assert.ok(acknowledged.length > KILLS, 'the writers were at work when they were killed')
      const actors = new Set(entries.map(({ members }) => members.get('actor_id')))
      assert.equal(actors.size, WRITERS, 'all of them')
      t.diagnostic(`${acknowledged.length} acknowledged of ${entries.length} entries`)
    })
  })

/** Runs a writer, kills it a moment after one of its acknowledgements, and returns what it was told until then. */
async function runAndKill(url: string, name: string): Promise<readonly Acknowledgement[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'postgres-writer-child.ts'), url, LEDGER, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stderr: string[] = []
  child.stderr.on('data', (text) => stderr.push(String(text)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? String(code))))
  let left = Math.floor(Math.random() ** 2 * 100)
  const acknowledged: Acknowledgement[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // Written by postgres-writer-child.ts; a line is written at once, so a kill cuts none.
    acknowledged.push(JSON.parse(line) as Acknowledgement)
    if (left-- === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 10)
  }
  assert.equal(await ended, 'SIGKILL', `the writer ended by itself: ${stderr.join('')}`)
  return acknowledged
}
