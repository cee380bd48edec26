// A segment of which some records are destroyed and others stay (spec/archive.md §9): what stays is written anew, and the rest goes with its key.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { createArchiveReader } from '../src/archive/reader.ts'
import { restoreRecords } from '../src/archive/restore.ts'
import { rewriteSegment } from '../src/archive/rewrite-segment.ts'
import { archiveStatus } from '../src/archive/status.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { storedArchive } from '../src/embedded/stored-archive.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { segmentKeys } from '../src/formats/segment.ts'
import { seqsOf } from '../src/formats/seq-runs.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { Killed, type MemoryObjects, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { type ObjectFault, type ObjectOperation, objectFaults } from '../src/testing/object-faults.ts'
import type { Report } from '../src/verify/report.ts'
import { all } from './archived-clinic.ts'
import { type Backend, doesAll } from './backend.ts'
import {
  archiveAll,
  by,
  isKeyThere,
  keepLonger,
  letLeave,
  openWith,
  partsOf,
  set,
  states,
} from './disposition-archived.ts'
import {
  DAY,
  disposeOfAll,
  makeDispositionClinic,
  noted,
  orderOf,
  planOf,
  STORY,
  sameTime,
} from './disposition-clinic.ts'
import { openToDie, waysToFail, whenToFail } from './dying-ledger.ts'
import { expectWrittenAnew, holding, liesIn, lockOf, mixedClinics, STAYS, wholeOf } from './mixed-clinic.ts'
import { verifyHome } from './verify-home.ts'

/** Of the faults that there may be, one in so many is tried, but for AFFIDAVIT_SOAK=1. */
const FEW = 7

export function testDispositionMixed(backend: Backend): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-mixed-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  const { copied, kept, begun } = mixedClinics(backend, home)

  test('what stays in the database is archived anew, and the segment goes at once with everything that was destroyed', async () => {
    const clinic = await copied()
    await using ledger = await openWith(clinic, clinic.objects)
    const whole = await wholeOf(ledger)
    await keepLonger(ledger, STAYS)
    const planned = await planOf(ledger.dispositions, clinic)
    const { object, manifest } = segmentKeys(clinic.due.segment)
    assert.equal(planned.plan.objects.find(({ key }) => key === object)?.fate, 'waits')
    const done = await ledger.dispositions.carryOut(orderOf(clinic, planned))
    assert.ok(done.state === 'done' && done.standing.state === 'disposed')
    assert.match(done.certificate, new RegExp(`"objects_destroyed":\\["${object}"\\],"objects_standing":\\[\\]`))
    assert.deepEqual([clinic.kept.has(object), clinic.kept.has(manifest)], [false, false])
    await expectWrittenAnew(ledger, clinic, whole)
    const [, anew] = await holding(ledger)
    assert.deepEqual(
      [anew?.retention_class, (anew?.locked_until ?? '') > new Date(clinic.clock.now()).toISOString()],
      ['financial', true],
    )
    const { size } = await ledger.health()
    await ledger.dispositions.finish()
    assert.equal((await ledger.health()).size, size, 'what is over is not done again')
    assert.equal(
      (await letLeave(ledger, clinic.objects)).find(({ segment }) => segment === anew?.segment)?.state,
      'removed',
    )
    assert.equal(await liesIn(ledger), anew?.segment)
    await expectWrittenAnew(ledger, clinic, whole)
  })

  test('where the archive has the only copy, it is moved to a segment that is locked no less, and comes back from there', async () => {
    const { clinic, whole } = await kept()
    await using ledger = await openWith(clinic, clinic.objects)
    const { object } = segmentKeys(clinic.due.segment)
    // Longer than what stays would ask for.
    const lock = lockOf(clinic, clinic.due) + 400 * DAY
    for (const key of Object.values(segmentKeys(clinic.due.segment))) await clinic.objects.extendLock(key, lock)
    const done = await disposeOfAll(ledger, clinic)
    assert.ok(done.state === 'done')
    assert.deepEqual(done.standing.objects, [{ key: object, locked_until: new Date(lock).toISOString(), fate: 'goes' }])
    await expectWrittenAnew(ledger, clinic, whole)
    const [, anew = assert.fail()] = await holding(ledger)
    assert.ok(lockOf(clinic, anew) >= lock)
    const status = await archiveStatus(await partsOf(ledger, clinic.objects))
    assert.deepEqual(status.groups.find(({ retention_class }) => retention_class === 'financial')?.records, 2)
    assert.deepEqual(await all(restoreRecords(ledger.archival, {}, by)), [2])
    assert.equal(await liesIn(ledger), undefined)
    assert.deepEqual(await wholeOf(ledger), whole)
  })

  test('what a hold binds is written anew in the class and month that it had', async () => {
    const clinic = await copied()
    await using ledger = await openWith(clinic, clinic.objects)
    const whole = await wholeOf(ledger)
    const matter = { matter: 'Ada v. Clinic', reason: 'a claim is expected', custodian: 'dr.lee' }
    await ledger.holding({ actor_id: 'dr.lee' }).place({ ...matter, conversation_id: 'c-1' })
    await disposeOfAll(ledger, clinic)
    await expectWrittenAnew(ledger, clinic, whole, [1, STAYS])
    const [old, anew] = await holding(ledger)
    assert.deepEqual([anew?.retention_class, anew?.due_month], [old?.retention_class, old?.due_month])
  })

  test('whatever fails or lies in the archive, the only copy stays, and whoever comes along finishes it', async () => {
    const { clinic: story, whole } = await begun()
    /** What is asked of the archive where this breaks. */
    async function broken(
      operation: ObjectOperation,
      number: number,
      ...fault: readonly ObjectFault[]
    ): Promise<number> {
      const clinic = await copied.again(story)
      await using ledger = await openWith(clinic, clinic.objects)
      const faults = objectFaults()
      faults.break(operation, ...Array(number).fill(undefined), ...fault)
      const objects = memoryObjectStore(clinic.kept, clinic.clock, faults)
      await rewriteSegment({ ...ledger.archival, objects }, { set, publish: ledger.publish }, clinic.due).catch(
        unlessFault,
      )
      const asked = faults.asked.filter((one) => one.startsWith(operation))
      // Other bytes than were written are evidence of a broken store: whoever runs it puts them aside.
      if (operation === 'put' && fault[0] === 'other-bytes')
        clinic.kept.delete(asked[number]?.slice('put '.length) ?? '')
      assert.deepEqual(await wholeOf(ledger), whole, `${operation} ${number} ${fault}`)
      await ledger.dispositions.finish()
      await expectWrittenAnew(ledger, clinic, whole)
      return asked.length
    }
    const faults = ['down', 'lied', 'other-bytes', 'killed-before', 'killed-after', 'lock-lied'] as const
    const asked = { put: 2, get: await broken('get', 0), stat: await broken('stat', 0), lockProof: 3 } as const
    const cases = Object.entries(asked).flatMap(([operation, times]) =>
      Array.from({ length: times }, (_, number) =>
        faults.slice(0, operation === 'put' ? 6 : 4).map((fault) => [operation, number, fault] as const),
      ).flat(),
    )
    const some =
      process.env.AFFIDAVIT_SOAK === '1' ? cases : cases.filter((_, i) => i % (doesAll(backend) ? FEW : 3 * FEW) === 0)
    for (const [operation, number, fault] of some) await broken(operation as ObjectOperation, number, fault)
  })

  for (const way of waysToFail(backend)) {
    test(`a process that dies ${way} any write leaves the only copy where it is read, and is finished by whoever comes along`, async () => {
      const { clinic: story, whole } = await begun()
      for (let number = way === 'after' ? 2 : 1; ; number += process.env.AFFIDAVIT_SOAK === '1' ? 1 : 4) {
        const clinic = await copied.again(story)
        const { objects, clock, policy: access } = clinic
        const parts = { archive: objects, clock, access, timeSource: sameTime(clock) }
        const { ledger: dying, dieAt } = await openToDie(clinic, whenToFail(way, number), parts)
        dieAt(number)
        const outcome = await dying.dispositions.finish().then(
          () => 'done',
          () => 'died',
        )
        await dying.close().catch(() => undefined)
        await using ledger = await openWith(clinic, clinic.objects)
        assert.deepEqual(await wholeOf(ledger), whole, `${way} ${number}`)
        await ledger.dispositions.finish()
        await expectWrittenAnew(ledger, clinic, whole)
        if (outcome === 'done') break
      }
    })
  }

  test('where it cannot be locked as long as it has to be, nothing is moved there, and the old one stands with its key', async () => {
    const { clinic, whole } = await begun()
    const faults = objectFaults()
    faults.break('put', 'lock-refused', 'lock-lied')
    faults.break('extendLock', 'lock-refused', 'lock-lied')
    const refusing = memoryObjectStore(clinic.kept, clinic.clock, faults)
    {
      await using ledger = await openWith(clinic, refusing)
      for (const _ of ['refused', 'lied about'])
        await assert.rejects(ledger.dispositions.finish(), {
          code: 'lock-refused',
          message: /what stays is left where/,
        })
      assert.deepEqual([await liesIn(ledger), await isKeyThere(ledger, clinic.due)], [clinic.due.segment, true])
      assert.deepEqual(await states(ledger), ['disposing'])
      assert.deepEqual(await wholeOf(ledger), whole)
    }
    await using ledger = await openWith(clinic, clinic.objects)
    await ledger.dispositions.finish()
    await expectWrittenAnew(ledger, clinic, whole)
  })

  test('a segment that cannot be written anew keeps no other from going', async () => {
    const hipaa = { compliance_domains: ['hipaa'], retention_class: 'hipaa' }
    const story = [...STORY, noted('Eve has a cold.', hipaa), noted('Eve is well.', hipaa)]
    const clinic = await makeDispositionClinic(join(home, 'two'), story, backend)
    const there: MemoryObjects = new Map()
    const objects = memoryObjectStore(there, clinic.clock)
    await using ledger = await openWith(clinic, objects)
    const segments = await archiveAll(ledger, objects)
    const [damaged, other] = [STAYS, STORY.length + 1].map(
      (seq) => segments.find(({ runs }) => [...seqsOf(runs)].includes(seq)) ?? assert.fail(),
    )
    assert.ok(damaged && other && damaged !== other)
    for (const seq of [STAYS, STORY.length + 1]) await keepLonger(ledger, seq)
    const { object } = segmentKeys(damaged.segment)
    const whole = there.get(object) ?? assert.fail()
    there.set(object, { bytes: Buffer.concat([whole.bytes, Buffer.of(1)]) })
    await assert.rejects(disposeOfAll(ledger, clinic), { code: 'archive-altered' })
    const [{ objects: standing = [] } = assert.fail()] = await ledger.dispositions.standing()
    assert.deepEqual(
      standing.map(({ key, fate }) => [key, fate]),
      [[object, 'waits']],
    )
    assert.deepEqual([await isKeyThere(ledger, damaged), await isKeyThere(ledger, other)], [true, false])
    assert.equal(there.has(segmentKeys(other.segment).object), false)
    there.set(object, whole)
    await ledger.dispositions.finish()
    assert.deepEqual([await states(ledger), await isKeyThere(ledger, damaged)], [['disposed'], false])
  })

  test('a stub that is turned back to a segment which was replaced is found', async () => {
    const { clinic } = await begun()
    const { objects, origin, folder, verifierKey, approver, due } = clinic
    async function verdict(): Promise<Report> {
      await using ledger = await openWith(clinic, objects)
      const key = parseVerifierKey(verifierKey)
      assert.ok(!('code' in key))
      const reader = createArchiveReader({ objects, ledger: origin, keyring: ledger.archival.keyring })
      return await verifyHome(folder, {
        trust: { kind: 'pinned', keys: [key] },
        anchors: [await localAnchor(folder)],
        approvers: [approver.verifierKey],
        archiveOf: () => storedArchive(reader),
      })
    }
    const stub = async (): Promise<Uint8Array> => {
      await using ledger = await openWith(clinic, objects)
      await ledger.dispositions.finish()
      const [row] = await ledger.archival.rows.entries(origin, { from_seq: STAYS }, { limit: 1, order: 'ascending' })
      return row?.entry ?? assert.fail()
    }
    const honest = Buffer.from(await stub()).toString()
    const before = await verdict()
    assert.deepEqual([before.status, before.findings], ['valid', []])
    const back = honest.replace(/"segment":"[0-9a-f]+"/, `"segment":"${due.segment}"`)
    assert.notEqual(back, honest)
    await backend.tamper(folder, [['UPDATE entries SET entry = ? WHERE seq = ?', Buffer.from(back), STAYS]])
    const { findings } = await verdict()
    assert.ok(
      findings.some(({ code, seq }) => code === 'archived-unrecorded' && seq === STAYS),
      JSON.stringify(findings),
    )
  })
}

function unlessFault(error: unknown): void {
  if (!(error instanceof Killed || error instanceof LedgerError)) throw error
}
