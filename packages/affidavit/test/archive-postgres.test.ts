// The archive of a ledger whose records lie in PostgreSQL (spec/archive.md).

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { removeArchived } from '../src/archive/remove.ts'
import { openFolder } from '../src/embedded/open.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { all, archive, archiveFolder, archivingOf, countRecords, expectArchived, record } from './archived-clinic.ts'
import { QUIET } from './erasure-clinic.ts'
import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres } from './postgres-server.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('an archive of records in PostgreSQL', { skip: missing })
else
  describe('an archive of records in PostgreSQL', () => {
    const backend = postgresBackend()
    const home = archiveFolder('archive-postgres')

    test('holds what is published byte for byte, and nothing leaves by a role that only records', async () => {
      const folder = join(home, 'clinic')
      await backend.init(folder, 'clinic.example/agents')
      const clock = fixedClock(Date.UTC(2040, 0, 15))
      await using ledger = await openFolder(folder, { clock, publish: QUIET })
      await record(ledger, 12)
      const objects = memoryObjectStore(new Map(), clock)
      assert.equal(countRecords(await archive(ledger, objects)), 13)
      await expectArchived(ledger, objects, 13)
      clock.pass(91 * 86_400_000)
      const leaving = removeArchived(archivingOf(ledger, objects), {
        set: builtInSet(),
        by: { actor_id: 'officer' },
        mode: 'run',
        publish: () => ledger.publish(),
      })
      const told = await all(leaving)
      assert.equal(told.length, 1, JSON.stringify(told))
      assert.match(JSON.stringify(told), /may not let records leave it/)
    })
  })
