import assert from 'node:assert/strict'
import { test } from 'node:test'

import { documentFault } from '../../test/document-lies.ts'
import { parseAccessPolicy } from './parse.ts'

const policy = (oidc: unknown): string => JSON.stringify({ affidavit_access: 1, revision: 'r', oidc })
const read = (oidc: unknown) => parseAccessPolicy(policy(oidc), 'json', 'access.json').oidc
const HONEST = { issuer: 'https://idp.example/realms/clinic', audience: 'affidavit' }

test('what a policy says of an issuer is read, and what it leaves out is the strictest', () => {
  assert.deepEqual(read(HONEST), { ...HONEST, actor_claim: 'sub', everybody_else: false })
  const said = { ...HONEST, actor_claim: 'email', everybody_else: true }
  assert.deepEqual(read(said), said)
  for (const issuer of ['http://127.0.0.1:8080', 'http://localhost/', 'http://[::1]:1'])
    assert.equal(read({ ...HONEST, issuer })?.issuer, issuer)
  assert.equal(parseAccessPolicy('{"affidavit_access":1,"revision":"r"}', 'json', 'access.json').oidc, undefined)
})

const LIES: readonly (readonly [name: string, oidc: unknown, path: string])[] = [
  ['no issuer', { audience: 'affidavit' }, 'oidc.issuer'],
  ['an issuer without https', { ...HONEST, issuer: 'http://idp.example' }, 'oidc.issuer'],
  ['an issuer that looks like this machine', { ...HONEST, issuer: 'http://127.0.0.1.idp.example' }, 'oidc.issuer'],
  ['an issuer with a password', { ...HONEST, issuer: 'https://a:b@idp.example' }, 'oidc.issuer'],
  ['an issuer with a query', { ...HONEST, issuer: 'https://idp.example?x=1' }, 'oidc.issuer'],
  ['an issuer that is a file', { ...HONEST, issuer: 'file:///etc/passwd' }, 'oidc.issuer'],
  ['no audience', { issuer: HONEST.issuer }, 'oidc.audience'],
  ['an empty audience', { ...HONEST, audience: '' }, 'oidc.audience'],
  ['a claim that is a list', { ...HONEST, actor_claim: ['sub'] }, 'oidc.actor_claim'],
  ['everybody else as a word', { ...HONEST, everybody_else: 'yes' }, 'oidc.everybody_else'],
  ['a secret that nobody needs', { ...HONEST, client_secret: 'x' }, 'oidc.client_secret'],
  ['a text', 'https://idp.example', 'oidc'],
]
for (const [name, oidc, path] of LIES) {
  test(`refused as an issuer of tokens: ${name}`, () => {
    const fault = documentFault(() => read(oidc))
    assert.deepEqual([fault.code, fault.path], ['invalid-access-policy', path])
  })
}
