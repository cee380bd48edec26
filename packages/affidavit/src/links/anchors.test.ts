import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { recordsOf } from '../../test/late-facts-story.ts'
import { RECORDED_ANCHORS } from '../formats/anchors.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import type { RetentionAnchor } from '../formats/late-facts.ts'
import { ANCHORS } from '../retention/policy.ts'
import { samples } from '../testing/sample-drafts.ts'
import { anchorsIn, type KnownAnchor } from './anchors.ts'
import { factsOf, type Placed } from './facts.ts'
import { linkedSubjects, recordsLinkedTo } from './linked.ts'

const { prepare, id } = samples('anchors.example/a/0123456789abcdef')
const WHO = { actor_id: 'officer', actor_type: 'user' } as const

test('what can be recorded is an anchor, and what the record or the policies tell is not recorded', () => {
  const told = ['record_created', 'disclosure_date', 'fiscal_year_end']
  assert.deepEqual(ANCHORS.filter((anchor) => !told.includes(anchor)).toSorted(), [...RECORDED_ANCHORS])
})

// --- against a naive reader of the page ---

const subject = fc.constantFrom('a', 'b', 'c', 'd')
const some = fc.uniqueArray(subject, { minLength: 1, maxLength: 2 })
const scope: fc.Arbitrary<Partial<Draft>> = fc.oneof(
  fc.nat({ max: 11 }).map((n) => ({ parent_id: id(n) })),
  fc.constantFrom('c-1', 'c-2').map((conversation_id) => ({ conversation_id })),
  fc.constantFrom('r-1', 'r-2').map((resource_id) => ({ resource_type: 'account', resource_id })),
  some.map((subject_ids) => ({ subject_ids })),
)
const details = fc.record({
  anchor: fc.constantFrom('account_closed', 'matter_closed'),
  day: fc.constantFrom('open', '2026-10-31'),
})
const step: fc.Arbitrary<Draft> = fc.oneof(
  fc.tuple(scope, fc.option(some, { nil: undefined })).map(
    ([{ parent_id: _, ...of }, subject_ids]): Draft => ({
      action: 'data_accessed',
      actor_id: 'agent-1',
      actor_type: 'agent',
      ...of,
      ...(subject_ids && { subject_ids }),
    }),
  ),
  fc.tuple(scope, details).map(
    ([of, { anchor, day }]): Draft => ({
      ...WHO,
      ...of,
      action: 'retention_anchor_recorded',
      details: { reason: 'x', anchor, ...(day === 'open' ? { open: 'yes' } : { day }) },
    }),
  ),
  fc
    .uniqueArray(subject, { minLength: 2, maxLength: 2 })
    .map((subject_ids): Draft => ({ ...WHO, action: 'subject_linked', subject_ids, details: { reason: 'x' } })),
  fc.tuple(fc.nat({ max: 11 }), some).map(
    ([n, subject_ids]): Draft => ({
      ...WHO,
      action: 'content_linked',
      parent_id: id(n),
      subject_ids,
      details: { reason: 'x' },
    }),
  ),
)

test('a naive reader of the page finds the same anchors of every record', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (drafts) => {
      const records = recordsOf(drafts.map((draft, n) => prepare({ ...draft, id: id(n) })))
      const { facts } = factsOf(records)
      const read = anchorsIn(facts)
      for (const record of records) assert.deepEqual(read(record), naive(record, records, facts))
    }),
    { numRuns: 300 },
  )
})

function naive(record: AuditRecord, records: readonly AuditRecord[], facts: readonly Placed[]): KnownAnchor[] {
  const isAbout = (fact: Placed<RetentionAnchor>): boolean => {
    switch (fact.of) {
      case 'record':
        return fact.parent_id === record.id && fact.seq > record.seq
      case 'conversation':
        return fact.conversation_id === record.conversation_id
      case 'resource':
        return fact.resource_id === record.resource_id
      case 'subjects': {
        const same = fact.subject_ids.flatMap((one) => linkedSubjects(facts, one))
        const standing = facts.filter((one) => one.action !== 'content_linked' || comesBehind(one, records))
        const linked = recordsLinkedTo(standing, same)
        return same.some((one) => record.subject_ids?.includes(one)) || linked.some((one) => one.id === record.id)
      }
    }
  }
  const about = facts.filter((fact) => fact.action === 'retention_anchor_recorded').filter(isAbout)
  return [...new Set(about.map(({ anchor }) => anchor))].sort().map((anchor) => {
    const newest = about.findLast((fact) => fact.anchor === anchor) ?? assert.fail()
    return { anchor, day: newest.day, by: newest.seq }
  })
}

function comesBehind(fact: Placed & { readonly parent_id: string }, records: readonly AuditRecord[]): boolean {
  return records.some(({ id, seq }) => id === fact.parent_id && seq < fact.seq)
}
