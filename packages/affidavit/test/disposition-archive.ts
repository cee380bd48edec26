// What stands in the archive when records are destroyed (spec/disposition.md §5): it ends with them, and nothing that stays goes with it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { createArchiveDeletion } from '../src/archive/delete-segment.ts'
import { extendLocks } from '../src/archive/extend-locks.ts'
import type { ObjectStore } from '../src/archive/object-store.ts'
import { archiveStatus } from '../src/archive/status.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { segmentKeys, segmentOwner } from '../src/formats/segment.ts'
import { readSegmentNote } from '../src/formats/signed-segment.ts'
import { Killed, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { type ObjectFault, type ObjectOperation, objectFaults } from '../src/testing/object-faults.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import { all } from './archived-clinic.ts'
import { type Backend, doesAll } from './backend.ts'
import {
  archiveAll,
  archivedClinics,
  expectArchiveWhole,
  isKeyThere,
  keepLonger,
  openWith,
  partsOf,
  set,
  states,
} from './disposition-archived.ts'
import { DAY, disposeOfAll, noted } from './disposition-clinic.ts'

const FAULTS: readonly ObjectFault[] = [
  'down',
  'lied',
  'other-bytes',
  'done-but-reported-failed',
  'killed-before',
  'killed-after',
]

export function testDispositionArchive(backend: Backend): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-archive-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  const copied = archivedClinics(backend, home)
  const pristine = copied.pristine

  test('a segment whose records were all destroyed goes with them: its key, its object, its manifest, and nothing else', async () => {
    const clinic = await copied()
    await using ledger = await openWith(clinic, clinic.objects)
    const before = new Set(clinic.kept.keys())
    const done = await disposeOfAll(ledger, clinic)
    assert.ok(done.state === 'done' && done.standing.state === 'disposed')
    const { object, manifest } = segmentKeys(clinic.due.segment)
    assert.deepEqual([...before].filter((key) => !clinic.kept.has(key)).sort(), [manifest, object])
    assert.match(done.certificate, new RegExp(`"objects_destroyed":\\["${object}"\\],"objects_standing":\\[\\]`))
    assert.equal(await isKeyThere(ledger, clinic.due), false)
    const [turned] = await all(ledger.search({ action: 'key_rotated' }))
    assert.equal(turned?.details?.key, 'keyring')
    await expectArchiveWhole(ledger, clinic, clinic.objects)
    assert.equal((await ledger.at(5))?.seq, 5)
    const { size } = await ledger.health()
    await ledger.dispositions.finish()
    assert.equal((await ledger.health()).size, size, 'what is over is not done again')
  })

  test('a locked object waits for the end of its lock, named with its day; its key does not', async () => {
    const clinic = await copied()
    const until = clinic.clock.now() + 30 * DAY
    for (const key of Object.values(segmentKeys(clinic.due.segment))) await clinic.objects.extendLock(key, until)
    await using ledger = await openWith(clinic, clinic.objects)
    const done = await disposeOfAll(ledger, clinic)
    assert.ok(done.state === 'done')
    const locked_until = new Date(until).toISOString()
    const { object } = segmentKeys(clinic.due.segment)
    assert.deepEqual(done.standing.objects, [{ key: object, locked_until, fate: 'goes' }])
    assert.equal(await isKeyThere(ledger, clinic.due), false)
    await expectArchiveWhole(ledger, clinic, clinic.objects)
    const status = async () => archiveStatus(await partsOf(ledger, clinic.objects))
    const { ended, archived, segments, groups } = await status()
    assert.equal(ended, 1)
    assert.equal(
      archived,
      groups.reduce((sum, { records }) => sum + records, 0),
      'what was destroyed is not counted',
    )
    // Nobody prolongs what is to go.
    await keepLonger(ledger, 5)
    await extendLocks(await partsOf(ledger, clinic.objects), set)
    assert.equal(clinic.kept.get(object)?.locked_until, until)
    await ledger.dispositions.finish()
    assert.deepEqual(await states(ledger), ['disposing'])
    clinic.clock.pass(31 * DAY)
    await ledger.confirmClock({ actor_id: 'dr.lee', reason: 'a month went by' })
    await ledger.dispositions.finish()
    assert.deepEqual(await states(ledger), ['disposed'])
    assert.equal(clinic.kept.has(object), false)
    const after = await status()
    assert.deepEqual([after.ended, after.segments], [0, segments])
  })

  test('whatever fails or lies: nothing else is deleted, and nothing is called gone that stands', async () => {
    const operations = ['get', 'stat', 'delete'] as const satisfies readonly ObjectOperation[]
    const { due, origin, clock } = pristine()
    const names = Object.values(segmentKeys(due.segment))
    const others = [...pristine().kept.keys()].filter((key) => !names.includes(key))
    for (const operation of operations) {
      for (const fault of FAULTS) {
        for (let number = 0; number < 4; number++) {
          const kept = new Map(pristine().kept)
          const faults = objectFaults()
          faults.break(operation, ...Array(number).fill(undefined), fault)
          const outcome = await createArchiveDeletion(memoryObjectStore(kept, clock, faults), origin)
            .delete(due)
            .catch((error: unknown) => {
              if (!(error instanceof Killed || error instanceof LedgerError)) throw error
            })
          const said = `${operation} ${fault} ${number}`
          if (outcome === 'gone') assert.ok(!names.some((key) => kept.has(key)), said)
          assert.deepEqual(
            others.filter((key) => !kept.has(key)),
            [],
            said,
          )
          assert.equal(await createArchiveDeletion(memoryObjectStore(kept, clock), origin).delete(due), 'gone', said)
        }
      }
    }
  })

  for (const [name, operation, ...faults] of [
    ['whose store is down', 'get', 'down'],
    ['whose store says that it deleted', 'delete', 'lied'],
    ['killed between object and manifest', 'delete', undefined, 'killed-before'],
    ['killed behind the last of them', 'delete', undefined, 'killed-after'],
  ] as const satisfies readonly (readonly [string, ObjectOperation, ...(ObjectFault | undefined)[]])[]) {
    if (!doesAll(backend) && operation === 'delete' && faults[0] === undefined) continue
    test(`a disposition ${name} is not called disposed, and is finished by whoever comes along`, async () => {
      const clinic = await copied()
      const broken = objectFaults()
      broken.break(operation, ...faults)
      {
        await using ledger = await openWith(clinic, memoryObjectStore(clinic.kept, clinic.clock, broken))
        await assert.rejects(disposeOfAll(ledger, clinic))
        assert.ok(!(await states(ledger)).includes('disposed'))
      }
      await using ledger = await openWith(clinic, clinic.objects)
      await ledger.dispositions.finish()
      assert.deepEqual(await states(ledger), ['disposed'])
      const names = Object.values(segmentKeys(clinic.due.segment))
      assert.deepEqual([...pristine().kept.keys()].filter((key) => !clinic.kept.has(key)).sort(), [...names].sort())
      await expectArchiveWhole(ledger, clinic, clinic.objects)
    })
  }

  test('a segment whose key is destroyed while it is written is not on record, and is written again under another', async () => {
    const clinic = await copied()
    await using ledger = await openWith(clinic, clinic.objects)
    await ledger.append(noted('Cy has a cough.'))
    const keyring = ledger.archival.keyring as Keyring
    let destroyed = 0
    const objects: ObjectStore = {
      ...clinic.objects,
      async put(key, bytes, lockUntil) {
        const manifest = key.endsWith('.note') ? readSegmentNote(bytes) : ''
        if (typeof manifest === 'object' && destroyed++ === 0)
          await keyring.turnOver([{ owner_kind: 'ledger', owner: segmentOwner(manifest) }])
        await clinic.objects.put(key, bytes, lockUntil)
      },
    }
    await assert.rejects(archiveAll(ledger, objects), { code: 'not-committed', message: /destroyed while it was/ })
    const onRecord = await archiveAll(ledger, clinic.objects)
    assert.ok(onRecord.length > 0)
    for (const segment of onRecord) assert.ok(await isKeyThere(ledger, segment))
  })

  test('other bytes than those on record are evidence, and stay; another place proves nothing', async () => {
    const clinic = await copied()
    const { object } = segmentKeys(clinic.due.segment)
    const there = clinic.kept.get(object) ?? assert.fail()
    clinic.kept.set(object, { bytes: Buffer.concat([there.bytes, Buffer.of(1)]) })
    {
      await using ledger = await openWith(clinic, clinic.objects)
      await assert.rejects(disposeOfAll(ledger, clinic), { code: 'archive-altered' })
      assert.deepEqual(await states(ledger), ['disposing'])
      assert.ok(clinic.kept.has(object))
    }
    {
      await using ledger = await openWith(clinic, memoryObjectStore(new Map(), clinic.clock))
      await assert.rejects(ledger.dispositions.finish(), {
        code: 'archive-unavailable',
        message: /not where the archive/,
      })
      assert.deepEqual(await states(ledger), ['disposing'])
    }
    clinic.kept.set(object, there)
    await using ledger = await openWith(clinic, clinic.objects)
    await ledger.dispositions.finish()
    assert.deepEqual(await states(ledger), ['disposed'])
  })
}
