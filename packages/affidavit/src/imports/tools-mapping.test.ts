import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { parseToolsMapping, readToolsFile } from './tools-mapping.ts'

const CHART = { access: 'read', resource_type: 'patient_record' }
const APPROVAL = { kind: 'approval_request', approver_key: 'by', decision_key: 'decision' }

test('a tool that reads data is restricted where nothing else is said', () => {
  assert.deepEqual(parseToolsMapping(JSON.stringify({ get_chart: CHART })).get('get_chart'), {
    kind: 'access',
    access: 'read',
    data: {
      resource_type: 'patient_record',
      resource_id_argument: undefined,
      subject_argument: undefined,
      data_classification: 'restricted',
      compliance_domains: undefined,
    },
  })
})

test('all that can be said of a tool is read', () => {
  const told = {
    ...CHART,
    kind: 'access',
    access: 'disclose',
    resource_id_argument: 'letter_id',
    subject_argument: 'patient_id',
    data_classification: 'confidential',
    compliance_domains: ['hipaa', 'gdpr', 'hipaa'],
  }
  const tools = parseToolsMapping(JSON.stringify({ send: told, ask: APPROVAL, think: { access: 'none' } }))
  const { access, kind, ...data } = told
  assert.deepEqual(tools.get('send'), { kind, access, data: { ...data, compliance_domains: ['gdpr', 'hipaa'] } })
  assert.deepEqual(tools.get('ask'), { ...APPROVAL, data: undefined })
  assert.deepEqual(tools.get('think'), { kind: 'none' })
})

test('a tool may bear the name of something every object has', () => {
  const tools = parseToolsMapping('{"constructor": {"access": "none"}}')
  assert.deepEqual([...tools.keys()], ['constructor'])
  assert.equal(tools.get('toString'), undefined)
})

const LIES: readonly [name: string, tools: unknown, path: string, problem: RegExp][] = [
  ['a list', [], '', /must be an object, not a list/],
  ['a tool that is a word', { t: 'read' }, 't', /must be an object, not text/],
  ['no access', { t: { resource_type: 'x' } }, 't.access', /is missing; one of read, write, disclose, none/],
  ['an unknown access', { t: { ...CHART, access: 'peek' } }, 't.access', /must be one of read/],
  ['an unknown kind', { t: { ...CHART, kind: 'approval' } }, 't.kind', /must be one of access, approval_request/],
  ['no resource type', { t: { access: 'read' } }, 't.resource_type', /is missing/],
  [
    'a resource type of two words',
    { t: { ...CHART, resource_type: 'Patient record' } },
    't.resource_type',
    /must match/,
  ],
  [
    'an unknown classification',
    { t: { ...CHART, data_classification: 'secret' } },
    't.data_classification',
    /must be one of public/,
  ],
  [
    'a domain with a capital',
    { t: { ...CHART, compliance_domains: ['hipaa', 'GDPR'] } },
    't.compliance_domains[1]',
    /must be a word/,
  ],
  ['domains as text', { t: { ...CHART, compliance_domains: 'hipaa' } }, 't.compliance_domains', /must be a list/],
  [
    '33 domains',
    { t: { ...CHART, compliance_domains: Array.from({ length: 33 }, (_, i) => `d${i}`) } },
    't.compliance_domains',
    /more than 32/,
  ],
  [
    'an argument that is a number',
    { t: { ...CHART, subject_argument: 3 } },
    't.subject_argument',
    /must be text, not a number/,
  ],
  [
    'a misspelt word',
    { t: { ...CHART, subject_arg: 'x' } },
    't.subject_arg',
    /is no word of a tools file; allowed here: kind, access/,
  ],
  ['a misspelt word of a tool with an odd name', { 'a b': { ...CHART, x: 1 } }, '["a b"].x', /is no word/],
  [
    'an approver of a tool that asks for no approval',
    { t: { ...CHART, approver_key: 'x' } },
    't.approver_key',
    /only where kind is approval_request/,
  ],
  [
    'data of a tool that touches none',
    { t: { access: 'none', resource_type: 'x' } },
    't.resource_type',
    /no meaning where access is none/,
  ],
  [
    'an approval with an access',
    { t: { ...APPROVAL, access: 'read' } },
    't.access',
    /no meaning where kind is approval_request/,
  ],
  ['an approval without a decision', { t: { ...APPROVAL, decision_key: '' } }, 't.decision_key', /is missing/],
  ['an approval without an approver', { t: { ...APPROVAL, approver_key: undefined } }, 't.approver_key', /is missing/],
  [
    'an approval about an id of no type',
    { t: { ...APPROVAL, resource_id_argument: 'x' } },
    't.resource_type',
    /is missing/,
  ],
]

for (const [name, tools, path, problem] of LIES) {
  test(`refused as a tools file: ${name}`, () => {
    assert.throws(() => parseToolsMapping(JSON.stringify(tools)), { name: 'ImportFault', path, problem })
  })
}

test('refused as a tools file: a tool that stands twice, text that is no JSON', () => {
  const tool = '{"access": "none"}'
  assert.throws(() => parseToolsMapping(`{"t": ${tool}, "t": ${tool}}`), {
    name: 'ImportFault',
    problem: /t: this key stands twice/,
  })
  assert.throws(() => parseToolsMapping('get_chart: read'), { name: 'ImportFault', problem: /is not JSON/ })
})

test('a tools file is read from the disk; one that is not there is a fault that names it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-tools-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'tools.json')
  writeFileSync(file, JSON.stringify({ get_chart: CHART }))
  assert.deepEqual([...(await readToolsFile(file)).keys()], ['get_chart'])
  await assert.rejects(readToolsFile(join(folder, 'none.json')), {
    name: 'ImportFault',
    problem: /none\.json cannot be read: ENOENT/,
  })
})
