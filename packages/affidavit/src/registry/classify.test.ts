import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'
import { CLASSIFICATIONS, type Classification, stricter } from '../formats/fields.ts'
import { type Classified, classifyCall } from './classify.ts'
import { parseRegistry } from './parse.ts'
import type { Registry } from './registry.ts'

function registryOf(sections: object): Registry {
  return parseRegistry(JSON.stringify({ version: 1, revision: 'test', ...sections }), 'json', 'test.json')
}

const CLINIC = registryOf({
  tools: {
    get_chart: {
      touches: [
        {
          access: 'read',
          resource_type: 'patient_record',
          resource_id: { from: 'arguments', at: '/patient_id' },
          subject_ids: [{ from: 'result', at: '$..person_id' }],
          compliance_domains: ['hipaa'],
          purpose: 'treatment',
          retention_class: 'clinical',
        },
        { access: 'write', resource_type: 'access_log', data_classification: 'internal', compliance_domains: ['sox'] },
      ],
    },
    find_slots: { touches: [{ access: 'read', resource_type: 'schedule', data_classification: 'internal' }] },
    think: { kind: 'none' },
    'ehr.*': { touches: [{ access: 'read', resource_type: 'chart' }] },
    'ehr.labs.*': { touches: [{ access: 'read', resource_type: 'lab_result' }] },
    'ehr.labs.ping': { kind: 'none' },
    ask: {
      kind: 'approval_request',
      approver: [
        { from: 'result', at: '/by' },
        { from: 'arguments', at: '/to' },
      ],
      decision: { from: 'result', at: '/decision' },
    },
  },
  sources: { 'https://ehr.example/fhir/*': { touches: [{ access: 'read', resource_type: 'fhir_resource' }] } },
  agents: {
    desk: { data_classification: 'internal', compliance_domains: ['gdpr'] },
    lab: { data_classification: 'restricted' },
  },
  channels: {
    web: { data_classification: 'confidential', compliance_domains: ['ccpa'] },
    kiosk: { data_classification: 'public' },
  },
})

const BARE = { arguments: undefined, result: undefined, agent: 'desk', channel: undefined }

test('a call says which data was read, of whom, for what, and what applies to it', () => {
  const classified = classifyCall(CLINIC, {
    ...BARE,
    tool: 'get_chart',
    arguments: '{"patient_id": "PT-1"}',
    result: { people: [{ person_id: 'PT-1' }, { person_id: 'PT-2' }] },
  })
  const nothing = { ids: [], missing: [] }
  assert.deepEqual(classified, {
    known: 'registered',
    entry: 'get_chart',
    touches: [
      {
        access: 'read',
        resource_type: 'patient_record',
        resource_ids: { ids: ['PT-1'], missing: [] },
        subject_ids: { ids: ['PT-1', 'PT-2'], missing: [] },
        data_classification: 'restricted',
        compliance_domains: ['gdpr', 'hipaa'],
        retention_class: 'clinical',
        purpose: 'treatment',
      },
      {
        access: 'write',
        resource_type: 'access_log',
        resource_ids: nothing,
        subject_ids: nothing,
        data_classification: 'internal',
        compliance_domains: ['gdpr', 'sox'],
        retention_class: undefined,
        purpose: undefined,
      },
    ],
    approval: undefined,
    data_classification: 'restricted',
    compliance_domains: ['gdpr', 'hipaa', 'sox'],
    purposes: ['treatment'],
  })
})

test('an id that is not where the registry says is marked, and the call is classified all the same', () => {
  const [touched] = classifyCall(CLINIC, { ...BARE, tool: 'get_chart' }).touches
  assert.deepEqual(touched?.resource_ids, {
    ids: [],
    missing: [{ from: 'arguments', at: '/patient_id', why: 'absent' }],
  })
  assert.deepEqual(touched?.subject_ids.missing, [{ from: 'result', at: '$..person_id', why: 'absent' }])
})

for (const call of [
  { tool: 'wire_money' },
  { source: 'https://elsewhere.example/x' },
  { tool: 'https://ehr.example/fhir/Patient' },
]) {
  test(`what the registry does not know is restricted and unclassified: ${JSON.stringify(call)}`, () => {
    const classified = classifyCall(CLINIC, { ...BARE, ...call })
    assert.deepEqual(
      [classified.known, classified.entry, classified.data_classification],
      ['unclassified', undefined, 'restricted'],
    )
    assert.deepEqual(
      classified.touches.map((one) => [one.access, one.resource_type, one.data_classification, one.compliance_domains]),
      [['unknown', 'unclassified', 'restricted', ['gdpr']]],
    )
  })
}

for (const [tool, entry, types] of [
  ['ehr.notes', 'ehr.*', ['chart']],
  ['ehr.labs.get', 'ehr.labs.*', ['lab_result']],
  ['ehr.labs.ping', 'ehr.labs.ping', []],
] as const) {
  test(`the most specific entry speaks of a tool: ${entry} of ${tool}`, () => {
    const classified = classifyCall(CLINIC, { ...BARE, tool })
    assert.equal(classified.entry, entry)
    assert.deepEqual(
      classified.touches.map(({ resource_type }) => resource_type),
      types,
    )
  })
}

test('a source is found by the beginning of its URI', () => {
  const classified = classifyCall(CLINIC, { ...BARE, source: 'https://EHR.example/fhir/Patient/12' })
  assert.equal(classified.entry, 'https://ehr.example/fhir/*')
})

for (const [agent, channel, floor, domains] of [
  ['desk', undefined, 'internal', ['gdpr']],
  ['desk', 'kiosk', 'internal', ['gdpr']],
  ['desk', 'web', 'confidential', ['ccpa', 'gdpr']],
  ['lab', 'web', 'restricted', ['ccpa']],
  ['stranger', undefined, 'confidential', []],
  [undefined, undefined, 'confidential', []],
  ['desk', 'fax', 'confidential', ['gdpr']],
] as const) {
  test(`the floor under agent ${agent} on channel ${channel} is ${floor}`, () => {
    const none = classifyCall(CLINIC, { ...BARE, agent, channel, tool: 'think' })
    assert.deepEqual([none.data_classification, none.compliance_domains, none.touches], [floor, domains, []])
    const [slots] = classifyCall(CLINIC, { ...BARE, agent, channel, tool: 'find_slots' }).touches
    assert.deepEqual([slots?.data_classification, slots?.compliance_domains], [stricter('internal', floor), domains])
  })
}

for (const [name, parts, approver, decision] of [
  ['the result names who decided', { result: { by: 'nurse-11', decision: 'approved' } }, ['nurse-11'], 'approved'],
  [
    'the arguments name who was asked',
    { arguments: { to: 'nurse-12' }, result: { decision: false } },
    ['nurse-12'],
    false,
  ],
  ['nobody is named', { result: {} }, [], undefined],
  ['the decision is no word', { result: { by: 'nurse-11', decision: { yes: true } } }, ['nurse-11'], undefined],
] as const) {
  test(`an approval: ${name}`, () => {
    const { approval } = classifyCall(CLINIC, { ...BARE, ...parts, tool: 'ask' })
    assert.deepEqual([approval?.approver.ids, approval?.decision], [approver, decision])
    assert.equal(approval?.approver.missing.length, approver.length === 0 ? 2 : 0)
  })
}

test('of several decisions none is the decision', () => {
  const at = { from: 'result', at: '$.decisions[*]' }
  const registry = registryOf({ tools: { ask: { kind: 'approval_request', approver: [at], decision: at } } })
  const decided = (decisions: string[]) =>
    classifyCall(registry, { ...BARE, tool: 'ask', result: { decisions } }).approval
  assert.equal(decided(['approved', 'denied'])?.decision, undefined)
  assert.equal(decided(['approved'])?.decision, 'approved')
})

const classifications = fc.constantFrom(...CLASSIFICATIONS)
const domains = fc.uniqueArray(fc.constantFrom('sox', 'finra', 'dora'), { maxLength: 2 })
const touch = fc.record({
  access: fc.constantFrom('read', 'write', 'disclose'),
  resource_type: fc.stringMatching(/^[a-z]{1,6}$/),
  data_classification: classifications,
  compliance_domains: domains,
})
const touches = fc.uniqueArray(touch, { minLength: 1, maxLength: 4, selector: (one) => JSON.stringify(one) })
const floor = fc.record({ data_classification: classifications, compliance_domains: domains })
const pattern = fc.constantFrom('a', 'b', 'ab', 'a*', 'ab*', 'b*', 'abc')
const tools = fc.dictionary(
  pattern,
  touches.map((list) => ({ touches: list })),
)
const floors = fc.dictionary(pattern, floor)
const registries = fc.record({ tools, agents: floors, channels: floors })
const asked = fc.record({
  tool: fc.constantFrom('a', 'b', 'ab', 'abc', 'c'),
  agent: fc.constantFrom('a', 'abc', 'c', undefined),
  channel: fc.constantFrom('a', 'abc', 'c', undefined),
})

type Asked = typeof asked extends fc.Arbitrary<infer Value> ? Value : never

function classified(sections: object, call: Asked): Classified {
  return classifyCall(registryOf(sections), { ...call, arguments: undefined, result: undefined })
}

function isNoLower(after: Classified, before: Classified): boolean {
  return (
    rank(after.data_classification) >= rank(before.data_classification) &&
    before.compliance_domains.every((domain) => after.compliance_domains.includes(domain))
  )
}

function rank(classification: Classification): number {
  return ['public', 'internal', 'confidential', 'restricted'].indexOf(classification)
}

test('a classification is never below a floor or any touch of the call, and is one of them', () => {
  fc.assert(
    fc.property(registries, asked, (sections, call) => {
      const all = classified(sections, call)
      for (const one of all.touches) {
        assert.ok(rank(one.data_classification) <= rank(all.data_classification))
        assert.ok(one.compliance_domains.every((domain) => all.compliance_domains.includes(domain)))
      }
      const under = classified({ ...sections, tools: { [call.tool]: { kind: 'none' } } }, call)
      assert.ok(isNoLower(all, under))
      const ranks = [under, ...all.touches].map((one) => rank(one.data_classification))
      assert.equal(rank(all.data_classification), Math.max(...ranks))
    }),
  )
})

test('one touch more never lowers a classification', () => {
  fc.assert(
    fc.property(registries, asked, touches, fc.nat(), (sections, call, list, at) => {
      const fewer = {
        ...sections,
        tools: { ...sections.tools, [call.tool]: { touches: list.toSpliced(at % list.length, 1) } },
      }
      const more = { ...sections, tools: { ...sections.tools, [call.tool]: { touches: list } } }
      fc.pre(list.length > 1)
      assert.ok(isNoLower(classified(more, call), classified(fewer, call)))
    }),
  )
})

test('a higher floor never lowers a classification', () => {
  fc.assert(
    fc.property(
      registries,
      asked,
      floor,
      floor,
      fc.constantFrom('agents', 'channels'),
      (sections, call, a, b, kind) => {
        const name = (kind === 'agents' ? call.agent : call.channel) ?? 'x'
        const both = {
          data_classification:
            rank(a.data_classification) < rank(b.data_classification) ? b.data_classification : a.data_classification,
          compliance_domains: [...new Set([...a.compliance_domains, ...b.compliance_domains])],
        }
        const low = classified({ ...sections, [kind]: { ...sections[kind], [name]: a } }, call)
        const high = classified({ ...sections, [kind]: { ...sections[kind], [name]: both } }, call)
        assert.ok(isNoLower(high, low))
      },
    ),
  )
})

test('an entry more changes nothing about calls that it does not name', () => {
  fc.assert(
    fc.property(registries, asked, fc.constantFrom('tools', 'agents', 'channels'), (sections, call, kind) => {
      const added = kind === 'tools' ? { zz: { kind: 'none' }, 'z*': { kind: 'none' } } : { zz: {}, 'z*': {} }
      const more = { ...sections, [kind]: { ...sections[kind], ...added } }
      assert.deepEqual(classified(more, call), classified(sections, call))
    }),
  )
})

test('what is unclassified is not lower than whatever a registry could say of it', () => {
  fc.assert(
    fc.property(floors, asked, touches, (agents, call, list) => {
      const known = classified({ agents, tools: { [call.tool]: { touches: list } } }, call)
      const unknown = classified({ agents, tools: {} }, call)
      assert.ok(rank(unknown.data_classification) >= rank(known.data_classification))
    }),
  )
})
