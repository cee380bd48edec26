import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { logKey, noteOf, pinnedTo } from '../../test/signing.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import type { Anchor } from '../verify/anchors.ts'
import { EXIT, exitCodeOfReport } from './exit-codes.ts'

const ORIGIN = 'empty.example/log/0'

test('an empty ledger is verified only against a kept checkpoint of size 0 by the pinned key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-empty-'))
  try {
    const database = join(folder, 'ledger.db')
    const store = sqliteStore(database, 'create')
    await store.create(ORIGIN)
    await store.close()
    const [key, stranger] = [logKey(ORIGIN), logKey(ORIGIN)]
    const anchored = (...notes: string[]): Anchor => ({ kind: 'external', where: 'kept', notes, faults: [] })
    const outcome = async (anchor: Anchor): Promise<[string, number]> => {
      const report = await verifySqlite(database, { trust: pinnedTo(key), anchors: [anchor], threads: 0 })
      return [report.status, exitCodeOfReport(report)]
    }
    assert.deepEqual(await outcome(anchored(noteOf(ORIGIN, [], [key]))), ['empty', EXIT.ok])
    assert.deepEqual(await outcome(anchored()), ['empty', EXIT.notVerified])
    assert.deepEqual(await outcome(anchored(noteOf(ORIGIN, [], [stranger]))), ['empty', EXIT.notVerified])
    assert.deepEqual(await outcome(anchored(noteOf(ORIGIN, [Buffer.from('x')], [key]))), ['tampered', EXIT.tampered])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
