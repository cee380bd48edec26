// What a disposition promises, where records and keyring lie in PostgreSQL (spec/disposition.md §5).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { continueAfterRestore } from '../src/embedded/init.ts'
import { grantRole } from '../src/stores/postgres/grants.ts'
import type { Backend } from './backend.ts'
import { testDispositionArchive } from './disposition-archive.ts'
import {
  disposeOfAll,
  makeDispositionClinic,
  openClinic,
  orderOf,
  planOf,
  refusal,
  STORY,
} from './disposition-clinic.ts'
import { testDispositionCrash } from './disposition-crash.ts'
import { testDispositionMeanwhile } from './disposition-meanwhile.ts'
import { testDispositionMixed } from './disposition-mixed.ts'
import { testDispositionRestored } from './disposition-restored.ts'
import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres, OWNER, SERVER } from './postgres-server.ts'
import { testAnyHistory } from './retention-model/any-history.ts'
import { testUnusedKeys } from './unused-keys.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('dispositions in PostgreSQL', { skip: missing })
else
  describe('dispositions in PostgreSQL', () => {
    const backend = postgresBackend()
    test('a server that may not let records leave decides nothing, and says which right is missing', async () => {
      const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-server-'))
      const clinic = await makeDispositionClinic(join(home, 'clinic'), STORY, backend)
      {
        await using ledger = await openClinic(clinic)
        const { dispositions } = ledger
        const order = orderOf(clinic, await planOf(dispositions, clinic))
        assert.equal(await refusal(dispositions.carryOut(order)), 'removal-not-allowed')
        assert.deepEqual(await dispositions.standing(), [])
      }
      rmSync(home, { recursive: true, force: true })
    })
    const retaining: Backend = {
      ...backend,
      // Whoever keeps records lets them leave; a server that records may not.
      async init(home, origin) {
        const made = await backend.init(home, origin)
        const owner = backend.server().pool(backend.recordsOf(home), OWNER)
        await grantRole(owner, SERVER, 'retention')
        await owner.end()
        return made
      },
    }
    test('a server that may not let records leave does not open what came back, and a role of retention does', async () => {
      const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-restored-server-'))
      const clinic = await makeDispositionClinic(join(home, 'clinic'), STORY, retaining)
      const backup = { ...clinic, folder: join(home, 'backup') }
      await backend.copy(clinic.folder, backup.folder)
      {
        await using ledger = await openClinic(clinic)
        await disposeOfAll(ledger, clinic)
      }
      await backend.bringBackRecords(clinic.folder, backup.folder)
      const records = backend.recordsOf(clinic.folder)
      const right = 'EXECUTE ON FUNCTION affidavit.exchange_entries(bigint, bigint[], bytea[])'
      await backend.server().sql(records, `REVOKE ${right} FROM ${SERVER}`)
      await assert.rejects(
        continueAfterRestore(clinic.folder),
        /disposed-is-back.*may let no record leave.*--retention ROLE/s,
      )
      await backend.server().sql(records, `GRANT ${right} TO ${SERVER}`)
      {
        await using ledger = await openClinic(clinic)
        assert.equal((await ledger.dispositions.standing())[0]?.state, 'replayed')
      }
      rmSync(home, { recursive: true, force: true })
    })
    testDispositionCrash(retaining)
    testDispositionArchive(retaining)
    testDispositionMixed(retaining)
    testDispositionMeanwhile(retaining)
    testDispositionRestored(retaining)
    testUnusedKeys(retaining)
    testAnyHistory('whatever becomes of records in PostgreSQL, what is gone is what may be', retaining)
  })
