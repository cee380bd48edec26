import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { anyDraft } from '../../test/any-draft.ts'
import { causes, recordsOf, story, storyRecords, unchecked, withPayloads } from '../../test/late-facts-story.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import { readLateFact } from '../formats/late-facts.ts'
import { samples } from '../testing/sample-drafts.ts'
import { amendmentsOf, effective, effectiveClassification } from './effective.ts'
import { factsOf } from './facts.ts'

const { prepare, id } = samples('effective.example/a/0123456789abcdef')
const records = storyRecords()

for (const { seq, ignored, ...expected } of story.effective) {
  test(`the story: the record at ${seq}`, () => {
    const { record, ignored: found, ...rest } = effective(at(records, seq), factsOf(records).facts)
    assert.deepEqual(rest, expected)
    const withinFacts = ignored.filter(([, why]) => why !== 'form')
    assert.deepEqual([record.seq, causes(found)], [seq, withinFacts])
  })
}

test('the record stays as it was written, whatever is found out about it', () => {
  const before = structuredClone(records)
  const { facts } = factsOf(records)
  for (const [seq, record] of records.entries()) assert.equal(effective(record, facts).record, record, `seq ${seq}`)
  assert.deepEqual(records, before)
})

test('facts about other records say nothing of this one', () => {
  const { facts } = factsOf(records)
  for (const record of records) {
    const own = facts.filter(
      (fact) =>
        ['subject_linked', 'subject_unlinked'].includes(fact.action) ||
        ('parent_id' in fact ? fact.parent_id === record.id : fact.action === 'retention_anchor_recorded'),
    )
    assert.deepEqual(effective(record, own), effective(record, facts))
  }
})

function at(all: readonly AuditRecord[], seq: number): AuditRecord {
  return all[seq] ?? assert.fail(`no record at ${seq}`)
}

// --- facts as they are read ---

const WHO = { actor_id: 'officer', actor_type: 'user' } as const

test('every fact that is admitted is read back from its record', () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const { facts, ignored } = factsOf(recordsOf([prepare({ ...draft, action: plain(draft) })]))
      const { subject_ids } = draft
      const fact = readLateFact({ ...draft, ...(subject_ids && { subject_ids: subject_ids.toSorted() }) })
      assert.deepEqual(ignored, [])
      assert.deepEqual(
        facts.map(({ seq, id, payloads, ...rest }) => rest),
        fact === undefined ? [] : [fact],
      )
    }),
    { numRuns: 300 },
  )
})

function plain({ action }: Draft): Draft['action'] {
  return action.includes('.') ? 'tool_invoked' : action
}

test('a record that is not in the form of its fact is reported with its path, and has no effect', () => {
  const lies: readonly Draft[] = [
    { ...WHO, action: 'record_amended', parent_id: id(0) },
    { ...WHO, action: 'record_amended', details: { reason: 'x' } },
    { ...WHO, action: 'record_reclassified', parent_id: id(0), details: { reason: 'x' } },
    {
      ...WHO,
      actor_type: 'agent',
      action: 'content_linked',
      parent_id: id(0),
      subject_ids: ['a'],
      details: { reason: 'x' },
    },
    { ...WHO, action: 'subject_linked', subject_ids: ['a'], details: { reason: 'x' } },
  ]
  const all = recordsOf([prepare({ id: id(0), subject_ids: ['a'] }), ...lies.map(unchecked)])
  const { facts, ignored } = factsOf(all)
  assert.deepEqual([facts, causes(ignored)], [[], lies.map((_, i) => [i + 1, 'form'])])
  const paths = ['details.reason', 'parent_id', 'details.data_classification', 'actor_type', 'subject_ids']
  for (const [i, { problem }] of ignored.entries()) assert.ok(problem.startsWith(`${paths[i]}: `), problem)
})

test('a record that is read twice states its fact once, and in the order of seq', () => {
  const { facts } = factsOf([...records.toReversed(), ...records])
  assert.deepEqual(facts, factsOf(records).facts)
  assert.deepEqual(
    facts,
    facts.toSorted((one, other) => one.seq - other.seq),
  )
})

// --- classification ---

function classified(details: object, parent = 0): Draft {
  return { ...WHO, action: 'record_reclassified', parent_id: id(parent), details: { reason: 'x', ...details } }
}

const LOW: Draft = {
  ...WHO,
  action: 'tool_invoked',
  id: id(0),
  data_classification: 'internal',
  compliance_domains: ['sox'],
}

test('a record that nobody reclassified counts as it was written', () => {
  const [record] = recordsOf([prepare(LOW)])
  assert.deepEqual(effectiveClassification(record ?? assert.fail(), []), {
    data_classification: 'internal',
    compliance_domains: ['sox'],
    retention_class: 'default',
  })
})

test('the newest reclassification counts, higher or lower, in whatever order the facts are read', () => {
  const words = ['restricted', 'public', 'confidential', 'internal', 'restricted', 'internal'] as const
  const drafts = [LOW, ...words.map((data_classification) => classified({ data_classification }))]
  const [record, ...later] = recordsOf(drafts.map(prepare))
  for (let newest = 1; newest <= later.length; newest++) {
    const { facts } = factsOf(later.slice(0, newest))
    const kept = { compliance_domains: ['sox'], retention_class: 'default' }
    const expected = { data_classification: words[newest - 1], ...kept, by: newest }
    assert.deepEqual(effectiveClassification(record ?? assert.fail(), facts), expected)
    assert.deepEqual(effectiveClassification(record ?? assert.fail(), facts.toReversed()), expected)
  }
})

test('domains stay where a reclassification leaves them out, and none applies where it says so', () => {
  const drafts = [
    LOW,
    classified({ data_classification: 'restricted', compliance_domains: ['pci_dss', 'hipaa'] }),
    classified({ data_classification: 'public' }),
    classified({ data_classification: 'public', compliance_domains: [] }),
    classified({ data_classification: 'internal' }),
  ]
  const [record, ...later] = recordsOf(drafts.map(prepare))
  const domains = later.map((_, i) => {
    const { facts } = factsOf(later.slice(0, i + 1))
    return effectiveClassification(record ?? assert.fail(), facts).compliance_domains
  })
  assert.deepEqual(domains, [['hipaa', 'pci_dss'], ['hipaa', 'pci_dss'], [], []])
})

test('a retention class stays where a reclassification leaves it out', () => {
  const words = [{ retention_class: 'communications' }, {}, { retention_class: 'blotter' }]
  const drafts = [LOW, ...words.map((more) => classified({ data_classification: 'public', ...more }))]
  const [record, ...later] = recordsOf(drafts.map(prepare))
  const classes = later.map((_, i) => {
    const { facts } = factsOf(later.slice(0, i + 1))
    return effectiveClassification(record ?? assert.fail(), facts).retention_class
  })
  assert.deepEqual(classes, ['communications', 'communications', 'blotter'])
})

// --- amendments ---

test('amendments are those of the record, oldest first, with the right values and the names of the right texts', () => {
  const amendment = (parent: number, more: Partial<Draft> = {}): Partial<Draft> => ({
    ...WHO,
    action: 'record_amended',
    parent_id: id(parent),
    details: { reason: 'x' },
    ...more,
  })
  const all = recordsOf([
    prepare({ id: id(0), model: 'm-1' }),
    prepare({ id: id(1) }),
    prepare(amendment(0, { model: 'm-2', details: { reason: 'x', amends: ['model'] } })),
    prepare(amendment(1)),
    withPayloads(prepare(amendment(0, { purpose: 'audit' })), ['answer']),
  ])
  const found = amendmentsOf(at(all, 0), factsOf(all).facts.toReversed())
  const facts = found.map(({ seq, amends, payloads }) => ({ seq, amends, payloads }))
  assert.deepEqual(facts, [
    { seq: 2, amends: { model: 'm-2' }, payloads: [] },
    { seq: 4, amends: {}, payloads: ['answer'] },
  ])
})

// --- facts that do not hold ---

describe('has no effect', () => {
  const link: Draft = { ...WHO, action: 'content_linked', parent_id: id(0), subject_ids: ['b'] }
  const reason = 'x'
  const lies: readonly (readonly [
    name: string,
    facts: readonly Partial<Draft>[],
    where: 'before' | 'after',
    why: string,
  ])[] = [
    ['a link before its record', [{ ...link, details: { reason } }], 'before', 'no-record'],
    ['a reclassification before its record', [classified({ data_classification: 'public' })], 'before', 'no-record'],
    [
      'an amendment before its record',
      [{ ...WHO, action: 'record_amended', parent_id: id(0), details: { reason } }],
      'before',
      'no-record',
    ],
    [
      'a link to a payload that is not there',
      [{ ...link, details: { reason, content: ['q', 'x'] } }],
      'after',
      'no-content',
    ],
  ]
  for (const [name, facts, where, why] of lies) {
    test(name, () => {
      const target = withPayloads(prepare({ ...LOW, subject_ids: ['a'] }), ['q'])
      const later = facts.map(prepare)
      const all = recordsOf(where === 'before' ? [...later, target] : [target, ...later])
      const record = all.find((one) => one.id === id(0)) ?? assert.fail()
      const { ignored, ...rest } = effective(record, factsOf(all).facts)
      assert.deepEqual(rest, { record, amended_by: [], anchors: [], also_about: [] })
      assert.deepEqual(
        ignored.map((fact) => fact.why),
        [why],
      )
    })
  }

  test('a fact about itself', () => {
    const all = recordsOf([prepare({ ...link, id: id(0), parent_id: id(0), details: { reason } })])
    const { also_about, ignored } = effective(at(all, 0), factsOf(all).facts)
    assert.deepEqual([also_about, causes(ignored)], [[], [[0, 'no-record']]])
  })

  test('a subject that the record names itself is not said again', () => {
    const drafts = [
      { ...LOW, subject_ids: ['b'] },
      { ...link, subject_ids: ['b', 'c'], details: { reason } },
    ]
    const all = recordsOf(drafts.map(prepare))
    assert.deepEqual(effective(at(all, 0), factsOf(all).facts).also_about, ['c'])
  })
})
