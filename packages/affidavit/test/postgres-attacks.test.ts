// What an operator can do who has the database and the keys, where the database is PostgreSQL (spec/verification.md §6): in SQL, as
// somebody whom no right and no trigger stops.

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { entryOf, linkAnew } from '../src/cli/demo/attacks.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { keysFolder } from '../src/embedded/folder.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import { openLedger } from '../src/index.ts'
import { fileKeys } from '../src/keys/file.ts'
import { CHECKPOINT_LOG, checkpointFile } from '../src/ledger/checkpoint-file.ts'
import { publishCheckpoint } from '../src/ledger/publish.ts'
import { emptyFrontier } from '../src/merkle/growth.ts'
import { appendMany, attackedLedger, codes, QUIET } from './attacked-ledger.ts'
import { type Attacks, testAttacks } from './attacks.ts'
import { testAttacksOnKeys } from './attacks-on-keys.ts'
import type { Statement } from './backend.ts'
import { type PostgresBackend, postgresBackend } from './postgres-backend.ts'
import { missingForPostgres, OWNER } from './postgres-server.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('attacks on a ledger in PostgreSQL', { skip: missing })
else
  describe('attacks on a ledger in PostgreSQL', () => {
    const backend = postgresBackend()
    testAttacks(backend, attacksIn(backend))
    testAttacksOnKeys(backend)
    testAttacksOnServers(backend)
  })

function attacksIn(backend: PostgresBackend): Attacks {
  /** Whatever tables there are: what belongs to an entry has its `seq`, what belongs to a checkpoint its `size`. */
  async function without(home: string, entriesFrom: number, checkpointsAbove: number): Promise<Statement[]> {
    const tables = (column: string) =>
      backend.rows(
        home,
        `SELECT c.table_name AS name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE table_schema = 'affidavit' AND table_type = 'BASE TABLE' AND column_name = ? AND table_name <> 'heads'`,
        column,
      )
    const [ofEntries, ofCheckpoints] = [await tables('seq'), await tables('size')]
    return [
      ...ofEntries.map(({ name }): Statement => [`DELETE FROM ${name} WHERE seq >= ?`, entriesFrom]),
      ...ofCheckpoints.map(({ name }): Statement => [`DELETE FROM ${name} WHERE size > ?`, checkpointsAbove]),
    ]
  }

  return {
    // Others begin in the same database, and what they never finished stays.
    saysEmpty: [],
    async cutTail(home, from) {
      await backend.tamper(home, [...(await without(home, from, from)), ['UPDATE heads SET size = ?', from]])
    },
    async rewriteEverything(home, origin, checkpointFolder, seq, change) {
      const rows = await backend.rows(home, 'SELECT ledger_no, entry FROM entries ORDER BY seq')
      const history = rows.map(({ entry }) => entryOf(entry instanceof Uint8Array ? entry : assert.fail('no bytes')))
      await backend.tamper(home, await without(home, 0, 0))
      // Columns and lists follow from the bytes here, too.
      for (const [at, { entry, nodes }] of linkAnew(history, seq, change).entries()) {
        const no = Number(rows[at]?.ledger_no)
        await backend.rows(
          home,
          'INSERT INTO entries (ledger_no, seq, entry, nodes) VALUES (?, ?, ?, ?)',
          no,
          at,
          entry,
          nodes,
        )
      }
      rmSync(join(checkpointFolder, CHECKPOINT_LOG), { force: true })
      const store = await openStore(placeOf(home))
      try {
        const keys = fileKeys(keysFolder(home), origin)
        const publishing = { store, ledger: origin, keys, outside: checkpointFile(checkpointFolder) }
        await publishCheckpoint(publishing, { frontier: emptyFrontier }, Date.now())
      } finally {
        await store.close()
      }
    },
  }
}

function testAttacksOnServers(backend: PostgresBackend): void {
  const { original, copy, verify, kept } = attackedLedger(backend)

  describe('without the right to turn triggers off', () => {
    const CHANGES = {
      'an entry is rewritten': 'UPDATE affidavit.entries SET nodes = nodes WHERE seq = 3',
      'the tail is cut': 'DELETE FROM affidavit.entries WHERE seq >= 8',
      'a checkpoint is replaced': 'DELETE FROM affidavit.checkpoints',
      'everything is removed at once': 'TRUNCATE affidavit.entries CASCADE',
      'the ledger is given away': "UPDATE affidavit.ledgers SET origin = 'somebody.else/log/0'",
    }
    for (const [name, change] of Object.entries(CHANGES)) {
      for (const session of ['origin', 'replica']) {
        test(`${name}: refused, whoever asks, in a session that is ${session}`, async () => {
          const pool = backend.server().pool(backend.recordsOf(original), session === 'replica' ? 'super' : OWNER)
          try {
            if (session === 'replica') await pool.query("SET session_replication_role = 'replica'")
            await assert.rejects(pool.query(change), { code: 'AF001' })
          } finally {
            await pool.end()
          }
        })
      }
    }
  })

  test('an older copy of the whole database comes back under a ledger that is open: whatever it goes on to do, the checkpoint log and what an auditor kept show another history', async () => {
    const home = await copy()
    const older = await copy()
    const ledger = await openLedger(home, { publish: QUIET })
    await appendMany(ledger, 4)
    await ledger.publish()
    const released = await localAnchor(home)
    await backend.bringBackRecords(home, older)
    // Recorded upon the older copy, or refused.
    for (let n = 0; n < 6; n++) await appendMany(ledger, 1).catch(() => undefined)
    await ledger.close().catch(() => undefined)
    const report = await verify(home, [released, await kept()])
    assert.equal(report.status, 'tampered')
    assert.ok(
      codes(report).some((code) => code === 'tail-cut' || code === 'anchor-mismatch'),
      codes(report).join(),
    )
    await assert.rejects(openLedger(home), ({ code }) => code === 'rolled-back' || code === 'forked')
  })
}
