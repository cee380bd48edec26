import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkRegistry, type Seen } from './check.ts'
import { parseRegistry } from './parse.ts'

const REGISTRY = parseRegistry(
  `
version: 1
revision: test
tools:
  get_chart: { touches: [{ access: read, resource_type: patient_record }] }
  ehr.*: { kind: none }
  ehr.labs.*: { kind: none }
sources:
  https://ehr.example/*: { kind: none }
agents: { desk: {} }
channels: { web: {} }
recipients:
  models: { kind: model_provider, compliance_domains: [hipaa], on_violation: block }
  printer: { kind: service, on_violation: record }
  clinic: { kind: person, compliance_domains: [hipaa], agreement: { kind: contract, reference: C-1 }, on_violation: record }
`,
  'yaml',
  'test.yaml',
)

const NOTHING: Seen = { tools: [], sources: [], agents: [], channels: [], recipients: [] }

test('a registry that knows all that was seen, and of which all was seen, has nothing to say', () => {
  const seen: Seen = {
    tools: ['ehr.notes', 'get_chart', 'ehr.labs.get'],
    sources: ['https://EHR.example/Patient'],
    agents: ['desk'],
    channels: ['web'],
    recipients: ['models', 'printer', 'clinic'],
  }
  const { unknown, unused } = checkRegistry(REGISTRY, seen)
  assert.deepEqual([unknown, unused], [[], []])
})

test('what was seen and is not registered is told once, whatever it is', () => {
  const seen: Seen = {
    tools: ['wire_money', 'get_chart', 'wire_money', 'a_tool'],
    sources: ['ftp://admin:secret@x/', 'ftp://x/'],
    agents: ['stranger'],
    channels: ['fax'],
    recipients: ['somebody'],
  }
  assert.deepEqual(checkRegistry(REGISTRY, seen).unknown, [
    { kind: 'tools', name: 'a_tool' },
    { kind: 'tools', name: 'wire_money' },
    { kind: 'sources', name: 'ftp://x/' },
    { kind: 'agents', name: 'stranger' },
    { kind: 'channels', name: 'fax' },
    { kind: 'recipients', name: 'somebody' },
  ])
})

test('an entry that spoke of nothing is told, also a prefix whose names all have better ones', () => {
  const { unused } = checkRegistry(REGISTRY, { ...NOTHING, tools: ['ehr.labs.get'], recipients: ['models'] })
  assert.deepEqual(unused, [
    { kind: 'tools', name: 'ehr.*' },
    { kind: 'tools', name: 'get_chart' },
    { kind: 'sources', name: 'https://ehr.example/*' },
    { kind: 'agents', name: 'desk' },
    { kind: 'channels', name: 'web' },
    { kind: 'recipients', name: 'clinic' },
    { kind: 'recipients', name: 'printer' },
  ])
})

test('a recipient that may receive domains without an agreement is told', () => {
  assert.deepEqual(checkRegistry(REGISTRY, NOTHING).without_agreement, [{ kind: 'recipients', name: 'models' }])
})
