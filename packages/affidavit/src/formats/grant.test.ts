import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseDraft, parseOwnDraft } from './draft.ts'
import { DraftFault } from './draft-fault.ts'
import type { Draft } from './fields.ts'
import { readGrant, readRevocation } from './grant.ts'
import { readPromptApproval } from './prompt-approval.ts'

const PERIOD = { valid_from: '2026-01-01T00:00:00.000Z', valid_until: '2027-01-01T00:00:00.000Z' }
const GRANT: Draft = {
  action: 'access_granted',
  actor_id: 'dr-lee',
  actor_type: 'user',
  agent_name: 'clinic-agent',
  resource_type: 'patient_record',
  details: { access: ['read', 'write'], ...PERIOD },
}
const REVOKED: Draft = {
  action: 'access_revoked',
  actor_id: 'dr-lee',
  actor_type: 'user',
  grant_id: 'G-1',
  outcome_reason: 'the study has ended',
}
const APPROVED: Draft = {
  action: 'approval_decided',
  outcome: 'success',
  actor_id: 'dr-lee',
  actor_type: 'admin',
  resource_type: 'agent_prompt',
  resource_id: 'clinic-agent',
  agent_name: 'clinic-agent',
  prompt_version: 'v-1',
}

type Lie = readonly [name: string, changed: { readonly [field: string]: unknown }, path: string, problem: string]

function details(changed: object): { readonly details: object } {
  const members = Object.entries({ ...GRANT.details, ...changed }).filter(([, value]) => value !== undefined)
  return { details: Object.fromEntries(members) }
}

const NO_GRANT: readonly Lie[] = [
  ['no agent', { agent_name: undefined }, 'agent_name', 'say which agent'],
  ['no scope', { resource_type: undefined }, 'resource_type', 'a grant has a scope'],
  ['no details', { details: undefined }, 'details.access', 'a list of read, write, disclose'],
  ['no access', details({ access: undefined }), 'details.access', 'say how'],
  ['an empty access', details({ access: [] }), 'details.access', 'say how'],
  ['access as a word', details({ access: 'read' }), 'details.access', 'a list'],
  ['an unknown access', details({ access: ['read', 'delete'] }), 'details.access[1]', 'one of read, write, disclose'],
  ['an access twice', details({ access: ['read', 'read'] }), 'details.access', 'stands twice'],
  ['no beginning', details({ valid_from: undefined }), 'details.valid_from', 'a grant has a period'],
  ['no end', details({ valid_until: undefined }), 'details.valid_until', 'a grant has a period'],
  ['a day for a time', details({ valid_until: '2027-01-01' }), 'details.valid_until', 'UTC, RFC 3339'],
  ['a number for a time', details({ valid_from: 0 }), 'details.valid_from', 'UTC, RFC 3339'],
  ['a day that is none', details({ valid_until: '2027-02-30T00:00:00.000Z' }), 'details.valid_until', 'UTC, RFC 3339'],
  ['no time between', details({ valid_until: PERIOD.valid_from }), 'details.valid_until', 'is not after'],
  ['approved by the agent', { actor_id: 'clinic-agent' }, 'actor_id', 'cannot approve it'],
  ['approved by whom it is for', { on_behalf_of: 'dr-lee' }, 'actor_id', 'cannot approve it'],
  ['approved by a program', { actor_type: 'system' }, 'actor_type', 'a user or an admin'],
  ['approved by some agent', { actor_type: 'agent', actor_id: 'other' }, 'actor_type', 'a user or an admin'],
  ['denied', { outcome: 'denied' }, 'outcome', 'no access_granted'],
]
const NO_REVOCATION: readonly Lie[] = [
  ['of nothing', { grant_id: undefined }, 'grant_id', 'name the grant'],
  ['without a reason', { outcome_reason: undefined }, 'outcome_reason', 'say why'],
  ['that failed', { outcome: 'error' }, 'outcome', 'no access_revoked'],
]
const NO_APPROVAL: readonly Lie[] = [
  ['of no agent', { agent_name: undefined }, 'agent_name', 'say whose prompt'],
  ['of no version', { prompt_version: undefined }, 'prompt_version', 'say which version'],
  ['of no outcome', { outcome: undefined }, 'outcome', 'success approves'],
  ['of another outcome', { outcome: 'failure' }, 'outcome', 'denied takes its approval back'],
  ['by a program', { actor_type: 'system' }, 'actor_type', 'a user or an admin'],
  ['by the agent itself', { actor_id: 'clinic-agent' }, 'actor_id', 'its own prompt'],
  ['of two agents', { resource_id: 'other-agent' }, 'resource_id', 'another agent'],
]

for (const [refused, base, lies] of [
  ['refused as a grant', GRANT, NO_GRANT],
  ['refused as a revocation', REVOKED, NO_REVOCATION],
  ['refused as an approval of a prompt', APPROVED, NO_APPROVAL],
] as const) {
  test(`admitted in its form: ${base.action}`, () => assert.deepEqual(parseDraft(base, {}), base))

  for (const [name, changed, path, problem] of lies) {
    const draft = { ...base, ...changed }
    test(`${refused}: ${name}`, () => {
      for (const admit of [() => parseDraft(draft, {}), () => parseDraft({ ...draft, assurance: 'observed' }, {})]) {
        assert.throws(admit, (error: unknown) => {
          assert.ok(error instanceof DraftFault, String(error))
          assert.deepEqual([error.path, error.message.includes(problem)], [path, true], error.message)
          return true
        })
      }
    })

    test(`what was imported is admitted as it is: ${base.action}, ${name}`, () => {
      assert.equal(parseDraft({ ...draft, assurance: 'imported' }, {}).action, base.action)
    })
  }
}

test('an approval of anything else needs none of this', () => {
  const { agent_name, prompt_version, outcome, ...others } = { ...APPROVED, resource_type: 'letter' }
  assert.deepEqual(parseDraft(others, {}), others)
})

test('a grant says whom it is for, and what narrows it', () => {
  const narrow = {
    on_behalf_of: 'nurse',
    resource_id: 'P-1',
    subject_ids: ['a'],
    purpose: 'care',
    conversation_id: 'c',
  }
  const { approver, access, ...read } = readGrant({ ...GRANT, ...narrow, grant_id: 'G-1' })
  assert.deepEqual([approver, access], ['dr-lee', ['read', 'write']])
  assert.deepEqual(read, { agent_name: 'clinic-agent', resource_type: 'patient_record', ...narrow, ...PERIOD })
  assert.deepEqual(readRevocation(REVOKED), { grant_id: 'G-1', reason: 'the study has ended' })
  assert.equal(readPromptApproval({ ...APPROVED, outcome: 'denied' }).decision, 'withdrawn')
})

test('a grant whose details answer anew has said it the first time', () => {
  let asked = 0
  const answers = {
    ...PERIOD,
    get access() {
      return asked++ === 0 ? ['read'] : ['read', 'write', 'disclose']
    },
  }
  assert.deepEqual(parseDraft({ ...GRANT, details: answers }, {}).details?.access, ['read'])
  const later = { access: ['read'], ...PERIOD }
  const taken = parseOwnDraft({ ...GRANT, details: later })
  later.access.push('disclose')
  assert.deepEqual(taken.details?.access, ['read'])
})
