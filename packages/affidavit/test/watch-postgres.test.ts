// Watching a ledger in PostgreSQL: what came since, under its own server's role, and what the owner of the database changes.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { initLedger } from '../src/embedded/init.ts'
import { missingForPostgres, startPostgres } from './postgres-server.ts'
import { appendTo, DAY, NOTE, startReceiver, watchedRecords, watchOf } from './watched.ts'

test('a ledger in PostgreSQL is watched as one in a file is', { skip: missingForPostgres() ?? false }, async () => {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-watch-postgres-'))
  const server = await startPostgres()
  try {
    const home = join(base, 'home')
    const database = await server.database()
    const origin = 'watch.example/postgres'
    await initLedger(`${server.url(database)}?ledger=${origin}`, { origin, keys: home })
    await appendTo(home, NOTE, NOTE, NOTE)
    await using receiver = await startReceiver()
    const { watch, clock, ran } = watchOf(home, { receiver })
    for (let run = 0; run < 2; run++) assert.deepEqual((await watch.runOnce()).recording, { recorded: true })
    const runs = (await watchedRecords(home)).map(({ details }) => [details?.operation, details?.run])
    assert.deepEqual(runs, [
      ['watch', 'complete'],
      ['watch', 'incremental'],
    ])
    await server.sql(
      database,
      `ALTER TABLE affidavit.entries DISABLE TRIGGER ALL;
       UPDATE affidavit.entries SET entry = overlay(entry PLACING '\\x58'::bytea FROM 20) WHERE seq = 2;
       ALTER TABLE affidavit.entries ENABLE ALWAYS TRIGGER no_change; ALTER TABLE affidavit.entries ENABLE ALWAYS TRIGGER no_truncate`,
    )
    clock.pass(DAY)
    assert.equal((await watch.runOnce()).report.status, 'tampered')
    assert.deepEqual(ran(), ['complete valid', 'incremental valid', 'complete tampered'])
    assert.deepEqual(watch.metrics().last_status, 'tampered')
    assert.deepEqual(receiver.types(), ['watch.violation'])
  } finally {
    await server.stop()
    rmSync(base, { recursive: true, force: true })
  }
})
