// What a call touched, by the registry, in the records of imported chats.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  ADDRESS,
  answering,
  asking,
  digest,
  draftsOf,
  middleOf,
  ORIGIN,
  pick,
  QUESTION,
  registryOf,
} from '../../test/chat-drafts.ts'
import { type ChatMessage, chatLine } from '../../test/chats.ts'
import { CLASSIFICATIONS, type Draft, stricter } from '../formats/fields.ts'
import { EMPTY_REGISTRY } from '../registry/empty-registry.ts'
import type { Floor } from '../registry/registry.ts'
import { recordId } from './record-id.ts'

test('writes, disclosures, thinking and unknown tools are told apart', () => {
  const names = ['update_chart', 'send_document', 'think', 'unheard_of']
  const calls = names.map((name, i): [string, unknown, string] => [name, { document: `D-${i}` }, `call_${i}`])
  const drafts = middleOf([QUESTION, asking(...calls), ...names.map((_, i) => answering('done', `call_${i}`))])
  const results = drafts.filter(({ action }) => /^data|completed/.test(action))
  assert.deepEqual(pick(results, 'tool', 'resource_type', 'resource_id', 'data_classification'), [
    { action: 'tool_completed', tool: 'update_chart', data_classification: 'confidential' },
    {
      action: 'data_modified',
      tool: 'update_chart',
      resource_type: 'patient_record',
      data_classification: 'confidential',
    },
    { action: 'tool_completed', tool: 'send_document', data_classification: 'restricted' },
    {
      action: 'data_disclosed',
      tool: 'send_document',
      resource_type: 'clinic_document',
      resource_id: 'D-1',
      data_classification: 'restricted',
    },
    { action: 'tool_completed', tool: 'think', data_classification: 'internal' },
    { action: 'tool_completed', tool: 'unheard_of', data_classification: 'restricted' },
    { action: 'data_accessed', tool: 'unheard_of', resource_type: 'unclassified', data_classification: 'restricted' },
  ])
})

const NOBODY = { resource_id_unclaimed: true, subject_ids_unclaimed: true }
const ARGUMENTS: readonly [name: string, given: unknown, ...expected: readonly object[]][] = [
  ['a number', { patient: 7 }, { resource_id: '7', subject_ids: ['7'] }],
  ['one in a list', { patient: ['PT-1'] }, { resource_id: 'PT-1', subject_ids: ['PT-1'] }],
  ['missing', {}, NOBODY],
  ['null', { patient: null }, NOBODY],
  [
    'two persons in one chart',
    { patient: ['PT-2', 'PT-1', 'PT-2'] },
    { resource_id: 'PT-1', subject_ids: ['PT-1', 'PT-2'] },
    { resource_id: 'PT-2', subject_ids: ['PT-1', 'PT-2'] },
  ],
  [
    'one person, and something that is none',
    { patient: ['PT-1', {}] },
    { resource_id: 'PT-1', subject_ids: ['PT-1'], ...NOBODY },
  ],
  ['an object', { patient: { a: 1 } }, NOBODY],
  ['text that no id can be', { patient: 'a\u202eb' }, NOBODY],
  ['nothing parseable', '{"patient":', NOBODY],
  ['two answers to one question', '{"patient":"PT-1","patient":"PT-2"}', NOBODY],
]

for (const [name, given, ...expected] of ARGUMENTS) {
  test(`the arguments name whose chart it was: ${name}`, () => {
    const [invoked, completed, ...touched] = middleOf([asking(['get_chart', given]), answering('x')])
    const fields = ['resource_id', 'subject_ids'].flatMap((field) => [field, `${field}_unclaimed`, `${field}_digest`])
    assert.deepEqual(
      pick(touched, ...fields),
      expected.map((one) => ({ action: 'data_accessed', ...one })),
    )
    // The call itself is about the same persons, and about no resource.
    const persons = pick(touched.slice(0, 1), 'subject_ids', 'subject_ids_unclaimed')
    for (const [draft, action] of [
      [invoked, 'tool_invoked'],
      [completed, 'tool_completed'],
    ] as const) {
      assert.ok(draft !== undefined)
      assert.deepEqual(pick([draft], 'subject_ids', 'subject_ids_unclaimed', 'resource_id'), [
        { ...Object(persons[0]), action },
      ])
    }
  })
}

test('every touch of a call has its record, as strict as the whole call', () => {
  const result = { letters: ['L-2', 'L-1'], doctor: 'DR-9' }
  const drafts = middleOf([asking(['refer', { patient: 'PT-1' }]), answering(result)])
  const whole = { data_classification: 'confidential', compliance_domains: ['gdpr', 'hipaa', 'sox'] }
  const letter = {
    action: 'data_modified',
    ...whole,
    resource_type: 'letter',
    subject_ids: ['DR-9', 'PT-1'],
    retention_class: 'letters',
  }
  const names = ['resource_type', 'resource_id', 'subject_ids', 'purpose', 'retention_class']
  assert.deepEqual(pick(drafts, 'data_classification', 'compliance_domains', ...names), [
    { action: 'tool_invoked', ...whole, subject_ids: ['PT-1'] },
    { action: 'tool_completed', ...whole, subject_ids: ['DR-9', 'PT-1'] },
    {
      action: 'data_accessed',
      ...whole,
      resource_type: 'patient_record',
      resource_id: 'PT-1',
      subject_ids: ['PT-1'],
      purpose: 'treatment',
    },
    { ...letter, resource_id: 'L-1' },
    { ...letter, resource_id: 'L-2' },
  ])
  assert.deepEqual(new Set(drafts.slice(2).map(({ parent_id }) => parent_id)), new Set([drafts[1]?.id]))
})

test('records of one kind at one place are numbered behind the first, and these are their ids', () => {
  const place = (position: string): string => recordId(ORIGIN, { kind: 'id', id: 'c-1' }, position)
  const ids = (...messages: readonly ChatMessage[]): unknown[] => middleOf(messages).map(({ id }) => id)
  assert.deepEqual(ids(asking(['refer', { patient: 'PT-1' }]), answering({ letters: ['L-1', 'L-2'] })), [
    place('0.call.0'),
    place('1.result'),
    place('1.data'),
    place('1.data.1'),
    place('1.data.2'),
  ])
  const approval = asking(['think', {}, 'a'], ['request_approval', { document: ['D-1', 'D-2'] }, 'b'])
  assert.deepEqual(ids(approval, answering({ decision: 'yes' }, 'b')), [
    place('0.call.0'),
    place('0.call.1'),
    place('0.approval.1'),
    place('0.approval.1.1'),
    place('1.result'),
    place('1.decision'),
    place('1.decision.1'),
  ])
})

test('several resources in one touch have a record each; more than a hundred are one digest', () => {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `D-${1000 + i}`)
  const sent = (document: unknown): Draft[] =>
    middleOf([asking(['send_document', { document }]), answering('sent')]).slice(2)
  assert.deepEqual(
    sent(ids(100).reverse()).map(({ resource_id }) => resource_id),
    ids(100),
  )
  const expected = { resource_type: 'clinic_document', resource_id_digest: digest(JSON.stringify(ids(100))) }
  const names = ['resource_type', 'resource_id', 'resource_id_digest', 'resource_id_unclaimed']
  assert.deepEqual(pick(sent(ids(101)), ...names), [{ action: 'data_disclosed', ...expected }])
})

test('of more than a hundred persons the first hundred are kept, and it is said', () => {
  const patient = Array.from({ length: 80 }, (_, i) => `PT-${100 + i}`)
  const doctor = Array.from({ length: 80 }, (_, i) => `DR-${100 + i}`)
  const drafts = middleOf([asking(['refer', { patient }]), answering({ letters: 'L-1', doctor })])
  const [invoked, completed, ...touched] = drafts
  assert.deepEqual([invoked?.subject_ids, invoked?.details?.subject_ids_unclaimed], [patient, undefined])
  const kept = [...doctor, ...patient.slice(0, 20)]
  assert.deepEqual([completed?.subject_ids, completed?.details?.subject_ids_unclaimed], [kept, true])
  assert.deepEqual(
    touched.map(({ subject_ids, details }) => [subject_ids?.length, details?.subject_ids_unclaimed]),
    [...patient.map(() => [80, undefined]), [100, true]],
  )
})

test('of more than a hundred persons in all touches of a call, the call itself names a hundred', () => {
  const touches = ['patients', 'doctors'].map((name) => ({
    access: 'read',
    resource_type: name,
    subject_ids: [{ from: 'arguments', at: `/${name}` }],
  }))
  const registry = registryOf({ tools: { meet: { touches } } })
  const persons = (name: string): string[] => Array.from({ length: 60 }, (_, i) => `${name}-${100 + i}`)
  const given = { patients: persons('PT'), doctors: persons('DR') }
  const drafts = draftsOf({ messages: [asking(['meet', given]), answering('x')] }, { registry }).slice(1, -1)
  assert.deepEqual(
    drafts.map(({ subject_ids, details }) => [subject_ids?.length, details?.subject_ids_unclaimed]),
    [
      [100, true],
      [100, true],
      [60, undefined],
      [60, undefined],
    ],
  )
})

test('what should stand in the result is not missing before there is one', () => {
  const marks = ['resource_id_unclaimed', 'subject_ids_unclaimed', 'subject_ids']
  const about = (result: unknown): unknown[] =>
    pick(middleOf([asking(['refer', { patient: 'PT-1' }]), { ...answering(''), content: result }]), ...marks)
  for (const result of ['done', null, '']) {
    assert.deepEqual(about(result), [
      { action: 'tool_invoked', subject_ids: ['PT-1'] },
      { action: 'tool_completed', subject_ids: ['PT-1'], subject_ids_unclaimed: true },
      { action: 'data_accessed', subject_ids: ['PT-1'] },
      { action: 'data_modified', subject_ids: ['PT-1'], resource_id_unclaimed: true, subject_ids_unclaimed: true },
    ])
  }
})

test('a result in parts is looked into by its texts', () => {
  const parts = [
    { type: 'text', text: '{"letters":["L-1"],' },
    { type: 'text', text: '"doctor":"DR-9"}' },
  ]
  const drafts = middleOf([asking(['refer', { patient: 'PT-1' }]), { ...answering(''), content: parts }])
  assert.deepEqual(pick(drafts.slice(-1), 'resource_id', 'subject_ids'), [
    { action: 'data_modified', resource_id: 'L-1', subject_ids: ['DR-9', 'PT-1'] },
  ])
})

test('what is denied is denied for each touch, with the access that was meant', () => {
  const drafts = middleOf([asking(['refer', { patient: 'PT-1' }]), answering({ denied: true, letters: ['L-1'] })])
  assert.deepEqual(pick(drafts.slice(2), 'outcome', 'access', 'resource_type', 'resource_id'), [
    {
      action: 'access_denied',
      outcome: 'denied',
      access: 'read',
      resource_type: 'patient_record',
      resource_id: 'PT-1',
    },
    { action: 'access_denied', outcome: 'denied', access: 'write', resource_type: 'letter', resource_id: 'L-1' },
  ])
})

test('an approval of several documents is asked for and decided for each', () => {
  const given = { document: ['D-2', 'D-1'] }
  const [, first, second, , ...decided] = middleOf([
    asking(['request_approval', given]),
    answering({ decision: 'approved', approver: 'nurse-07' }),
  ])
  assert.deepEqual([first?.resource_id, second?.resource_id, first?.details?.access], ['D-1', 'D-2', 'disclose'])
  assert.deepEqual(pick(decided, 'actor_id', 'resource_id', 'parent_id'), [
    { action: 'approval_decided', actor_id: 'nurse-07', resource_id: 'D-1', parent_id: first?.id },
    { action: 'approval_decided', actor_id: 'nurse-07', resource_id: 'D-2', parent_id: second?.id },
  ])
})

test('a decision about what its request did not name answers the first request', () => {
  const registry = registryOf({
    tools: {
      ask: {
        kind: 'approval_request',
        approver: [{ from: 'result', at: '/by' }],
        decision: { from: 'result', at: '/decision' },
        touches: [
          { access: 'write', resource_type: 'order' },
          { access: 'write', resource_type: 'letter', resource_id: { from: 'result', at: '/letter' } },
        ],
      },
    },
  })
  const messages = [asking(['ask', {}]), answering({ decision: 'no', by: 'n', letter: 'L-1' })]
  const drafts = draftsOf({ ...ADDRESS, messages }, { registry }).slice(2, -1)
  const [order, , , ...decided] = drafts
  assert.deepEqual(pick(drafts, 'resource_type', 'resource_id', 'resource_id_unclaimed').slice(0, 2), [
    { action: 'approval_requested', resource_type: 'order' },
    { action: 'approval_requested', resource_type: 'letter' },
  ])
  assert.deepEqual(pick(decided, 'resource_type', 'resource_id', 'parent_id'), [
    { action: 'approval_decided', resource_type: 'order', parent_id: order?.id },
    { action: 'approval_decided', resource_type: 'letter', resource_id: 'L-1', parent_id: order?.id },
  ])
})

test('of several approvers none is guessed', () => {
  const drafts = middleOf([asking(['ask_anybody', {}]), answering({ decision: 'yes', approver: ['n-1', 'n-2'] })])
  assert.deepEqual(pick(drafts.slice(-1), 'actor_id', 'approver_unclaimed', 'outcome'), [
    { action: 'approval_decided', actor_id: 'unknown-approver', approver_unclaimed: true, outcome: 'success' },
  ])
})

test('without a registry every tool is restricted, and every agent has the floor of everybody', () => {
  const messages = [QUESTION, asking(['get_chart', { patient: 'PT-1' }]), answering('x')]
  const drafts = draftsOf({ ...ADDRESS, messages }, { registry: EMPTY_REGISTRY })
  const names = ['data_classification', 'compliance_domains', 'resource_type', 'resource_id', 'subject_ids']
  assert.deepEqual(pick(drafts, ...names), [
    { action: 'conversation_started', data_classification: 'confidential' },
    { action: 'user_message_received', data_classification: 'confidential' },
    { action: 'tool_invoked', data_classification: 'restricted' },
    { action: 'tool_completed', data_classification: 'restricted' },
    { action: 'data_accessed', data_classification: 'restricted', resource_type: 'unclassified' },
    { action: 'conversation_ended', data_classification: 'confidential' },
  ])
})

const FLOORS: readonly [name: string, agents: object, floor: Floor][] = [
  ['nobody’s', {}, { data_classification: 'confidential', compliance_domains: [] }],
  [
    'its own',
    { 'larkspur-assistant': { data_classification: 'public' } },
    { data_classification: 'public', compliance_domains: [] },
  ],
  [
    'that of its group',
    { 'larkspur-*': { data_classification: 'restricted', compliance_domains: ['hipaa', 'sox'] } },
    { data_classification: 'restricted', compliance_domains: ['hipaa', 'sox'] },
  ],
]

for (const [name, agents, floor] of FLOORS) {
  test(`no record falls below the floor of its agent, or lacks a domain of it: ${name}`, () => {
    const tools = {
      get_chart: { touches: [{ access: 'read', resource_type: 'flight', data_classification: 'public' }] },
    }
    const registry = registryOf({ tools, agents })
    fc.assert(
      fc.property(chatLine, (line) => {
        for (const draft of draftsOf({ ...line, agent: 'larkspur-assistant' }, { registry })) {
          const { data_classification = 'public', compliance_domains = [] } = draft
          assert.equal(stricter(data_classification, floor.data_classification), data_classification)
          for (const domain of floor.compliance_domains) assert.ok(compliance_domains.includes(domain))
          if (draft.action === 'user_message_received') assert.equal(data_classification, floor.data_classification)
        }
      }),
    )
  })
}

const touch = fc.record({
  access: fc.constantFrom('read', 'write', 'disclose'),
  ids: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
  data_classification: fc.constantFrom(...CLASSIFICATIONS),
  compliance_domains: fc.uniqueArray(fc.constantFrom('sox', 'finra', 'dora'), { maxLength: 2 }),
})

test('every touch of a call of any tool has its records, counted in the simplest way', () => {
  fc.assert(
    fc.property(fc.array(touch, { minLength: 1, maxLength: 4 }), (told) => {
      const touches = told.map(({ ids, ...rest }, i) => ({
        ...rest,
        resource_type: `type_${i}`,
        resource_id: { from: 'arguments', at: `/${i}` },
      }))
      const registry = registryOf({ tools: { any: { touches } }, agents: { a: { data_classification: 'public' } } })
      const given = Object.fromEntries(told.map(({ ids }, i) => [i, ids]))
      const drafts = draftsOf({ agent: 'a', messages: [asking(['any', given]), answering('x')] }, { registry })
      const expected = told.flatMap(({ access, ids }, i) =>
        (ids.length === 0 ? [undefined] : [...new Set(ids)].sort()).map((id) => [access, `type_${i}`, id?.toString()]),
      )
      const words = { data_accessed: 'read', data_modified: 'write', data_disclosed: 'disclose' }
      const found = drafts.filter(({ action }) => action in words)
      assert.deepEqual(
        found.map(({ action, resource_type, resource_id }) => [Reflect.get(words, action), resource_type, resource_id]),
        expected,
      )
      const highest = CLASSIFICATIONS.findLast((word) => told.some((one) => one.data_classification === word))
      const domains = [...new Set(told.flatMap((one) => one.compliance_domains))].sort()
      for (const draft of drafts.slice(1, -1)) {
        assert.deepEqual([draft.data_classification, draft.compliance_domains ?? []], [highest, domains])
      }
    }),
  )
})
