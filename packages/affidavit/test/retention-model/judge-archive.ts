// What lies in the archive in a step: what stays opens there, and what was destroyed is in no object that the ledger knows of once that is
// over, nor in the database.

import assert from 'node:assert/strict'

import { createArchiveReader } from '../../src/archive/reader.ts'
import { findSegmentKey } from '../../src/archive/segment-key.ts'
import type { DispositionState } from '../../src/disposition/phases.ts'
import { planDigest } from '../../src/disposition/plan.ts'
import { segmentKeys } from '../../src/formats/segment.ts'
import { formatRuns, seqsOf } from '../../src/formats/seq-runs.ts'
import { readSegmentNote } from '../../src/formats/signed-segment.ts'
import { readSegments, type StandingSegment } from '../../src/ledger/archived-segments.ts'
import type { Paper } from './paper.ts'
import type { World } from './world.ts'

export async function judgeArchive(paper: Paper, world: World, gone: ReadonlySet<number>): Promise<void> {
  const { store, ledger } = world.process.ledger.archival
  const over = await seqsThat(world, 'disposed')
  for (const segment of await readSegments(store, ledger)) {
    const { object, manifest } = segmentKeys(segment.segment)
    const seqs = [...seqsOf(segment.runs)]
    if (segment.state !== 'replaced' && seqs.some((seq) => !gone.has(seq))) await judgeWhole(world, segment, seqs)
    const late = seqs.find((seq) => over.has(seq))
    for (const key of [object, manifest])
      assert.ok(late === undefined || !world.kept.has(key), `seq ${late} is disposed of, and in ${key}`)
  }
  await judgePayloads(paper, world)
}

/** Everything in a segment opens while something in it stays. */
async function judgeWhole(
  { process, kept, written }: World,
  { segment }: StandingSegment,
  seqs: readonly number[],
): Promise<void> {
  const { archival } = process.ledger
  const note = kept.get(segmentKeys(segment).manifest)?.bytes ?? assert.fail(`the manifest of ${segment} is there`)
  const manifest = readSegmentNote(note)
  assert.ok(typeof manifest === 'object')
  const blocks = manifest.blocks.map(({ first_seq }) => first_seq)
  const places = seqs.map((seq) => ({ seq, segment, block: blocks.findLastIndex((first) => first <= seq) }))
  const entries = await createArchiveReader({ ...archival, objects: process.objects }).entries(places)
  for (const [i, seq] of seqs.entries())
    assert.equal(Buffer.from(entries[i] ?? []).toString('latin1'), written.get(seq), `seq ${seq} opens in ${segment}`)
}

/** Seqs that went by dispositions in this state. */
async function seqsThat({ process, pending }: World, wanted: DispositionState): Promise<ReadonlySet<number>> {
  const standings = await process.ledger.dispositions.standing()
  const those = new Set(standings.flatMap(({ state, plan_sha256 }) => (state === wanted ? [plan_sha256] : [])))
  return new Set(pending.flatMap(({ order, seqs }) => (those.has(planDigest(order.plan)) ? seqs : [])))
}

async function judgePayloads({ records }: Paper, { process }: World): Promise<void> {
  const { rows, ledger } = process.ledger.archival
  for (const { seq, blob_id, fate } of records)
    if (fate === 'destroyed') assert.equal(await rows.payload(ledger, blob_id), undefined, `the content of seq ${seq}`)
}

/** When all is over nothing stands that is to go, or lies elsewhere by now, but what is locked, and no key opens that. */
export async function judgeOver({ process, time, kept }: World, gone: ReadonlySet<number>): Promise<void> {
  const { store, ledger, keyring } = process.ledger.archival
  for (const { runs, state, ...segment } of await readSegments(store, ledger)) {
    if (state !== 'replaced' && [...seqsOf(runs)].some((seq) => !gone.has(seq))) continue
    for (const key of Object.values(segmentKeys(segment.segment))) {
      const there = kept.get(key)
      assert.ok(there === undefined || (there.locked_until ?? 0) > time.now(), `${key} has no reason to stand`)
    }
    const name = { ...segment, ledger, seqs: formatRuns(runs) }
    assert.equal(await findSegmentKey({ keyring }, name), undefined, `the key of ${segment.segment}`)
  }
}
