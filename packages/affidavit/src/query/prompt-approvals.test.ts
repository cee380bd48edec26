import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hour, plainRecord } from '../../test/plain-record.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { createPromptApprovals } from './prompt-approvals.ts'

const PROMPT = { agent_name: 'clinic-agent', resource_type: 'agent_prompt', prompt_version: 'v-1' } as const
const PERSON = { actor_type: 'user' } as const

function changed(
  seq: number,
  actor_id = 'ira',
  details: AuditRecord['details'] = { changed_by: 'known' },
): AuditRecord {
  return plainRecord(seq, { action: 'prompt_changed', ...PERSON, ...PROMPT, actor_id, details: details ?? {} })
}

function approved(seq: number, actor_id = 'lee', fields: Partial<AuditRecord> = {}): AuditRecord {
  return plainRecord(seq, { action: 'approval_decided', outcome: 'success', ...PERSON, ...PROMPT, actor_id, ...fields })
}

const withdrawn = (seq: number, actor_id = 'kim'): AuditRecord => approved(seq, actor_id, { outcome: 'denied' })
const unknown = { changed_by: 'unknown' }
const imported = { author_unclaimed: true }

const CASES: readonly (readonly [name: string, records: AuditRecord[], found: string | undefined])[] = [
  ['approved by somebody else', [changed(1), approved(2)], undefined],
  ['approved before it was announced', [approved(1), changed(2)], undefined],
  ['approved and never announced', [approved(1)], undefined],
  ['announced alone', [changed(1)], 'not-approved'],
  ['of nothing on record', [], 'not-approved'],
  ['of which another was approved', [changed(1), approved(2, 'lee', { prompt_version: 'v-2' })], 'not-approved'],
  ['approved and taken back', [changed(1), approved(2), withdrawn(3)], 'approval-withdrawn'],
  ['taken back and approved anew', [changed(1), approved(2), withdrawn(3), approved(4)], undefined],
  ['denied at once', [changed(1), withdrawn(2)], 'approval-withdrawn'],
  ['approved by its author', [changed(1, 'lee'), approved(2)], 'self-approved'],
  ['approved by who came to be its author', [approved(1), changed(2, 'lee')], 'self-approved'],
  ['approved by its author and somebody else', [changed(1, 'lee'), approved(2), approved(3, 'kim')], undefined],
  ['approved by who changed another', [changed(1), approved(2, 'ira', { prompt_version: 'v-2' })], 'not-approved'],
  ['changed by nobody known', [changed(1, 'lee', unknown), approved(2)], undefined],
  ['imported without an author', [changed(1, 'lee', imported), approved(2)], undefined],
  ['approved by the agent', [changed(1), approved(2, 'clinic-agent')], 'not-approved'],
  ['approved by the agent, under a token', [changed(1), approved(2, 'tok_agent')], 'not-approved'],
  ['approved by a program', [changed(1), approved(2, 'lee', { actor_type: 'system' })], 'not-approved'],
  ['approved with no outcome', [changed(1), { ...approved(2), outcome: undefined } as never], 'not-approved'],
  ['approved an hour after it was given', [changed(1), approved(6)], 'approved-afterwards'],
  ['approved before and after it was given', [changed(1), approved(2), approved(6, 'kim')], undefined],
  ['approved for something else', [changed(1), approved(2, 'lee', { resource_type: 'letter' })], 'not-approved'],
]

const nameOf = (id: string): string => (id === 'clinic-agent' ? 'tok_agent' : id)

for (const [name, records, found] of CASES) {
  test(`an answer under a version: ${name}`, () => {
    const approvals = createPromptApprovals(nameOf)
    for (const record of records) approvals.see(record)
    assert.equal(approvals.judge({ prompt_version: 'v-1', timestamp: hour(5) }), found)
  })
}

test('an answer under a version: of no name', () => {
  assert.equal(createPromptApprovals(nameOf).judge({ timestamp: hour(5) }), 'no-version')
})

test('an approval that is none is told with its place', () => {
  const approvals = createPromptApprovals(nameOf)
  assert.match(approvals.see(approved(1, 'lee', { outcome: 'failure' })) ?? '', /^outcome: /)
  assert.match(approvals.see(approved(1, 'tok_agent')) ?? '', /^actor_id: /)
  assert.equal(approvals.see(approved(1)), undefined)
  assert.equal(approvals.see(changed(1)), undefined)
})
