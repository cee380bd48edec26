// Watching a ledger whose records are archived, leave the database, and are destroyed in between: what was done by its rules is no
// finding, and what was done to the archive is one.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

import { removeArchived } from '../src/archive/remove.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { writeArchive } from '../src/embedded/settings.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { type MemoryObjects, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { all, archive, archiveFolder, archivingOf } from './archived-clinic.ts'
import { disposeOfAll, makeDispositionClinic, openClinic } from './disposition-clinic.ts'
import { said } from './erasure-clinic.ts'
import { DAY, QUIET, startReceiver, watchOf } from './watched.ts'

const base = archiveFolder('watch-lifecycle')

test('records that are archived and leave the database between two runs are read in the archive', async () => {
  const folder = join(base, 'archived')
  const place = join(base, 'archive')
  await initLedger(folder, { origin: 'clinic.example/agents' })
  const later = fixedClock(Date.now())
  {
    await using ledger = await openFolder(folder, { clock: later, publish: QUIET })
    for (let i = 0; i < 6; i++)
      await ledger.append(said(`message ${i}`, { conversation_id: `c-${i % 2}`, retention_class: 'hipaa' }))
  }
  await using receiver = await startReceiver()
  const { watch, clock, ran } = watchOf(folder, { receiver })
  await watch.runOnce()
  await leave(folder, place, later)
  await watch.runOnce()
  clock.pass(DAY)
  await watch.runOnce()
  assert.deepEqual(ran(), ['complete valid', 'incremental valid', 'complete valid'])
  clock.pass(DAY)
  renameSync(place, `${place}.away`)
  assert.equal((await watch.runOnce()).report.status, 'incomplete')
  clock.pass(DAY)
  renameSync(`${place}.away`, place)
  for (const object of readdirSync(join(place, 'segments')).filter((one) => one.endsWith('.seg'))) {
    const bytes = readFileSync(join(place, 'segments', object))
    writeFileSync(join(place, 'segments', object), bytes.fill(bytes.readUInt8(40) ^ 1, 40, 41))
  }
  assert.equal((await watch.runOnce()).report.status, 'tampered')
  assert.deepEqual(receiver.types(), ['watch.not_verified', 'watch.violation'])
})

/** Everything that may leave the database is in the archive alone. */
async function leave(folder: string, place: string, clock: ReturnType<typeof fixedClock>): Promise<void> {
  const kept: MemoryObjects = new Map()
  const objects = memoryObjectStore(kept, clock)
  await using ledger = await openFolder(folder, { clock, publish: QUIET })
  await archive(ledger, objects)
  clock.pass(91 * DAY)
  const by = { actor_id: 'officer' }
  const options = { set: builtInSet(), by, mode: 'run', publish: () => ledger.publish() } as const
  const removed = await all(removeArchived(archivingOf(ledger, objects), options))
  assert.ok(removed.some(({ state, records }) => state === 'removed' && records === 6))
  await ledger.publish()
  for (const [key, { bytes }] of kept) {
    mkdirSync(dirname(join(place, key)), { recursive: true })
    writeFileSync(join(place, key), bytes)
  }
  writeArchive(folder, place)
}

test('records that are destroyed with an approval between two runs are no finding, and without the approver’s key not checked', async () => {
  const clinic = await makeDispositionClinic(join(base, 'disposed'))
  const against = { trust: { kind: 'first use' }, anchors: [], approvers: [clinic.approver.verifierKey] } as const
  const clock = fixedClock(clinic.clock.now())
  const { watch, ran } = watchOf(clinic.folder, { against, clock })
  await watch.runOnce()
  {
    await using ledger = await openClinic(clinic)
    assert.equal((await disposeOfAll(ledger, clinic)).state, 'done')
  }
  await watch.runOnce()
  clock.pass(DAY)
  await watch.runOnce()
  assert.deepEqual(ran(), ['complete valid', 'incremental valid', 'complete valid'])
  clock.pass(DAY)
  const stranger = watchOf(clinic.folder, { clock, against: { ...against, approvers: [] } })
  const { report } = await stranger.watch.runOnce()
  assert.deepEqual([report.status, report.findings[0]?.code], ['incomplete', 'disposal-not-checked'])
})
