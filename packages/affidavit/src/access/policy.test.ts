import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type AccessPolicy, mayDo } from './policy.ts'
import { ACTS, ROLE_NAMES, ROLES, type Role } from './roles.ts'

function policyOf(people: Readonly<Record<string, readonly Role[]>>, everybody_else: readonly Role[]): AccessPolicy {
  const named = Object.entries(people).map(([name, roles]) => [name, { roles, approval_key: undefined }] as const)
  return { revision: 'r7', digest: '0'.repeat(64), people: new Map(named), everybody_else }
}

const roles = fc.uniqueArray(fc.constantFrom(...ROLE_NAMES))
const act = fc.constantFrom(...ACTS)

test('a person may what one of the roles says, and nothing else', () => {
  fc.assert(
    fc.property(roles, roles, act, (own, others, act) => {
      const answer = mayDo(policyOf({ kim: own }, others), 'kim', act)
      const by = own.filter((role) => ROLES[role].includes(act))
      assert.equal(answer.allowed, by.length > 0)
      if (answer.allowed) assert.deepEqual(answer.roles, by)
    }),
  )
})

test('one role more takes nothing away', () => {
  fc.assert(
    fc.property(roles, fc.constantFrom(...ROLE_NAMES), act, (own, more, act) => {
      if (!mayDo(policyOf({ kim: own }, []), 'kim', act).allowed) return
      assert.ok(mayDo(policyOf({ kim: [...own, more] }, []), 'kim', act).allowed)
    }),
  )
})

test('a named person has none of everybody else’s roles', () => {
  const policy = policyOf({ gone: [], ops: ['operator'] }, ['reader'])
  assert.equal(mayDo(policy, 'gone', 'search').allowed, false)
  assert.equal(mayDo(policy, 'ops', 'search').allowed, false)
  assert.deepEqual(mayDo(policy, 'anybody', 'search'), { allowed: true, roles: ['reader'] })
  assert.equal(mayDo(policy, 'anybody', 'reveal').allowed, false)
})

for (const near of ['Kim', 'kim ', 'kim\u200b', 'ki', '', 'constructor', '__proto__']) {
  test(`a name that is nearly the same is nobody’s: ${JSON.stringify(near)}`, () => {
    assert.equal(mayDo(policyOf({ kim: ['privacy_officer'] }, []), near, 'search').allowed, false)
  })
}

test('a refusal says which roles would do, and names nobody', () => {
  const policy = policyOf({ kim: ['auditor', 'operator'], gone: [] }, [])
  assert.deepEqual(mayDo(policy, 'kim', 'reveal'), {
    allowed: false,
    problem:
      'revealing content needs the role content_reader or privacy_officer; by the access policy, whoever asks has auditor, operator',
    cure: 'whoever keeps the access policy (revision r7) can give that role',
  })
  const refused = mayDo(policy, 'gone', 'operate')
  assert.ok(!refused.allowed)
  assert.equal(
    refused.problem,
    'rotating keys and confirming the clock needs the role operator or administrator; by the access policy, whoever asks has no role',
  )
})

test('every act is somebody’s, and no reader, approver, operator, writer or administrator opens content', () => {
  for (const act of ACTS)
    assert.ok(
      ROLE_NAMES.some((role) => ROLES[role].includes(act)),
      act,
    )
  const opening = ROLE_NAMES.filter((role) => ROLES[role].includes('reveal') || ROLES[role].includes('resolve'))
  assert.deepEqual(opening, ['content_reader', 'privacy_officer'])
})
