// What others do while what stays of a segment is written anew (spec/archive.md §9).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCheckpoints } from '../src/archive/kept-checkpoints.ts'
import { createArchiveReader } from '../src/archive/reader.ts'
import { removeArchived } from '../src/archive/remove.ts'
import { rewriteSegment } from '../src/archive/rewrite-segment.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { storedArchive } from '../src/embedded/stored-archive.ts'
import { segmentKeys } from '../src/formats/segment.ts'
import { seqsOf } from '../src/formats/seq-runs.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { readSegments } from '../src/ledger/archived-segments.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { Killed, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { objectFaults } from '../src/testing/object-faults.ts'
import type { StoredArchive } from '../src/verify/stored/archive.ts'
import type { LedgerOptions } from '../src/verify/stored/ledger.ts'
import { all } from './archived-clinic.ts'
import type { Backend } from './backend.ts'
import { type Archived, archiveAll, by, isKeyThere, letLeave, openWith, partsOf, set } from './disposition-archived.ts'
import { noted } from './disposition-clinic.ts'
import { expectWrittenAnew, holding, liesIn, mixedClinics, STAYS, wholeOf } from './mixed-clinic.ts'
import { verifyConversationAt, verifyHome } from './verify-home.ts'

export function testDispositionMeanwhile(backend: Backend): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-meanwhile-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  const { begun } = mixedClinics(backend, home)

  test('what is destroyed while it is written anew is in no segment on record, and that is written again without it', async () => {
    const { clinic } = await begun({ stay: [STAYS, STAYS + 1] })
    await using ledger = await openWith(clinic, clinic.objects)
    const objects = whenFirst(clinic.objects, 'put', () => destroyBehind(ledger))
    await assert.rejects(
      rewriteSegment({ ...ledger.archival, objects }, { set, publish: ledger.publish }, clinic.due),
      {
        code: 'not-committed',
        message: /seq 3 was destroyed while/,
      },
    )
    assert.deepEqual((await holding(ledger)).length, 1)
    await rewriteSegment({ ...ledger.archival, objects }, { set, publish: ledger.publish }, clinic.due)
    const [, anew] = await holding(ledger)
    assert.deepEqual([...seqsOf(anew?.runs ?? [])], [STAYS])
  })

  test('what is destroyed in the moment it is put on record goes with that segment, which is written anew too', async () => {
    const { clinic, whole } = await begun({ stay: [STAYS, STAYS + 1] })
    await using ledger = await openWith(clinic, clinic.objects)
    const { recordJudged } = whenFirst(ledger.archival, 'recordJudged', () => destroyBehind(ledger))
    await rewriteSegment(
      { ...ledger.archival, recordJudged, objects: clinic.objects },
      { set, publish: ledger.publish },
      clinic.due,
    )
    await ledger.dispositions.finish()
    const [old = assert.fail(), between = assert.fail(), last = assert.fail()] = await holding(ledger)
    assert.deepEqual(
      [old, between, last].map(({ state }) => state),
      ['replaced', 'replaced', 'in force'],
    )
    const keys = await Promise.all([old, between, last].map((one) => isKeyThere(ledger, one)))
    assert.deepEqual(keys, [false, false, true])
    const [{ objects = [] } = assert.fail()] = await ledger.dispositions.standing()
    assert.deepEqual(
      objects.map(({ key }) => key),
      [old, between].map(({ segment }) => segmentKeys(segment).object).sort(),
    )
    assert.deepEqual(await wholeOf(ledger), whole)
  })

  test('what was written anew twice, before anything was moved, is moved to where it lies at last', async () => {
    const { clinic, whole } = await begun({ stay: [STAYS, STAYS + 1] })
    await using ledger = await openWith(clinic, clinic.objects)
    const dying = whenFirst(ledger.archival.rows, 'moveEntries', () => Promise.reject(new Killed('the power is gone')))
    const dead = { ...ledger.archival, rows: dying, objects: clinic.objects }
    await assert.rejects(rewriteSegment(dead, { set, publish: ledger.publish }, clinic.due), Killed)
    const [, first = assert.fail()] = await holding(ledger)
    await destroyBehind(ledger)
    const parts = { ...ledger.archival, objects: clinic.objects }
    await rewriteSegment(parts, { set, publish: ledger.publish }, first)
    await rewriteSegment(parts, { set, publish: ledger.publish }, clinic.due)
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

  test('of what was moved, a conversation proves by itself where it lies', async () => {
    const { clinic } = await begun()
    const { objects, folder, origin } = clinic
    await using ledger = await openWith(clinic, objects)
    const { archival, publish } = ledger
    const rows = {
      ...archival.rows,
      async moveEntries(...words: Parameters<typeof archival.rows.moveEntries>) {
        await archival.rows.moveEntries(...words)
        throw new Killed('the power is gone')
      },
    }
    await assert.rejects(rewriteSegment({ ...archival, rows, objects }, { set, publish }, clinic.due), Killed)
    assert.notEqual(await liesIn(ledger), clinic.due.segment)
    const { conversation_id = assert.fail() } = (await ledger.at(STAYS)) ?? assert.fail()
    const reader = createArchiveReader({ objects, ledger: origin, keyring: archival.keyring })
    const archiveOf = (): StoredArchive => storedArchive(reader)
    const { status, findings } = await verifyConversationAt(folder, {
      ...(await trustOf(clinic)),
      ...{ conversation_id, archiveOf },
    })
    assert.deepEqual([status, findings], ['valid', []])
  })

  test('whoever verifies meanwhile accuses nobody', async () => {
    const { clinic } = await begun()
    const { objects, folder, origin } = clinic
    await using ledger = await openWith(clinic, objects)
    const reader = createArchiveReader({ objects, ledger: origin, keyring: ledger.archival.keyring })
    const archive = whenFirst(storedArchive(reader), 'entries', async () => void (await ledger.dispositions.finish()))
    const report = await verifyHome(folder, { ...(await trustOf(clinic)), archiveOf: () => archive })
    const unread = report.findings.filter(({ code }) => code === 'archived-not-read')
    assert.deepEqual(report.findings, unread)
    assert.equal(await isKeyThere(ledger, clinic.due), false)
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
    for (const { where } of runCheckpoints(origin, await readSegments(store, origin)))
      assert.ok(clinic.kept.has(where), where)
    await expectWrittenAnew(ledger, clinic, whole)
  })

  test('an archiver goes on meanwhile, and archives nothing twice', async () => {
    const { clinic, whole } = await begun()
    await using ledger = await openWith(clinic, clinic.objects)
    await using other = await openWith(clinic, clinic.objects)
    await other.append(noted('Cy has a cough.'))
    const objects = whenFirst(clinic.objects, 'put', async () => {
      assert.ok((await archiveAll(other, clinic.objects)).length > 0)
    })
    await rewriteSegment({ ...ledger.archival, objects }, { set, publish: ledger.publish }, clinic.due)
    await ledger.dispositions.finish()
    await archiveAll(other, clinic.objects)
    const { store, ledger: origin } = ledger.archival
    const first = (await readSegments(store, origin)).filter(({ replaces }) => replaces === undefined)
    const seqs = first.flatMap(({ runs }) => [...seqsOf(runs)])
    assert.equal(new Set(seqs).size, seqs.length)
    await expectWrittenAnew(ledger, clinic, whole)
  })
}

async function trustOf(clinic: Archived): Promise<Pick<LedgerOptions, 'trust' | 'anchors' | 'approvers'>> {
  const key = parseVerifierKey(clinic.verifierKey)
  assert.ok(!('code' in key))
  return {
    trust: { kind: 'pinned', keys: [key] },
    anchors: [await localAnchor(clinic.folder)],
    approvers: [clinic.approver.verifierKey],
  }
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
