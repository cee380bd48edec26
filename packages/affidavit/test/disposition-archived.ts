// A clinic with records that are due, and an archive of them: for tests of what becomes of the archive when they are destroyed.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before } from 'node:test'

import { archiveRecords } from '../src/archive/archive-records.ts'
import type { Archiving } from '../src/archive/archiving.ts'
import { readDue } from '../src/archive/due.ts'
import type { ObjectStore } from '../src/archive/object-store.ts'
import { type Removed, removeArchived } from '../src/archive/remove.ts'
import { findSegmentKey } from '../src/archive/segment-key.ts'
import { archiveStatus } from '../src/archive/status.ts'
import { verifyArchive } from '../src/cli/verify-archive.ts'
import type { ArchivedSegment } from '../src/formats/archive-record.ts'
import { formatRuns, seqsOf } from '../src/formats/seq-runs.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { builtInSet, type PolicySet } from '../src/retention/policy-set.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { type MemoryObjects, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { all } from './archived-clinic.ts'
import type { Backend } from './backend.ts'
import { type DispositionClinic, makeDispositionClinic, openClinic, STORY } from './disposition-clinic.ts'

export const set: PolicySet = builtInSet()
export const by = { actor_id: 'dr.lee' }

export interface Archived extends DispositionClinic {
  readonly kept: MemoryObjects
  readonly objects: ObjectStore
  /** Of the records 1 to 4, which are due. */
  readonly due: ArchivedSegment
}

export function openWith(clinic: DispositionClinic, objects: ObjectStore): Promise<Ledger> {
  return openClinic(clinic, { archive: objects, access: clinic.policy })
}

export async function partsOf({ archival }: Ledger, objects: ObjectStore): Promise<Archiving> {
  const dueOf = await readDue(archival.store, archival.ledger, { set, at: archival.now() })
  return { ...archival, objects, dueOf }
}

export async function archiveAll(ledger: Ledger, objects: ObjectStore): Promise<readonly ArchivedSegment[]> {
  await ledger.publish()
  return all(archiveRecords(await partsOf(ledger, objects)))
}

export async function keepLonger(ledger: Ledger, seq: number): Promise<void> {
  await ledger.append({
    ...{ actor_id: 'dr.lee', actor_type: 'user', action: 'record_reclassified' },
    parent_id: (await ledger.at(seq))?.id ?? assert.fail(),
    details: { data_classification: 'restricted', retention_class: 'financial', reason: 'it was an invoice' },
  })
}

export async function bytesAt(ledger: Ledger, seq: number): Promise<string> {
  const [stored] = await all(ledger.entries({ from_seq: seq, until_seq: seq + 1 }))
  return Buffer.from(stored?.entry ?? assert.fail()).toString('latin1')
}

export const isKeyThere = async (ledger: Ledger, segment: ArchivedSegment): Promise<boolean> =>
  (await findSegmentKey(ledger.archival, { ledger: ledger.origin, ...segment, seqs: formatRuns(segment.runs) })) !==
  undefined

export const states = (ledger: Ledger): Promise<readonly string[]> =>
  ledger.dispositions.standing().then((standings) => standings.map(({ state }) => state))

export async function expectArchiveWhole(
  ledger: Ledger,
  clinic: DispositionClinic,
  objects: ObjectStore,
): Promise<void> {
  const key = parseVerifierKey(clinic.verifierKey)
  assert.ok(!('code' in key))
  const trust = { kind: 'pinned', keys: [key] } as const
  const report = await verifyArchive(ledger.archival, objects, trust, { onProgress: () => undefined })
  assert.deepEqual([report.status, report.findings], ['valid', []])
  assert.deepEqual((await archiveStatus(await partsOf(ledger, objects))).missing, [])
}

/** Copies of one, each with an archive of its own. */
export interface ArchivedClinics {
  (): Promise<Archived>
  /** A copy of one that nobody has open. */
  again(clinic: Archived): Promise<Archived>
  /** What they are copies of, once the suite has begun. */
  pristine(): Archived
}

export function archivedClinics(backend: Backend, home: string): ArchivedClinics {
  let pristine: Archived | undefined
  before(async () => {
    const clinic = await makeDispositionClinic(join(home, 'pristine'), STORY, backend)
    const kept: MemoryObjects = new Map()
    const objects = memoryObjectStore(kept, clinic.clock)
    await using ledger = await openWith(clinic, objects)
    const segments = await archiveAll(ledger, objects)
    const due = segments.find(({ runs }) => [...seqsOf(runs)].join() === '1,2,3,4') ?? assert.fail()
    pristine = { ...clinic, kept, objects, due }
  })
  let copies = 0
  async function again(from: Archived): Promise<Archived> {
    const folder = join(home, String(copies++))
    await backend.copy(from.folder, folder)
    const kept = new Map(from.kept)
    const clock = fixedClock(from.clock.now())
    return { ...from, folder, kept, clock, objects: memoryObjectStore(kept, clock) }
  }
  return Object.assign(() => again(pristine ?? assert.fail()), { again, pristine: () => pristine ?? assert.fail() })
}

/** What may leave the database does. */
export async function letLeave(ledger: Ledger, objects: ObjectStore): Promise<readonly Removed[]> {
  const removal = { set, by, mode: 'run', publish: () => ledger.publish() } as const
  return all(removeArchived(await partsOf(ledger, objects), removal))
}
