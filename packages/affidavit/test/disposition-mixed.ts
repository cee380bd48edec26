// A segment of which some records are destroyed and others stay (spec/archive.md §9): what stays is written anew, and the rest goes with its key.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { openSegment } from '../src/archive/open-segment.ts'
import { createArchiveReader } from '../src/archive/reader.ts'
import { removeArchived } from '../src/archive/remove.ts'
import { restoreRecords } from '../src/archive/restore.ts'
import { rewriteSegment } from '../src/archive/rewrite-segment.ts'
import { archiveStatus } from '../src/archive/status.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { storedArchive } from '../src/embedded/stored-archive.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { segmentKeys } from '../src/formats/segment.ts'
import { seqsOf } from '../src/formats/seq-runs.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import type { ArchiveReader } from '../src/ledger/archive-reader.ts'
import { readSegments, type StandingSegment } from '../src/ledger/archived-segments.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { Killed, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { type ObjectFault, type ObjectOperation, objectFaults } from '../src/testing/object-faults.ts'
import type { Report } from '../src/verify/report.ts'
import { all } from './archived-clinic.ts'
import { type Backend, doesAll } from './backend.ts'
import {
  type Archived,
  archiveAll,
  archivedClinics,
  by,
  bytesAt,
  expectArchiveWhole,
  isKeyThere,
  keepLonger,
  letLeave,
  openWith,
  partsOf,
  set,
  states,
} from './disposition-archived.ts'
import { DAY, disposeOfAll, noted, openClinic, orderOf, planOf, sameTime } from './disposition-clinic.ts'
import { openToDie, waysToFail, whenToFail } from './dying-ledger.ts'
import { verifyHome } from './verify-home.ts'

/** Of the records 1 to 4, which lie in one segment, this one stays. */
const STAYS = 2
/** Of the faults that there may be, one in so many is tried, but for AFFIDAVIT_SOAK=1. */
const FEW = 7

/** Where it lies, as its stub says; nothing where it stands in its row. */
async function liesIn({ archival: { rows, ledger } }: Ledger): Promise<string | undefined> {
  const [row] = await rows.entries(ledger, { from_seq: STAYS }, { limit: 1, order: 'ascending' })
  return JSON.parse(Buffer.from(row?.entry ?? []).toString())._stub?.segment
}

/** The segments that hold it, the oldest first. */
async function holding({ archival: { store, ledger } }: Ledger): Promise<readonly StandingSegment[]> {
  return (await readSegments(store, ledger)).filter(({ runs }) => [...seqsOf(runs)].includes(STAYS))
}

/** Until when object and manifest are locked. */
function lockOf({ kept }: Archived, { segment }: Pick<StandingSegment, 'segment'>): number {
  return Math.min(...Object.values(segmentKeys(segment)).map((key) => kept.get(key)?.locked_until ?? 0))
}

/** Its entry and its sealed content, wherever they are read. */
async function wholeOf(ledger: Ledger): Promise<readonly string[]> {
  const { store, ledger: origin } = ledger.archival
  const { content = [] } = (await ledger.at(STAYS)) ?? assert.fail()
  const sealed: string[] = []
  for (const { blob_id } of content)
    sealed.push(Buffer.from((await store.payload(origin, blob_id))?.sealed ?? []).toString('hex'))
  return [await bytesAt(ledger, STAYS), ...sealed]
}

/** The rest was destroyed with its key and is on its way out; what stays lies in one segment, to the byte, and reads as before. */
async function expectWrittenAnew(
  ledger: Ledger,
  clinic: Archived,
  whole: readonly string[],
  stays: readonly number[] = [STAYS],
): Promise<void> {
  const [old, anew, ...more] = await holding(ledger)
  assert.ok(old && anew && more.length === 0)
  assert.deepEqual([old.segment, old.state], [clinic.due.segment, 'replaced'])
  assert.deepEqual([anew.replaces, anew.state, [...seqsOf(anew.runs)]], [old.segment, 'in force', stays])
  assert.deepEqual([await isKeyThere(ledger, old), await isKeyThere(ledger, anew)], [false, true])
  assert.deepEqual(await wholeOf(ledger), whole)
  const opened = await openSegment({ objects: clinic.objects, keyring: ledger.archival.keyring }, anew)
  assert.equal(Buffer.from(opened.entries.get(STAYS) ?? []).toString('latin1'), whole[0])
  const { content = [] } = (await ledger.at(STAYS)) ?? assert.fail()
  assert.deepEqual(
    content.map((reference) => Buffer.from(opened.payload(reference) ?? []).toString('hex')),
    whole.slice(1),
  )
  const lies = await liesIn(ledger)
  assert.ok([undefined, anew.segment].includes(lies))
  if (lies !== undefined) assert.ok(lockOf(clinic, anew) > clinic.clock.now())
  await expectArchiveWhole(ledger, clinic, clinic.objects)
}

export function testDispositionMixed(backend: Backend): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-mixed-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  const copied = archivedClinics(backend, home)

  interface Story {
    /** Of the records that are due, those that stay; one where left out. */
    readonly stay?: readonly number[]
    readonly lies?: 'in the archive alone' | 'in the database'
  }

  /** A clinic that keeps some of what is due for longer. */
  async function kept(story: Story = {}): Promise<{ readonly clinic: Archived; readonly whole: readonly string[] }> {
    const { stay = [STAYS], lies = 'in the archive alone' } = story
    const clinic = await copied()
    await using ledger = await openWith(clinic, clinic.objects)
    const whole = await wholeOf(ledger)
    for (const seq of stay) await keepLonger(ledger, seq)
    if (lies === 'in the database') return { clinic, whole }
    for (const { state } of await letLeave(ledger, clinic.objects)) assert.equal(state, 'removed')
    assert.equal(await liesIn(ledger), clinic.due.segment)
    return { clinic, whole }
  }

  /** The same, where the rest was destroyed, and nobody has touched the archive since. */
  async function begun(story?: Story): ReturnType<typeof kept> {
    const { clinic, whole } = await kept(story)
    const { objects, origin } = clinic
    // With what reads the archive at hand, and nothing that takes anything out of it.
    const archiveReader: ArchiveReader = {
      entries: (places) => reader().entries(places),
      chunks: (place, blob_id) => reader().chunks(place, blob_id),
    }
    await using ledger: Ledger = await openClinic(clinic, { archiveReader, access: clinic.policy })
    const reader = (): ArchiveReader =>
      createArchiveReader({ objects, ledger: origin, keyring: ledger.archival.keyring })
    const done = await disposeOfAll(ledger, clinic)
    assert.deepEqual(
      done.standing.objects?.map(({ fate }) => fate),
      ['waits'],
    )
    return { clinic, whole }
  }

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
      await rewriteSegment({ ...ledger.archival, objects }, set, clinic.due).catch(unlessFault)
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

  test('what is destroyed while it is written anew is in no segment on record, and that is written again without it', async () => {
    const { clinic } = await begun({ stay: [STAYS, STAYS + 1] })
    await using ledger = await openWith(clinic, clinic.objects)
    const objects = whenFirst(clinic.objects, 'put', () => destroyBehind(ledger))
    await assert.rejects(rewriteSegment({ ...ledger.archival, objects }, set, clinic.due), {
      code: 'not-committed',
      message: /seq 3 was destroyed while/,
    })
    assert.deepEqual((await holding(ledger)).length, 1)
    await rewriteSegment({ ...ledger.archival, objects }, set, clinic.due)
    const [, anew] = await holding(ledger)
    assert.deepEqual([...seqsOf(anew?.runs ?? [])], [STAYS])
  })

  test('what was written anew twice, before anything was moved, is moved to where it lies at last', async () => {
    const { clinic, whole } = await begun({ stay: [STAYS, STAYS + 1] })
    await using ledger = await openWith(clinic, clinic.objects)
    const dying = whenFirst(ledger.archival.rows, 'moveEntries', () => Promise.reject(new Killed('the power is gone')))
    const dead = { ...ledger.archival, rows: dying, objects: clinic.objects }
    await assert.rejects(rewriteSegment(dead, set, clinic.due), Killed)
    const [, first = assert.fail()] = await holding(ledger)
    await destroyBehind(ledger)
    const parts = { ...ledger.archival, objects: clinic.objects }
    await rewriteSegment(parts, set, first)
    await rewriteSegment(parts, set, clinic.due)
    const [old, between, last] = await holding(ledger)
    assert.deepEqual([old?.state, between?.state, last?.state], ['replaced', 'replaced', 'in force'])
    assert.equal(await liesIn(ledger), last?.segment)
    assert.deepEqual(await wholeOf(ledger), whole)
  })

  test('what leaves the database meanwhile is judged anew, and names no segment that is about to go', async () => {
    const { clinic, whole } = await begun({ stay: [STAYS], lies: 'in the database' })
    await using ledger = await openWith(clinic, clinic.objects)
    const rows = whenFirst(ledger.archival.rows, 'replaceEntries', async () => {
      await ledger.dispositions.finish()
      assert.equal(await isKeyThere(ledger, clinic.due), false)
    })
    const parts = { ...(await partsOf(ledger, clinic.objects)), rows }
    const removal = { set, by, mode: 'run', publish: () => ledger.publish() } as const
    const removed = await all(removeArchived(parts, removal))
    assert.equal(removed.find(({ segment }) => segment === clinic.due.segment)?.state, 'refused')
    assert.equal(await liesIn(ledger), undefined)
    await expectWrittenAnew(ledger, clinic, whole)
    await letLeave(ledger, clinic.objects)
    await expectWrittenAnew(ledger, clinic, whole)
  })

  test('whoever reads meanwhile, by where it lay before, reads it where it lies now', async () => {
    const { clinic, whole } = await begun()
    await using ledger = await openWith(clinic, clinic.objects)
    const { object } = segmentKeys(clinic.due.segment)
    const late = whenFirst(clinic.objects, 'get', async () => {
      await ledger.dispositions.finish()
      clinic.kept.delete(object)
    })
    await using other = await openWith(clinic, late)
    assert.deepEqual(await wholeOf(other), whole)
  })

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

  test('an archiver that died goes on below its checkpoint, whatever was written anew since', async () => {
    const { clinic, whole } = await begun()
    await using ledger = await openWith(clinic, clinic.objects)
    await ledger.append(noted('Cy has a cough.'))
    const dying = objectFaults()
    dying.break('put', undefined, undefined, 'killed-after')
    await assert.rejects(archiveAll(ledger, memoryObjectStore(clinic.kept, clinic.clock, dying)))
    await ledger.dispositions.finish()
    await ledger.append(noted('Cy is well.'))
    await archiveAll(ledger, clinic.objects)
    const { store, ledger: origin } = ledger.archival
    const onRecord = new Set(
      (await readSegments(store, origin)).flatMap(({ segment }) => Object.values(segmentKeys(segment))),
    )
    const strays = [...clinic.kept.keys()].filter((key) => key.startsWith('segments/') && !onRecord.has(key))
    assert.deepEqual(strays, [])
    await expectWrittenAnew(ledger, clinic, whole)
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

  test('an archiver goes on meanwhile, and archives nothing twice', async () => {
    const { clinic, whole } = await begun()
    await using ledger = await openWith(clinic, clinic.objects)
    await using other = await openWith(clinic, clinic.objects)
    await other.append(noted('Cy has a cough.'))
    const objects = whenFirst(clinic.objects, 'put', async () => {
      assert.ok((await archiveAll(other, clinic.objects)).length > 0)
    })
    await rewriteSegment({ ...ledger.archival, objects }, set, clinic.due)
    await ledger.dispositions.finish()
    await archiveAll(other, clinic.objects)
    const { store, ledger: origin } = ledger.archival
    const first = (await readSegments(store, origin)).filter(({ replaces }) => replaces === undefined)
    const seqs = first.flatMap(({ runs }) => [...seqsOf(runs)])
    assert.equal(new Set(seqs).size, seqs.length)
    await expectWrittenAnew(ledger, clinic, whole)
  })
}

const DESTROYED = { state: 'disposed', manifest: 'd2'.repeat(32) } as const

/** The record behind the one that stays goes, as another disposition lets it. */
async function destroyBehind({ archival: { rows, ledger } }: Ledger): Promise<void> {
  const [row = assert.fail()] = await rows.entries(ledger, { from_seq: STAYS + 1 }, { limit: 1, order: 'ascending' })
  const gone = { seq: row.seq, leaf: row.nodes.slice(0, 32), mark: DESTROYED }
  await rows.replaceEntries(ledger, { entries: [gone], judged: { size: 0, unless: [] } })
}

/** The same, where something happens before the first of these calls is done. */
function whenFirst<Parts extends object>(
  parts: Parts,
  call: keyof Parts & string,
  happens: () => Promise<void>,
): Parts {
  let isFirst = true
  return new Proxy(parts, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || name !== call) return member
      return async (...args: readonly unknown[]) => {
        if (isFirst) {
          isFirst = false
          await happens()
        }
        return Reflect.apply(member, target, args)
      }
    },
  })
}

function unlessFault(error: unknown): void {
  if (!(error instanceof Killed || error instanceof LedgerError)) throw error
}
