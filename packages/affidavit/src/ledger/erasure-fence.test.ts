import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fixedClock } from '../testing/fixed-clock.ts'
import { plainAdmission } from '../testing/plain-admission.ts'
import { fencedBy } from './erasure-fence.ts'

const owners = { subjects: [`tok_${'a'.repeat(32)}`], conversations: [] }
const hash = 'ab'.repeat(32)
const decision = (keyring_generation: number) => ({
  action: 'content_erased' as const,
  details: { phase: 'decided', plan_sha256: hash, approval_sha256: hash, keyring_generation, damaged: 0, ...owners },
})
const outcome = (keyring_generation: number) => ({
  action: 'content_erased' as const,
  details: {
    phase: 'erased',
    plan_sha256: hash,
    decision_seq: 7,
    keyring_generation,
    retired_key_versions: [],
    ...owners,
  },
})

test('a record of an erasure claims no later generation than the one it speaks of', () => {
  assert.deepEqual(fencedBy(decision(4), 3), { keyring_generation: 3, keyring_fence: 4 })
  assert.deepEqual(fencedBy(decision(4), 9), { keyring_generation: 3, keyring_fence: 4 })
  assert.deepEqual(fencedBy(outcome(4), 9), { keyring_generation: 4 })
  assert.deepEqual(fencedBy(outcome(4), 2), { keyring_generation: 2 })
})

test('no other record is a fence', () => {
  const { details } = decision(4)
  assert.deepEqual(fencedBy({ action: 'tool_invoked', details }, 3), { keyring_generation: 3 })
  assert.deepEqual(fencedBy({ action: 'content_erased' }, 3), { keyring_generation: 3 })
})

test('a decision to erase is prepared as a fence, and its outcome is not', () => {
  const { admitOwn } = plainAdmission({ ledger: 'clinic.example/agents/1', clock: fixedClock() })
  const own = { actor_id: 'affidavit', actor_type: 'system' } as const
  const { keyring_generation, keyring_fence } = admitOwn({ ...own, ...decision(2) })
  assert.deepEqual([keyring_generation, keyring_fence], [1, 2])
  assert.equal(admitOwn({ ...own, ...outcome(2) }).keyring_fence, undefined)
})
