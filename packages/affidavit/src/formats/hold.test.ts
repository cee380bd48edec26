import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseDraft, parseOwnDraft } from './draft.ts'
import { DraftFault } from './draft-fault.ts'
import type { Draft } from './fields.ts'
import { readHold, readHoldRelease } from './hold.ts'

const HOLD = '0193f5a2-7bff-7f00-8000-000000000029'
const placed: Draft = {
  action: 'hold_placed',
  actor_id: 'sam',
  actor_type: 'user',
  on_behalf_of: 'kim.lee',
  subject_ids: ['tok_a'],
  details: {
    matter: 'Okafor v. Clinic',
    query: { conversation_id: 'c-1', from: '2026-01-01T00:00:00.000Z', until: '2026-07-01T00:00:00.000Z' },
  },
  outcome_reason: 'complaint served',
}
const released: Draft = {
  action: 'hold_released',
  actor_id: 'sam',
  actor_type: 'user',
  parent_id: HOLD,
  details: {
    approval_sha256: 'ab'.repeat(32),
    approval: 'the note',
    hold_sha256: 'cd'.repeat(32),
    matter: 'Okafor v. Clinic',
    release: 'the paper',
    release_sha256: 'ef'.repeat(32),
  },
  outcome_reason: 'settled',
}

test('a hold says what it binds, for which matter, and who answers for it', () => {
  assert.deepEqual(readHold(parseOwnDraft(placed)), {
    matter: 'Okafor v. Clinic',
    reason: 'complaint served',
    custodian: 'kim.lee',
    query: {
      conversation_id: 'c-1',
      from: '2026-01-01T00:00:00.000Z',
      until: '2026-07-01T00:00:00.000Z',
      subject_ids: ['tok_a'],
    },
  })
  const { subject_ids: _, ...nobody } = placed
  const all = { ...nobody, details: { matter: 'm', everything: 'yes' } }
  assert.deepEqual(readHold(parseOwnDraft(all)).query, {})
})

test('a release names the hold by its id and its hash', () => {
  const { hold_id, hold_sha256, reason } = readHoldRelease(parseOwnDraft(released))
  assert.deepEqual({ hold_id, hold_sha256, reason }, { hold_id: HOLD, hold_sha256: 'cd'.repeat(32), reason: 'settled' })
})

test('no caller places a hold or releases one', () => {
  for (const draft of [placed, released]) assert.throws(() => parseDraft(draft, {}), { path: 'action' })
})

const query = (changed: object): Partial<Draft> => ({ details: { ...placed.details, query: changed } })
const without = (...members: string[]): Partial<Draft> => ({
  details: Object.fromEntries(Object.entries(placed.details ?? {}).filter(([name]) => !members.includes(name))),
})
const LIES: readonly (readonly [name: string, changed: Partial<Draft>, path: string, problem: string])[] = [
  ['by an agent', { actor_type: 'agent' }, 'actor_type', 'a user or an admin'],
  ['by a system', { actor_type: 'system' }, 'actor_type', 'a user or an admin'],
  ['without a custodian', {}, 'on_behalf_of', 'who answers'],
  ['without a matter', without('matter'), 'details.matter', 'say why'],
  ['without a reason', {}, 'outcome_reason', 'say why'],
  ['of nothing', without('query'), 'details.query', 'says what it binds'],
  ['of nothing, in so many words', query({}), 'details.query', 'says what it binds'],
  [
    'of everything, and of a conversation',
    { details: { ...placed.details, everything: 'yes' } },
    'details.everything',
    'narrowed by nothing',
  ],
  ['of a list', query(['c-1']), 'details.query', 'must be an object'],
  ['with a condition that there is not', query({ conversation: 'c-1' }), 'details.query.conversation', 'and no other'],
  [
    'with a condition that is no text',
    query({ conversation_id: 7 }),
    'details.query.conversation_id',
    'must be a text',
  ],
  ['of a resource without its type', query({ resource_id: 'r' }), 'details.query.resource_type', 'needs its'],
  ['from a day', query({ from: '2026-01-01' }), 'details.query.from', 'must be UTC'],
  [
    'until before its beginning',
    query({ from: '2026-01-02T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z' }),
    'details.query.until',
    'is not after from',
  ],
  ['with a member of its own', { details: { ...placed.details, until: 'x' } }, 'details.until', 'and no other'],
]

for (const [name, changed, path, problem] of LIES) {
  test(`refused as a hold: ${name}`, () => {
    const draft: Draft = { ...placed, ...changed }
    if (name === 'without a custodian') delete draft.on_behalf_of
    if (name === 'without a reason') delete draft.outcome_reason
    if (name.startsWith('of nothing')) delete draft.subject_ids
    isRefused(draft, path, problem)
  })
}

const RELEASE_LIES: typeof LIES = [
  ['by a system', { actor_type: 'system' }, 'actor_type', 'a user or an admin'],
  [
    'with a reason in the wrong place',
    { details: { ...released.details, reason: 'x' } },
    'details.reason',
    'and no other',
  ],
  ['of another hash', { details: { ...released.details, hold_sha256: 'CD' } }, 'details.hold_sha256', '64 lower-case'],
  ['without an approval', { details: { ...released.details, approval_sha256: 1 } }, 'details.approval_sha256', '64'],
]

for (const [name, changed, path, problem] of RELEASE_LIES) {
  test(`refused as a release: ${name}`, () => isRefused({ ...released, ...changed } as Draft, path, problem))
}

test('refused as a release: without a reason', () => {
  const { outcome_reason: _, ...silent } = released
  isRefused(silent, 'outcome_reason', 'say why')
})

test('refused as a release: of no hold', () => {
  const { parent_id: _, ...nothing } = released
  isRefused(nothing, 'parent_id', 'name the hold')
})

function isRefused(draft: Draft, path: string, problem: string): void {
  assert.throws(
    () => parseOwnDraft(draft),
    (error: unknown) => {
      assert.ok(error instanceof DraftFault, String(error))
      assert.deepEqual([error.path, error.message.includes(problem)], [path, true], error.message)
      return true
    },
  )
}
