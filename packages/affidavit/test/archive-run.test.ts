// Archiving: what is published is in the archive, whatever happens on the way there (spec/archive.md §1).

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { archiveRecords } from '../src/archive/archive-records.ts'
import { archivedSegments, readArchivedSet } from '../src/archive/archived.ts'
import type { Archiving } from '../src/archive/archiving.ts'
import { coverings } from '../src/archive/covering.ts'
import type { ObjectStore } from '../src/archive/object-store.ts'
import { removeArchived } from '../src/archive/remove.ts'
import { archiveStatus } from '../src/archive/status.ts'
import { verifyArchive } from '../src/cli/verify-archive.ts'
import { sha256Hex } from '../src/crypto/sha256.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import { Killed, type MemoryObjects, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { type ObjectFault, type ObjectOperation, objectFaults } from '../src/testing/object-faults.ts'
import {
  all,
  archive,
  archiveFolder,
  archivingOf,
  countRecords,
  expectArchived,
  makeClinic,
  record,
} from './archived-clinic.ts'

const home = archiveFolder('archive-run')

test('what is published is archived by class and month, once, and comes back byte for byte', async () => {
  const { open, clock } = await makeClinic(join(home, 'whole'))
  const objects = memoryObjectStore(new Map(), clock)
  await using ledger = await open()
  await record(ledger, 30)
  const segments = await archive(ledger, objects)
  assert.equal(countRecords(segments), 31)
  assert.deepEqual(segments.map(({ retention_class, due_month }) => `${retention_class} ${due_month}`).sort(), [
    'default none',
    'hipaa 2046-01',
    'matter open',
  ])
  await expectArchived(ledger, objects, 31)

  await record(ledger, 6, 30)
  const more = await archive(ledger, objects)
  // The records about the first segments go with what came later.
  assert.equal(countRecords(more), 9)
  await expectArchived(ledger, objects, 40)
})

test('records about archiving alone are no reason to archive', async () => {
  const { open, clock } = await makeClinic(join(home, 'own'))
  const objects = memoryObjectStore(new Map(), clock)
  await using ledger = await open()
  await record(ledger, 3)
  assert.equal(countRecords(await archive(ledger, objects)), 4)
  const before = (await ledger.health()).size
  for (let run = 0; run < 3; run++) assert.deepEqual(await archive(ledger, objects), [])
  assert.equal((await ledger.health()).size, before)
})

test('what is young is gathered until something of it is old enough, or it fills a segment; a run that was begun is ended', async () => {
  const { open, clock } = await makeClinic(join(home, 'gathered'))
  const objects = memoryObjectStore(new Map(), clock)
  await using ledger = await open()
  await archive(ledger, objects)
  const parts = archivingOf(ledger, objects)
  const gathered = async (): Promise<number> => {
    await ledger.publish()
    return countRecords(await all(archiveRecords(parts, 300_000)))
  }
  await record(ledger, 3)
  assert.equal(await gathered(), 0)
  clock.pass(200_000)
  await record(ledger, 2, 3)
  assert.equal(await gathered(), 0)
  clock.pass(160_000)
  // With those about the archive that came before.
  assert.equal(await gathered(), 6)

  await record(ledger, 3, 6)
  assert.equal(await gathered(), 0)
  // An interrupted run of before kept its checkpoint, and no segment yet.
  await all(coverings(parts, await readArchivedSet(parts.store, parts.ledger), undefined))
  assert.ok((await gathered()) > 3)
  await expectArchived(ledger, objects, 9)
})

test('what is not to be archived now waits, and is archived later', async () => {
  const { open, clock } = await makeClinic(join(home, 'chosen'))
  const objects = memoryObjectStore(new Map(), clock)
  await using ledger = await open()
  await record(ledger, 12)
  await ledger.publish()
  const parts = archivingOf(ledger, objects)
  const hipaa = {
    ...parts,
    dueOf: (one: Parameters<typeof parts.dueOf>[0]) => (one.retention_class === 'hipaa' ? parts.dueOf(one) : undefined),
  }
  assert.equal(countRecords(await all(archiveRecords(hipaa))), 4)
  assert.equal(countRecords(await all(archiveRecords(hipaa))), 0)
  await archive(ledger, objects)
  await expectArchived(ledger, objects, 13)
})

test('an object is locked at least as long as the minimum of what is in it', async () => {
  const { open, clock } = await makeClinic(join(home, 'locked'))
  const kept: MemoryObjects = new Map()
  const objects = memoryObjectStore(kept, clock)
  await using ledger = await open()
  await record(ledger, 9)
  await archive(ledger, objects)
  const { store, ledger: origin } = ledger.archival
  let latest = 0
  for await (const { segment, retention_class, locked_until } of archivedSegments(store, origin)) {
    const ends = [`segments/${segment}.seg`, `segments/${segment}.note`].map((key) => kept.get(key)?.locked_until)
    if (retention_class === 'default') assert.deepEqual([...ends, locked_until], [undefined, undefined, undefined])
    else {
      const least = Date.UTC(retention_class === 'hipaa' ? 2046 : 2042, 0, 15, 9, 30)
      const [end = 0, ofManifest] = ends
      // What waited for the lock of the database was recorded that much later.
      assert.ok(end >= least && end < least + 60_000, `${end - least}`)
      assert.deepEqual([ofManifest, locked_until], [end, new Date(end).toISOString()])
      latest = Math.max(latest, end)
    }
  }
  const incarnation = origin.split('/').at(-1)
  assert.equal(kept.get(`checkpoints/${incarnation}/0.note`)?.locked_until, latest)
})

test('a lock that was refused, lied about, or cannot be proven is on record as none', async () => {
  for (const fault of ['lock-refused', 'lock-lied', 'no lock'] as const) {
    const { open, clock } = await makeClinic(join(home, fault.replace(' ', '-')))
    const faults = objectFaults()
    const proof = { lock: 'none', because: 'the test said so' } as const
    const objects = memoryObjectStore(new Map(), clock, faults, ...(fault === 'no lock' ? [proof] : []))
    await using ledger = await open()
    await record(ledger, 1)
    if (fault !== 'no lock') faults.break('put', undefined, ...Array(9).fill(fault))
    for (const { locked_until } of await archive(ledger, objects)) assert.equal(locked_until, undefined)
    await expectArchived(ledger, objects, 2)
  }
})

const FAULTS: readonly (readonly [ObjectOperation, ObjectFault])[] = [
  ...(['down', 'done-but-reported-failed', 'lied', 'other-bytes', 'killed-before', 'killed-after'] as const).map(
    (fault) => ['put', fault] as const,
  ),
  ...(['down', 'lied', 'other-bytes', 'killed-before'] as const).map((fault) => ['get', fault] as const),
  ...(['down', 'lied', 'killed-after'] as const).map((fault) => ['stat', fault] as const),
  ...(['down', 'killed-after'] as const).map((fault) => ['extendLock', fault] as const),
  ...(['down', 'killed-after'] as const).map((fault) => ['lockProof', fault] as const),
]

test('whatever fails at whichever step, nothing is on record that is not there, and the next run goes on where it was', async () => {
  const { open, clock } = await makeClinic(join(home, 'faults'))
  const kept: MemoryObjects = new Map()
  await using ledger = await open()
  const { store, ledger: origin } = ledger.archival
  let [made, lookedAt] = [0, 0]
  for (const [operation, fault] of FAULTS) {
    for (let number = 0; ; number++) {
      const faults = objectFaults()
      faults.break(operation, ...Array(number).fill(undefined), fault)
      await record(ledger, 3, made)
      made += 3
      await archive(ledger, memoryObjectStore(kept, clock, faults)).catch(unlessFault)
      const asked = faults.asked.filter((one) => one.startsWith(`${operation} `) || one === operation)
      // Other bytes than were written are evidence of a broken store: whoever runs it puts them aside.
      if (operation === 'put' && fault === 'other-bytes') kept.delete(asked[number]?.slice('put '.length) ?? '')
      for (const { segment, object_sha256 } of await all(archivedSegments(store, origin, lookedAt))) {
        const { bytes } = kept.get(`segments/${segment}.seg`) ?? assert.fail(`${fault}: ${segment} is there`)
        assert.equal(sha256Hex(bytes), object_sha256, `${fault}: ${segment} is what is on record`)
      }
      lookedAt = (await ledger.health()).size
      await archive(ledger, memoryObjectStore(kept, clock))
      if (asked.length <= number || number === most(operation)) break
    }
  }
  await record(ledger, 1, made)
  const { size } = await ledger.health()
  await archive(ledger, memoryObjectStore(kept, clock))
  await expectArchived(ledger, memoryObjectStore(kept, clock), size)
  const onRecord = (await all(archivedSegments(store, origin))).map(({ segment }) => segment)
  const there = [...kept.keys()].flatMap((key) => /^segments\/(\w+)\.seg$/.exec(key)?.[1] ?? [])
  assert.deepEqual(there.toSorted(), onRecord.toSorted())
})

// What is only asked goes wrong in each of its ways within the first segment.
function most(operation: ObjectOperation): number {
  return operation === 'put' || process.env.AFFIDAVIT_SOAK === '1' ? Number.POSITIVE_INFINITY : 4
}

function unlessFault(error: unknown): void {
  if (!(error instanceof Killed || error instanceof LedgerError)) throw error
}

test('two that archive by different policies at once leave no record out, and archive each once', async () => {
  const { open, clock } = await makeClinic(join(home, 'two'))
  const objects = memoryObjectStore(new Map(), clock)
  await using ledger = await open()
  await record(ledger, 30)
  await ledger.publish()
  const parts = archivingOf(ledger, objects)
  const hipaa: Archiving = {
    ...parts,
    dueOf: (one) => (one.retention_class === 'hipaa' ? parts.dueOf(one) : undefined),
  }
  // The second goes all its way behind the first one's look at what is archived.
  const interrupted = beforePut(objects, 'checkpoints/', 1, () => all(archiveRecords(hipaa)))
  const segments = await all(archiveRecords({ ...parts, objects: interrupted }))
  assert.deepEqual(segments.map(({ retention_class }) => retention_class).sort(), ['default', 'matter'])
  await expectArchived(ledger, objects, 31)
})

test('a record that two archivers wrote at the same moment is in two segments, counted once, and leaves once', async () => {
  const { open, clock } = await makeClinic(join(home, 'same'))
  const objects = memoryObjectStore(new Map(), clock)
  await using ledger = await open()
  await record(ledger, 12)
  await ledger.publish()
  const parts = archivingOf(ledger, objects)
  const few: Archiving = { ...parts, dueOf: (one) => (one.details?.i === 3 ? undefined : parts.dueOf(one)) }
  // It goes all its way behind the first one’s last look at what others have on record.
  const interrupted = beforePut(objects, '.seg', 2, () => all(archiveRecords(few)))
  await all(archiveRecords({ ...parts, objects: interrupted }))
  const segments = await all(archivedSegments(parts.store, parts.ledger))
  assert.equal(countRecords(segments), 13 + 3)
  const { archived, waiting, missing } = await archiveStatus(parts)
  assert.deepEqual([archived, waiting, missing], [13, 0, []])

  clock.pass(91 * 86_400_000)
  const by = { actor_id: 'officer' }
  const options = { set: builtInSet(), by, mode: 'run', publish: () => ledger.publish() } as const
  const removed = await all(removeArchived(parts, options))
  assert.equal(
    removed.reduce((sum, { records }) => sum + records, 0),
    4,
  )
  const trust = { kind: 'first use' } as const
  const report = await verifyArchive(ledger.archival, objects, trust, { onProgress: () => undefined })
  assert.deepEqual([report.status, report.findings], ['valid', []])
})

/** Something that happens before the nth object with this in its key is put. */
function beforePut(objects: ObjectStore, part: string, nth: number, happens: () => Promise<unknown>): ObjectStore {
  let left = nth
  return {
    ...objects,
    async put(key, bytes, lockUntil) {
      if (key.includes(part)) left--
      if (left === 0) {
        left = -1
        await happens()
      }
      await objects.put(key, bytes, lockUntil)
    },
  }
}
