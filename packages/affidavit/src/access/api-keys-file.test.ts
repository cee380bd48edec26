import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { DocumentFault } from '../documents/fault.ts'
import type { ApiKey } from './api-key.ts'
import { formatApiKeys, parseApiKeys } from './api-keys-file.ts'
import { API_ROLE_NAMES } from './api-roles.ts'

const KEY: ApiKey = {
  id: '0123456789Ab',
  sha256: 'ab'.repeat(32),
  role: 'auditor',
  actor: 'kim',
  scope: { agents: ['triage'], from: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' },
  created: '2026-01-01T00:00:00.000Z',
  expires: '2027-01-01T00:00:00.000Z',
  revoked: '2026-03-01T00:00:00.000Z',
}

test('what is written of keys is read again', () => {
  const { scope: _, expires: __, revoked: ___, ...plain } = KEY
  const keys = [KEY, ...API_ROLE_NAMES.map((role, i) => ({ ...plain, role, id: `aaaaaaaaaaa${i}` }))]
  assert.deepEqual(parseApiKeys(formatApiKeys(keys), 'api-keys.json'), keys)
})

const LIES: readonly (readonly [name: string, text: string, path: string])[] = [
  ['that is of another version', '{"affidavit_api_keys":2,"keys":[]}', 'affidavit_api_keys'],
  ['that holds a word that no page has', '{"affidavit_api_keys":1,"keys":[],"more":1}', 'more'],
  ['with two keys of one id', formatApiKeys([KEY, KEY]), 'keys[1].id'],
  ['with a key instead of its hash', formatApiKeys([{ ...KEY, sha256: `affidavit_${KEY.id}_x` }]), 'keys[0].sha256'],
  ['with an id that is none', formatApiKeys([{ ...KEY, id: '../../../etc' }]), 'keys[0].id'],
  [
    'with a key that says its role twice',
    formatApiKeys([KEY]).replace('"role"', '"role":"admin","role"'),
    'keys[0].role',
  ],
  ['with a role that nobody has', formatApiKeys([KEY]).replace('"auditor"', '"root"'), 'keys[0].role'],
  ['with an end that is no time', formatApiKeys([{ ...KEY, expires: '2027' }]), 'keys[0].expires'],
  ['with a scope of another role', formatApiKeys([{ ...KEY, role: 'records' }]), 'keys[0].scope.agents'],
  ['with a scope that restricts nothing', formatApiKeys([{ ...KEY, scope: {} }]), 'keys[0].scope'],
  ['with a word more of a key', formatApiKeys([KEY]).replace('"actor"', '"owner":"x","actor"'), 'keys[0].owner'],
]
for (const [name, text, path] of LIES) {
  test(`refused as keys: a file ${name}`, () => {
    assert.throws(
      () => parseApiKeys(text, 'api-keys.json'),
      (fault) => fault instanceof DocumentFault && fault.code === 'invalid-api-keys' && fault.path === path,
    )
  })
}

test('no text makes the reader of API keys throw anything but a fault of them', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"affidavit_api_keys":1,"keys":[${json}]}`),
  )
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseApiKeys(text, 'api-keys.json')
      } catch (fault) {
        assert.ok(fault instanceof DocumentFault)
      }
    }),
  )
})
