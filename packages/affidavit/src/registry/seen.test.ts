import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseRegistry } from './parse.ts'
import { createSeenNames } from './seen.ts'

const ANY = { action: 'tool_invoked', seq: 7, timestamp: '2026-11-21T09:00:00.000Z', outcome: 'success' } as const

const SILENT = parseRegistry('version: 1\nrevision: silent\n', 'yaml', 'silent.yaml')
const REGISTRY = parseRegistry(
  `version: 1
revision: r1
recipients:
  models:
    kind: model_provider
    agreement: { kind: baa, reference: B-1, valid_from: "2026-01-01", valid_until: "2026-06-30" }
    compliance_domains: [hipaa]
    on_violation: record
`,
  'yaml',
  'r.yaml',
)

test('records name the tools that were called and declared, and the agents at work, each once', () => {
  const seen = createSeenNames(SILENT)
  seen.add({ ...ANY, agent_name: 'clinic', details: { tool: 'get_chart' } })
  seen.add({ ...ANY, agent_name: 'clinic', details: { tool: 'get_chart', tools: ['find_slots', 'get_chart', 7] } })
  seen.add(ANY)
  seen.add({ ...ANY, agent_name: 'desk', details: { tool: 7, tools: 'find_slots' } })
  const { tools, agents, unnamed } = seen.names()
  assert.deepEqual([...tools].sort(), ['find_slots', 'get_chart'])
  assert.deepEqual([...agents].sort(), ['clinic', 'desk'])
  assert.equal(unnamed, 2)
})

test('a tool that is told by its digest alone is counted', () => {
  const seen = createSeenNames(SILENT)
  seen.add({ ...ANY, details: { tool_digest: 'ab'.repeat(32) } })
  assert.deepEqual([seen.names().unnamed, seen.names().tools.size], [1, 0])
})

test('records name who was given data, but for those whose name was masked', () => {
  const seen = createSeenNames(SILENT)
  seen.add({ ...ANY, details: { recipient: 'https://models.example/v1' } })
  seen.add({ ...ANY, details: { recipient: '[email_address]', masked: [{ path: 'details.recipient', types: [] }] } })
  seen.add({ ...ANY, action: 'approval_requested', details: { recipient: 'somebody' } })
  assert.deepEqual([...seen.names().recipients], ['https://models.example/v1'])
})

test('who was given what is judged by the registry, whatever stood there when it was recorded', () => {
  const seen = createSeenNames(REGISTRY)
  const given = (seq: number, more: Partial<Parameters<typeof seen.add>[0]>): void =>
    seen.add({ ...ANY, action: 'model_invoked', seq, details: { recipient: 'models' }, ...more })
  const [in_march, found] = [
    { timestamp: '2026-03-01T09:00:00.000Z' },
    { recipient_finding: { code: 'agreement-missing' } },
  ]
  const hipaa = { compliance_domains: ['hipaa'] }
  given(1, { ...hipaa, ...in_march })
  given(2, hipaa)
  given(3, hipaa)
  given(4, { ...hipaa, outcome: 'denied' })
  given(5, { ...hipaa, ...in_march, details: { recipient: 'models', ...found } })
  given(6, { details: { recipient: 'fax', ...found } })
  given(7, { details: { recipient: '[email_address]', ...found, masked: [{ path: 'details.recipient', types: [] }] } })
  given(8, { action: 'draft_rejected', outcome: 'denied', details: { recipient: 'fax', ...found } })
  given(9, { action: 'draft_rejected', details: { reason: 'of another kind' } })
  const { findings, allowed_since, refused } = seen.names()
  const one = (code: string, recipient: string, first_seq: number, records = 1) => ({
    code,
    recipient,
    records,
    first_seq,
  })
  assert.deepEqual(findings, [
    one('agreement-ended', 'models', 2, 2),
    one('recipient-unknown', 'fax', 6),
    one('agreement-missing', '[email_address]', 7),
  ])
  assert.deepEqual(allowed_since, [one('agreement-missing', 'models', 5)])
  assert.deepEqual(refused, [one('agreement-missing', 'fax', 8)])
})

test('however many recipients there are, what is told of them is bounded, and none is lost', () => {
  const seen = createSeenNames(REGISTRY)
  for (let seq = 0; seq < 3000; seq++) seen.add({ ...ANY, seq, details: { recipient: `r-${seq}` } })
  const { findings } = seen.names()
  assert.equal(findings.length, 1001)
  assert.deepEqual(findings[0], { code: 'recipient-unknown', recipient: '…', records: 2000, first_seq: 1000 })
})
