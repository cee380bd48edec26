import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { recordsOf, unchecked } from '../../test/late-facts-story.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import type { PreparedDraft } from '../ledger/store.ts'
import { samples } from '../testing/sample-drafts.ts'
import { factsOf, type Placed } from './facts.ts'
import { holdsIn } from './holds.ts'
import { linkedSubjects, recordsLinkedTo } from './linked.ts'

const { prepare, prepareOwn, id } = samples('holds.example/a/0123456789abcdef')
const SAM = { actor_id: 'sam', actor_type: 'user' } as const

function hold(n: number, query: object, more: Partial<Draft> = {}): Draft {
  const details = { matter: 'm', ...(Object.keys(query).length === 0 ? {} : { query }) }
  return {
    ...SAM,
    id: id(n),
    action: 'hold_placed',
    on_behalf_of: 'kim',
    outcome_reason: 'r',
    ...more,
    details: { ...details, ...more.details },
  }
}

/** Of the hold as it came to stand. */
function releaseOf(n: number, of: AuditRecord | undefined): Draft {
  const hash = of?.integrity_hash ?? '00'.repeat(32)
  const digests = { hold_sha256: hash, release_sha256: '00'.repeat(32), approval_sha256: '00'.repeat(32) }
  const details = { matter: 'm', release: 'the paper', approval: 'the note', ...digests }
  return { ...SAM, id: id(n), action: 'hold_released', parent_id: of?.id ?? id(999), outcome_reason: 'r', details }
}

function holdsBelow(records: readonly AuditRecord[], size = records.length): ReturnType<typeof holdsIn> {
  const below = records.slice(0, size)
  return holdsIn(below, factsOf(below).facts)
}

/** Places drafts one by one, so that a release can name what stands. */
function grown(steps: readonly ((records: readonly AuditRecord[], n: number) => Draft)[]): AuditRecord[] {
  const prepared: PreparedDraft[] = []
  for (const [n, step] of steps.entries()) {
    const draft = { ...step(recordsOf(prepared), n), id: id(n) }
    prepared.push(draft.action.startsWith('hold_') ? prepareOwn(draft) : prepare(draft))
  }
  return recordsOf(prepared)
}

const ids = (holds: readonly { readonly seq: number }[]): number[] => holds.map(({ seq }) => seq)
const record = (fields: Partial<Draft>): (() => Draft) => {
  return () => ({ action: 'data_accessed', actor_id: 'agent-1', actor_type: 'agent', ...fields })
}

test('a hold binds what was recorded before it, and what is recorded later', () => {
  const records = grown([
    record({ conversation_id: 'c-1' }),
    (_, n) => hold(n, { conversation_id: 'c-1' }),
    record({ conversation_id: 'c-1' }),
    record({ conversation_id: 'c-2' }),
  ])
  const { holdsOn } = holdsBelow(records)
  assert.deepEqual(
    records.map((one) => ids(holdsOn(one))),
    [[1], [], [1], []],
  )
})

test('releasing one of two holds changes nothing for a record that the other binds', () => {
  const records = grown([
    record({ conversation_id: 'c-1', agent_name: 'a' }),
    (_, n) => hold(n, { conversation_id: 'c-1' }),
    (_, n) => hold(n, { agent_name: 'a' }),
    (before, n) => releaseOf(n, before[1]),
    (before, n) => releaseOf(n, before[2]),
  ])
  const bound = records.map((_, size) => ids(holdsBelow(records, size + 1).holdsOn(records[0] ?? assert.fail())))
  assert.deepEqual(bound, [[], [1], [1, 2], [2], []])
})

test('a release of nothing that stands, or of another hold, releases nothing and is reported', () => {
  const records = grown([
    record({ conversation_id: 'c-1' }),
    (_, n) => hold(n, { conversation_id: 'c-1' }),
    (_, n) => releaseOf(n, undefined),
    (before, n) => ({ ...releaseOf(n, before[1]), details: { ...releaseOf(n, before[0]).details } }),
  ])
  const { standing, ignored } = holdsBelow(records)
  assert.deepEqual([ids(standing), ignored.map(({ seq }) => seq)], [[1], [2, 3]])
})

test('a hold that is not in its form binds nothing and is reported', () => {
  const records = recordsOf([unchecked({ ...hold(0, {}), on_behalf_of: 'kim' })])
  const { placed, ignored } = holdsBelow(records)
  assert.deepEqual([placed, ignored.map(({ why }) => why)], [[], ['form']])
})

test('a record whose claimed time was set out of the period is bound by when it was recorded', () => {
  const records = grown([
    record({ timestamp: '2001-01-01T00:00:00.000Z' }),
    (_, n) => hold(n, { from: '2026-01-01T00:00:00.000Z' }),
    (_, n) => hold(n, { until: '2002-01-01T00:00:00.000Z' }),
    (_, n) => hold(n, { from: '2010-01-01T00:00:00.000Z', until: '2011-01-01T00:00:00.000Z' }),
  ])
  assert.deepEqual(ids(holdsBelow(records).holdsOn(records[0] ?? assert.fail())), [1, 2])
})

test('a record is bound by what an amendment says that it should have been, and by what it says itself', () => {
  const amends = (field: string, value: string) => (): Draft => ({
    ...SAM,
    action: 'record_amended',
    parent_id: id(0),
    [field]: value,
    ...(field === 'resource_id' ? { resource_type: 'account' } : {}),
    details: { reason: 'x', amends: [field] },
  })
  const records = grown([
    record({ resource_type: 'account', resource_id: 'wrong' }),
    (_, n) => hold(n, { resource_type: 'account', resource_id: 'right' }),
    (_, n) => hold(n, { resource_type: 'account', resource_id: 'wrong' }),
    (_, n) => hold(n, { actor_id: 'dr-lee' }),
    amends('resource_id', 'right'),
    amends('on_behalf_of', 'dr-lee'),
  ])
  const first = records[0] ?? assert.fail()
  assert.deepEqual(
    [4, 5, 6].map((size) => ids(holdsBelow(records, size).holdsOn(first))),
    [[2], [1, 2], [1, 2, 3]],
  )
})

test('a link that is taken back behind a hold takes nothing out of it, and binds nothing anew', () => {
  const linked = (): Draft => ({ ...SAM, action: 'subject_linked', subject_ids: ['a', 'b'], details: { reason: 'x' } })
  const records = grown([
    record({ subject_ids: ['b'] }),
    linked,
    (_, n) => hold(n, {}, { subject_ids: ['a'] }),
    ([, link]) => ({
      ...{ ...SAM, action: 'subject_unlinked', parent_id: link?.id ?? assert.fail() },
      ...{ subject_ids: ['a', 'b'], details: { reason: 'x' } },
    }),
    (_, n) => hold(n, {}, { subject_ids: ['a'] }),
  ])
  const first = records[0] ?? assert.fail()
  assert.deepEqual(ids(holdsBelow(records).holdsOn(first)), [2])
})

// --- against a naive reader of the page ---

const subject = fc.constantFrom('a', 'b', 'c')
const conversation_id = fc.constantFrom('c-1', 'c-2')
const agent_name = fc.constantFrom('x', 'y')
const resource = fc.constantFrom({}, { resource_type: 'account' }, { resource_type: 'account', resource_id: 'r-1' })
const hour = fc.integer({ min: 0, max: 3 }).map((n) => `2026-11-21T${String(8 + n).padStart(2, '0')}:00:00.000Z`)
const few: { requiredKeys: []; noNullPrototype: true } = { requiredKeys: [], noNullPrototype: true }

const step: fc.Arbitrary<(records: readonly AuditRecord[], n: number) => Draft> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.record(
          { conversation_id, agent_name, on_behalf_of: subject, timestamp: hour, subject_ids: fc.tuple(subject) },
          few,
        ),
        resource,
      )
      .map(([fields, touched]) => record({ ...fields, ...touched })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.record(
          { conversation_id, agent_name, actor_id: fc.oneof(subject, fc.constant('agent-1')), from: hour },
          few,
        ),
        resource,
        fc.option(subject, { nil: undefined }),
      )
      .map(([query, touched, about]) => (_: readonly AuditRecord[], n: number) => {
        const all = { ...query, ...touched }
        const isNarrowed = Object.keys(all).length > 0 || about !== undefined
        const more = about === undefined ? {} : { subject_ids: [about] }
        return hold(n, all, isNarrowed ? more : { details: { everything: 'yes' } })
      }),
  },
  fc.nat({ max: 9 }).map((which) => (records: readonly AuditRecord[], n: number) => releaseOf(n, records[which])),
  fc.uniqueArray(subject, { minLength: 2, maxLength: 2 }).map((subject_ids) => (): Draft => {
    return { ...SAM, action: 'subject_linked', subject_ids, details: { reason: 'x' } }
  }),
  fc.tuple(fc.nat({ max: 9 }), subject).map(([n, one]) => (): Draft => {
    return { ...SAM, action: 'content_linked', parent_id: id(n), subject_ids: [one], details: { reason: 'x' } }
  }),
  fc.nat({ max: 9 }).map((which) => (records: readonly AuditRecord[]): Draft => {
    const { id: parent_id = id(which), subject_ids = ['a'] } = records[which] ?? {}
    return { ...SAM, action: 'subject_unlinked', parent_id, subject_ids, details: { reason: 'x' } }
  }),
)

test('a naive reader of the page finds the same holds on every record, after each step of any history', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 10 }), (steps) => {
      const records = grown(steps)
      for (const [n] of records.entries()) {
        const { holdsOn } = holdsBelow(records, n + 1)
        for (const one of records) assert.deepEqual(ids(holdsOn(one)), naive(one, records.slice(0, n + 1)))
      }
    }),
    { numRuns: 150 },
  )
})

function naive(one: AuditRecord, below: readonly AuditRecord[]): number[] {
  // Whoever takes a link back behind a hold takes nothing out of it.
  const factsFor = (hold: AuditRecord): readonly Placed[] =>
    factsOf(below.filter(({ action, seq }) => action !== 'subject_unlinked' || seq < hold.seq)).facts
  const released = (placed: AuditRecord): boolean =>
    below.some(({ action, parent_id, details, seq }) => {
      const isOfIt = parent_id === placed.id && details?.hold_sha256 === placed.integrity_hash
      return action === 'hold_released' && isOfIt && seq > placed.seq
    })
  const bound = below.filter(({ action }) => action === 'hold_placed').filter((placed) => !released(placed))
  return bound
    .filter((placed) => fits(one, placed.details?.query ?? {}, placed.subject_ids, factsFor(placed)))
    .map(({ seq }) => seq)
}

function fits(
  one: AuditRecord,
  query: object,
  subjects: readonly string[] | undefined,
  facts: readonly Placed[],
): boolean {
  const same = (subject: string): string[] => linkedSubjects(facts, subject)
  const wanted = Object.entries(query).every(([name, value]) => {
    if (name === 'from') return one.timestamp >= value || one.recorded_at >= value
    if (name === 'agent_name') return (one.agent_name ?? (one.actor_type === 'agent' ? one.actor_id : '')) === value
    if (name === 'actor_id')
      return [one.actor_id, one.on_behalf_of].some((who) => who !== undefined && same(value).includes(who))
    return Reflect.get(one, name) === value
  })
  if (!wanted || subjects === undefined) return wanted
  const persons = subjects.flatMap(same)
  const about = facts.filter((fact) => fact.action !== 'content_linked' || fact.seq > one.seq)
  const linked = recordsLinkedTo(about, persons).some(({ id }) => id === one.id)
  return linked || persons.some((person) => one.subject_ids?.includes(person))
}
