// What is known of a disposition outside the database (spec/disposition.md §9): before any row goes, and wherever its records lie.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { archiveRecords } from '../src/archive/archive-records.ts'
import { readDue } from '../src/archive/due.ts'
import type { ObjectStore } from '../src/archive/object-store.ts'
import { removeArchived } from '../src/archive/remove.ts'
import { parseDispositionPapers } from '../src/disposition/disposition-papers.ts'
import { defaultAnchor } from '../src/embedded/folder.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import { memoryObjectStore } from '../src/testing/memory-object-store.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import { all } from './archived-clinic.ts'
import { files } from './backend.ts'
import {
  type DispositionClinic,
  disposeOfAll,
  makeDispositionClinic,
  openClinic,
  standingSeqs,
} from './disposition-clinic.ts'
import { findTold, LEFT, notesOf, rowsOf, WHOLE } from './restored-clinic.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-outside-'))
after(() => rmSync(home, { recursive: true, force: true }))
let made = 0
const newClinic = (): Promise<DispositionClinic> => makeDispositionClinic(join(home, String(made++)))

async function copyOf(clinic: DispositionClinic): Promise<DispositionClinic> {
  const folder = join(home, String(made++))
  await files.copy(clinic.folder, folder)
  return { ...clinic, folder }
}

describe('nothing is destroyed that cannot be known outside the database:', () => {
  test('where its papers have no place, it is decided, and goes on when they have one', async () => {
    const clinic = await newClinic()
    const place = join(defaultAnchor(clinic.folder), 'dispositions')
    writeFileSync(place, 'in the way')
    await using ledger = await openClinic(clinic)
    await assert.rejects(disposeOfAll(ledger, clinic), /not-published.*before they are kept, nothing is destroyed/)
    assert.deepEqual((await standingSeqs(ledger)).slice(0, 7), WHOLE)
    rmSync(place)
    const [standing] = await ledger.dispositions.finish()
    assert.equal(standing?.state, 'disposed')
    assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
    const papers = parseDispositionPapers(readFileSync(join(place, `${standing?.plan_sha256}.json`)))
    assert.ok(!('code' in papers))
    assert.match(papers.certificate, /^affidavit disposition certificate v1\n/)
  })

  test('where the keyring keeps nothing', async () => {
    const clinic = await newClinic()
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    const forgetful: Keyring = {
      ...keyring,
      keepNote: () => Promise.reject(new LedgerError('key-unavailable', { problem: 'no answer', cure: 'wait' })),
    }
    {
      await using ledger = await openClinic(clinic, { keyring: forgetful })
      await assert.rejects(disposeOfAll(ledger, clinic), /key-unavailable/)
    }
    assert.deepEqual(await rowsOf(clinic, clinic.origin), WHOLE)
    assert.deepEqual(await notesOf(clinic), [])
  })
})

const set = builtInSet()

async function archiveAll(
  { archival, publish }: Ledger,
  objects: ObjectStore,
  removed: 'removed' | 'kept',
): Promise<void> {
  await publish()
  const dueOf = await readDue(archival.store, archival.ledger, { set, at: archival.now() })
  await all(archiveRecords({ ...archival, objects, dueOf }))
  if (removed === 'kept') return
  const removal = { set, by: { actor_id: 'dr.lee' }, mode: 'run', publish } as const
  await all(removeArchived({ ...archival, objects, dueOf }, removal))
}

for (const when of ['before', 'behind'] as const)
  test(`a backup of ${when} the archive’s removal is held to what was destroyed since`, async () => {
    const clinic = await newClinic()
    const objects = memoryObjectStore(new Map(), clinic.clock)
    const open = (one: DispositionClinic): Promise<Ledger> =>
      openClinic(one, { archive: objects, access: clinic.policy })
    const archive = async (removed: 'removed' | 'kept'): Promise<void> => {
      await using ledger = await open(clinic)
      await archiveAll(ledger, objects, removed)
    }
    await archive('kept')
    const older = await copyOf(clinic)
    await archive('removed')
    const backup = when === 'before' ? older : await copyOf(clinic)
    {
      await using ledger = await open(clinic)
      await disposeOfAll(ledger, clinic)
    }
    await files.bringBackRecords(clinic.folder, backup.folder)
    await continueAfterRestore(clinic.folder)
    // Of the others what was archived is a stub, or is not.
    assert.deepEqual(
      (await rowsOf(clinic, clinic.origin)).filter((seq) => seq > 0 && seq < 5),
      [],
    )
    await using ledger = await open(clinic)
    const [standing] = await ledger.dispositions.standing()
    assert.deepEqual([standing?.state, standing?.ledger], ['replayed', clinic.origin])
    assert.equal((await findTold(ledger, 'replaying'))?.records, 4)
  })
