// What happened to rows in a step, held against paper: nothing destroyed early, held or unapproved, nothing lost, and the plan says so.

import assert from 'node:assert/strict'

import { segmentKeys } from '../../src/formats/segment.ts'
import { isStub, parseStub } from '../../src/formats/stub.ts'
import { questionsOf } from '../../src/query/questions.ts'
import type { May } from './command.ts'
import { judgeArchive } from './judge-archive.ts'
import { factsOf, isHeld, type Paper, type PaperRecord, standing, stateNow } from './paper.ts'
import { atHandUntil, DAY, minimumOf } from './paper-policies.ts'
import { setOf, type World } from './world.ts'

/** By which a clock may be ahead of the time. */
const TOLERANCE = 60_000

export async function judgeStep(paper: Paper, world: World, may: May): Promise<void> {
  const { rows, ledger } = world.process.ledger.archival
  const gone: number[] = []
  const left = new Set<number>()
  for (const { seq, entry } of await rows.entries(ledger, {}, { limit: 100_000, order: 'ascending' })) {
    if (!isStub(entry)) {
      const bytes = Buffer.from(entry).toString('latin1')
      assert.equal(bytes, world.written.get(seq) ?? bytes, `seq ${seq} has its bytes`)
      world.written.set(seq, bytes)
      continue
    }
    assert.ok(world.written.has(seq), `seq ${seq} was whole once`)
    const parsed = parseStub(entry)
    assert.ok('stub' in parsed)
    const { mark } = parsed.stub
    if (mark.state === 'disposed') gone.push(seq)
    else {
      left.add(seq)
      if (!world.left.has(seq)) judgeLeft(paper, world, may, seq, segmentKeys(mark.segment).object)
    }
  }
  judgeGone(paper, world, may, gone)
  for (const seq of world.left)
    if (!left.has(seq)) assert.ok(may === 'bring back' || gone.includes(seq), `nobody brought seq ${seq} back`)
  world.left = left
  await judgeBytes(world, new Set(gone))
  await judgeArchive(paper, world, new Set(gone))
}

function recordAt({ records }: Paper, seq: number): PaperRecord {
  return (
    records.find((one) => one.seq === seq) ?? assert.fail(`nobody may let seq ${seq} go, which is the ledger’s own`)
  )
}

function judgeGone(paper: Paper, { pending }: World, may: May, gone: readonly number[]): void {
  for (const { seq, fate } of paper.records)
    if (fate === 'destroyed') assert.ok(gone.includes(seq), `seq ${seq} stays destroyed`)
  const now = gone.filter((seq) => recordAt(paper, seq).fate === 'standing')
  if (now.length === 0) return
  assert.equal(may, 'destroy', `seq ${now.join()} went, and nobody asked for that`)
  const approved = pending.some(({ leave, seqs }) => leave === 'approved' && seqs.join() === now.join())
  assert.ok(approved, `an approved plan lists seq ${now.join()}, all of it, and nothing else`)
  for (const seq of now) {
    const record = recordAt(paper, seq)
    assert.equal(stateNow(paper, record, paper.truth + TOLERANCE), 'due', `seq ${seq} was due when it went`)
    record.fate = 'destroyed'
  }
}

function judgeLeft(paper: Paper, { kept }: World, may: May, seq: number, object: string): void {
  assert.equal(may, 'take out', `seq ${seq} left, and nobody asked for that`)
  const record = recordAt(paper, seq)
  assert.ok(!isHeld(paper, record), `seq ${seq} left under a hold`)
  assert.ok(atHandUntil(paper.set, record) <= paper.clock, `seq ${seq} had to be at hand`)
  const minimum = minimumOf(paper.set, factsOf(paper, record)) ?? assert.fail(`seq ${seq} has no minimum`)
  const locked = kept.get(object)?.locked_until ?? 0
  const needed = minimum === 'open' ? paper.clock + 365 * DAY : minimum
  assert.ok(locked >= needed || needed <= paper.clock, `the only copy of seq ${seq} is locked`)
}

/** From the database or through the archive. */
async function judgeBytes({ process: { ledger }, written }: World, gone: ReadonlySet<number>): Promise<void> {
  const read = new Set<number>()
  for await (const { seq, entry } of ledger.entries({})) {
    read.add(seq)
    assert.equal(Buffer.from(entry).toString('latin1'), written.get(seq), `seq ${seq} is read as it was written`)
  }
  for (const seq of written.keys()) assert.equal(read.has(seq), !gone.has(seq), `seq ${seq} is lost`)
}

/** `retention plan` says of every record what paper says. */
export async function judgePlan(paper: Paper, { process: { ledger } }: World): Promise<void> {
  const ask = questionsOf(ledger.as({ actor_id: 'dr.lee' }))
  const { states } = await ask.retentionPlan(setOf(paper.set), { at: paper.clock, limit: 100_000 })
  const told = new Map(Object.entries(states).flatMap(([state, { listed }]) => listed.map(({ seq }) => [seq, state])))
  for (const record of standing(paper)) {
    assert.equal(told.get(record.seq), stateNow(paper, record), `what becomes of seq ${record.seq}`)
    told.delete(record.seq)
  }
  for (const [seq, state] of told) assert.equal(state, 'unclassified', `seq ${seq} is the ledger’s own, or destroyed`)
}
