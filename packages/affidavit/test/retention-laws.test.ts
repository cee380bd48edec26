// Laws of judgements, for any record, anything known of it, and any policies; and a second model that says the same.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { disposition } from '../src/retention/disposition.ts'
import { judge } from '../src/retention/judge.ts'
import { judging } from '../src/retention/judge-many.ts'
import type { Bound } from '../src/retention/judgement.ts'
import { ANCHORS } from '../src/retention/policy.ts'
import { anyAnchors, anyDay, anyInstant, anyPolicy, anyRecord, anySetParts, setOf } from './any-retention.ts'
import { naiveDisposition } from './oracle/naive-retention.ts'

const numRuns = process.env.AFFIDAVIT_SOAK === '1' ? 50_000 : 1_500
const PARTS = ['envelope', 'content'] as const

/** Where a minimum lies: one that waits ends later than any day. */
function place(bound: Bound): number {
  if (bound.state === 'waits') return Number.POSITIVE_INFINITY
  return bound.state === 'none' ? Number.NEGATIVE_INFINITY : bound.until
}

function leastOf(bound: Bound): number {
  return bound.state === 'waits' ? (bound.at_least ?? Number.NEGATIVE_INFINITY) : place(bound)
}

test('another policy makes no minimum earlier', () => {
  fc.assert(
    fc.property(anyRecord, anyAnchors, anySetParts, anyPolicy, anyInstant, (record, anchors, set, policy, at) => {
      // A policy for content alone gives it a clock of its own, which need not be the envelope’s.
      const before = judge(record, anchors, setOf(set), at).spans.envelope
      const after = judge(record, anchors, setOf({ ...set, policies: [...set.policies, policy] }), at).spans.envelope
      assert.ok(place(after.minimum) >= place(before.minimum))
      assert.ok(leastOf(after.minimum) >= leastOf(before.minimum))
      assert.ok(after.classified || !before.classified)
    }),
    { numRuns },
  )
})

test('a later day of an anchor makes no minimum earlier, and no maximum either', () => {
  const later = fc.tuple(fc.constantFrom(...ANCHORS.slice(0, 8)), anyDay, anyDay)
  fc.assert(
    fc.property(anyRecord, anyAnchors, anySetParts, later, anyInstant, (record, anchors, set, [anchor, a, b], at) => {
      const [one, other] = [a, b]
        .sort()
        .map((day) => judge(record, new Map([...anchors, [anchor, day ?? '']]), setOf(set), at))
      for (const part of PARTS) {
        assert.ok(
          place(other?.spans[part].minimum ?? { state: 'none' }) >=
            place(one?.spans[part].minimum ?? { state: 'none' }),
        )
        const [early, late] = [one, other].map((judged) => judged?.spans[part].maximum)
        if (early?.state === 'until' && late?.state === 'until') assert.ok(late.until >= early.until)
      }
    }),
    { numRuns },
  )
})

test('what becomes known ends no wait early: what was known at least stays so', () => {
  const known = fc.tuple(fc.constantFrom(...ANCHORS.slice(0, 8)), anyDay)
  fc.assert(
    fc.property(anyRecord, anySetParts, known, anyInstant, (record, set, [anchor, day], at) => {
      const before = judge(record, new Map(), setOf(set), at)
      const after = judge(record, new Map([[anchor, day]]), setOf(set), at)
      for (const part of PARTS) assert.ok(leastOf(after.spans[part].minimum) >= leastOf(before.spans[part].minimum))
    }),
    { numRuns },
  )
})

test('a hold changes no period: what is not held is as it was, and what is held may not go', () => {
  fc.assert(
    fc.property(anyRecord, anyAnchors, anySetParts, anyInstant, (record, anchors, set, at) => {
      const judgement = judge(record, anchors, setOf(set), at)
      for (const part of ['record', 'content'] as const) {
        const free = disposition(judgement, part, [], at)
        const bound = disposition(judgement, part, ['a hold'], at)
        if (free.state === 'due' || free.state === 'free') assert.deepEqual(bound, { state: 'held', holds: ['a hold'] })
        else assert.deepEqual(bound, free)
      }
    }),
    { numRuns },
  )
})

test('nothing is due before a minimum, in conflict, while it waits, or unclassified', () => {
  fc.assert(
    fc.property(anyRecord, anyAnchors, anySetParts, anyInstant, (record, anchors, set, at) => {
      const judgement = judge(record, anchors, setOf(set), at)
      if (disposition(judgement, 'record', [], at).state !== 'due') return
      for (const { minimum } of judgement.applied) {
        if (minimum !== undefined) assert.ok(minimum.state === 'counted' && minimum.until <= at)
      }
      assert.ok(
        judgement.spans.envelope.classified && !judgement.spans.envelope.conflict && !judgement.spans.content.conflict,
      )
    }),
    { numRuns },
  )
})

test('records that are judged together are judged as each alone', () => {
  fc.assert(
    fc.property(anyRecord, anyRecord, anyAnchors, anySetParts, anyInstant, (record, other, anchors, parts, at) => {
      const set = setOf(parts)
      const together = judging(set, at)
      // Each differs from the first in one field.
      const fields = Object.entries(other).map((field) => ({ ...record, ...Object.fromEntries([field]) }))
      for (const one of [record, ...fields, record]) {
        assert.deepEqual(together(one, anchors), judge(one, anchors, set, at))
        assert.deepEqual(together(one, new Map()), judge(one, new Map(), set, at))
      }
    }),
    { numRuns },
  )
})

test('a second model says the same of every record', () => {
  fc.assert(
    fc.property(
      anyRecord,
      anyAnchors,
      anySetParts,
      anyInstant,
      fc.integer({ min: 0, max: 1 }),
      (record, anchors, set, at, holds) => {
        const bound = Array.from({ length: holds }, (_, i) => `hold ${i}`)
        const ours = disposition(judge(record, anchors, setOf(set), at), 'record', bound, at)
        const theirs = naiveDisposition({ record, anchors, set, at, holds })
        const { state } = ours
        const when = ours.state === 'kept' ? ours.until : ours.state === 'due' ? ours.since : undefined
        const overdue = ours.state === 'due' ? ours.overdue_since : undefined
        assert.deepEqual(
          { state, ...(when === undefined ? {} : { when }), ...(overdue === undefined ? {} : { overdue }) },
          theirs,
        )
      },
    ),
    { numRuns },
  )
})
