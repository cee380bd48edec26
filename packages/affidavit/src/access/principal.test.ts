import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseAccessPolicy } from './parse.ts'
import { type AccessPolicy, mayDo } from './policy.ts'
import { type Principal, policyFor } from './principal.ts'
import { ACTS, ROLE_NAMES, ROLES } from './roles.ts'

const BASE = parseAccessPolicy(
  JSON.stringify({
    affidavit_access: 1,
    revision: 'r7',
    people: {
      kim: {
        roles: ['privacy_officer', 'erasure_approver'],
        approval_key: 'approver/kim+ec4e7ffe+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs',
      },
    },
    everybody_else: ['privacy_officer'],
  }),
  'json',
  'access.json',
)

const as = (actor_id: string, roles: Principal['roles']): Principal => ({
  ledger: 'clinic.example/agents',
  actor_id,
  actor_type: 'user',
  roles,
  credential_id: '0123456789ab',
})

test('who signed in may what the credential says, whatever the policy gives that name or everybody else', () => {
  const roles = fc.uniqueArray(fc.constantFrom(...ROLE_NAMES.filter((role) => !role.endsWith('_approver'))))
  const bases = fc.constantFrom<AccessPolicy | undefined>(BASE, undefined)
  fc.assert(
    fc.property(bases, fc.constantFrom('kim', 'lee', '__proto__'), roles, (base, name, roles) => {
      const policy = policyFor(base, as(name, roles))
      for (const act of ACTS.filter((one) => !one.startsWith('approve-')))
        assert.equal(
          mayDo(policy, name, act).allowed,
          roles.some((role) => ROLES[role].includes(act)),
          act,
        )
    }),
  )
})

test('whoever approves stays an approver, with the same key, whoever asks', () => {
  for (const name of ['kim', 'lee']) {
    const policy = policyFor(BASE, as(name, ['reader']))
    assert.deepEqual(policy.people.get('kim')?.approval_key, BASE.people.get('kim')?.approval_key)
    assert.ok(mayDo(policy, 'kim', 'approve-erasure').allowed)
  }
  assert.equal(mayDo(policyFor(BASE, as('lee', ['reader'])), 'lee', 'approve-erasure').allowed, false)
})

test('nobody but who signed in has anything of everybody else', () => {
  assert.equal(mayDo(policyFor(BASE, as('lee', ['reader'])), 'anybody', 'search').allowed, false)
})
