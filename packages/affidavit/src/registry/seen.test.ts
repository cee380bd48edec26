import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createSeenNames } from './seen.ts'

const ANY = { action: 'tool_invoked', seq: 7 } as const

test('records name the tools that were called and declared, and the agents at work, each once', () => {
  const seen = createSeenNames()
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
  const seen = createSeenNames()
  seen.add({ ...ANY, details: { tool_digest: 'ab'.repeat(32) } })
  assert.deepEqual([seen.names().unnamed, seen.names().tools.size], [1, 0])
})

test('records name who was given data, but for those whose name was masked', () => {
  const seen = createSeenNames()
  seen.add({ ...ANY, details: { recipient: 'https://models.example/v1' } })
  seen.add({ ...ANY, details: { recipient: '[email_address]', masked: [{ path: 'details.recipient', types: [] }] } })
  seen.add({ ...ANY, action: 'approval_requested', details: { recipient: 'somebody' } })
  assert.deepEqual([...seen.names().recipients], ['https://models.example/v1'])
})

test('findings are told by code and recipient, with their number and the first', () => {
  const seen = createSeenNames()
  const finding = (seq: number, recipient: string, code: string, action: 'model_invoked' | 'draft_rejected'): void =>
    seen.add({ action, seq, details: { recipient, recipient_finding: { code } } })
  finding(3, 'models', 'agreement-ended', 'model_invoked')
  finding(5, 'fax', 'agreement-missing', 'model_invoked')
  finding(9, 'fax', 'agreement-missing', 'draft_rejected')
  assert.deepEqual(seen.names().findings, [
    { code: 'agreement-missing', recipient: 'fax', records: 2, first_seq: 5 },
    { code: 'agreement-ended', recipient: 'models', records: 1, first_seq: 3 },
  ])
})

test('however many recipients there are, what is told of them is bounded, and none is lost', () => {
  const seen = createSeenNames()
  for (let seq = 0; seq < 3000; seq++)
    seen.add({ ...ANY, seq, details: { recipient: `r-${seq}`, recipient_finding: { code: 'recipient-unknown' } } })
  const { findings } = seen.names()
  assert.equal(findings.length, 1001)
  assert.deepEqual(findings[0], { code: 'recipient-unknown', recipient: '…', records: 2000, first_seq: 1000 })
})
