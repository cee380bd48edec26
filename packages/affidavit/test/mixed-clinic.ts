// A clinic that keeps some of the records of a segment for longer, while the others are destroyed: for tests of what becomes of that segment.

import assert from 'node:assert/strict'

import { openSegment } from '../src/archive/open-segment.ts'
import { createArchiveReader } from '../src/archive/reader.ts'
import { segmentKeys } from '../src/formats/segment.ts'
import { seqsOf } from '../src/formats/seq-runs.ts'
import type { ArchiveReader } from '../src/ledger/archive-reader.ts'
import { readSegments, type StandingSegment } from '../src/ledger/archived-segments.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Backend } from './backend.ts'
import {
  type Archived,
  type ArchivedClinics,
  archivedClinics,
  bytesAt,
  expectArchiveWhole,
  isKeyThere,
  keepLonger,
  letLeave,
  openWith,
} from './disposition-archived.ts'
import { disposeOfAll, openClinic } from './disposition-clinic.ts'

/** Of the records 1 to 4, which lie in one segment, this one stays. */
export const STAYS = 2

/** Where it lies, as its stub says; nothing where it stands in its row. */
export async function liesIn({ archival: { rows, ledger } }: Ledger): Promise<string | undefined> {
  const [row] = await rows.entries(ledger, { from_seq: STAYS }, { limit: 1, order: 'ascending' })
  return JSON.parse(Buffer.from(row?.entry ?? []).toString())._stub?.segment
}

/** The segments that hold it, the oldest first. */
export async function holding({ archival: { store, ledger } }: Ledger): Promise<readonly StandingSegment[]> {
  return (await readSegments(store, ledger)).filter(({ runs }) => [...seqsOf(runs)].includes(STAYS))
}

/** Until when object and manifest are locked. */
export function lockOf({ kept }: Archived, { segment }: Pick<StandingSegment, 'segment'>): number {
  return Math.min(...Object.values(segmentKeys(segment)).map((key) => kept.get(key)?.locked_until ?? 0))
}

/** Its entry and its sealed content, wherever they are read. */
export async function wholeOf(ledger: Ledger): Promise<readonly string[]> {
  const { store, ledger: origin } = ledger.archival
  const { content = [] } = (await ledger.at(STAYS)) ?? assert.fail()
  const sealed: string[] = []
  for (const { blob_id } of content)
    sealed.push(Buffer.from((await store.payload(origin, blob_id))?.sealed ?? []).toString('hex'))
  return [await bytesAt(ledger, STAYS), ...sealed]
}

/** The rest was destroyed with its key and is on its way out; what stays lies in one segment, to the byte, and reads as before. */
export async function expectWrittenAnew(
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

export interface Story {
  /** Of the records that are due, those that stay; one where left out. */
  readonly stay?: readonly number[]
  readonly lies?: 'in the archive alone' | 'in the database'
}

export interface MixedClinics {
  readonly copied: ArchivedClinics
  kept(story?: Story): Promise<MixedClinic>
  begun(story?: Story): Promise<MixedClinic>
}

export interface MixedClinic {
  readonly clinic: Archived
  /** What stays, as wholeOf tells it. */
  readonly whole: readonly string[]
}

export function mixedClinics(backend: Backend, home: string): MixedClinics {
  const copied = archivedClinics(backend, home)

  /** A clinic that keeps some of what is due for longer. */
  async function kept(story: Story = {}): Promise<MixedClinic> {
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
  async function begun(story?: Story): Promise<MixedClinic> {
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

  return { copied, kept, begun }
}
