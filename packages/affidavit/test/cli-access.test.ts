// affidavit access check, as scripts rely on it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { errorCode, json, run } from './run-cli.ts'

const policies = join(import.meta.dirname, '../testdata/access')
const whole = join(policies, 'whole.yaml')
const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-access-'))
after(() => rmSync(base, { recursive: true, force: true }))

describe('access check', () => {
  test('who may do what is shown, with the digest', async () => {
    const answer = await run(['access', 'check', whole])
    assert.equal(answer.code, 0, answer.err)
    assert.match(answer.out, /^.*whole\.yaml: revision 2026-11-21, 5 named persons\n {2}digest [0-9a-f]{64}\n/)
    assert.match(
      answer.out,
      /\n {2}kim {2}auditor, erasure_approver\n {4}may search, verify, export, readers, approve-erasure, plan-retention\n/,
    )
    assert.match(answer.out, /\n {2}gone {2}no role\n {4}may do nothing\n/)
    assert.match(answer.out, /\n {2}everybody else {2}reader\n {4}may search\n$/)
  })

  test('who may do what is shown as JSON, with the keys that are pinned', async () => {
    const { ok, revision, people, everybody_else } = json(await run(['access', 'check', whole, '--json']))
    assert.deepEqual([ok, revision, everybody_else], [true, '2026-11-21', { roles: ['reader'], may: ['search'] }])
    assert.ok(Array.isArray(people))
    assert.deepEqual(people[1], {
      person: 'kim',
      roles: ['auditor', 'erasure_approver'],
      may: ['search', 'verify', 'export', 'readers', 'approve-erasure', 'plan-retention'],
      approval_key: 'approver/kim+ec4e7ffe+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs',
    })
    assert.deepEqual(people[2], { person: 'ops', roles: ['operator'], may: ['operate'] })
  })

  test('a file that is no policy is refused with file, line, path and cure', async () => {
    const file = join(policies, 'an-unknown-role.yaml')
    const answer = await run(['access', 'check', file, '--json'])
    assert.equal(answer.code, 3)
    const { code, path, line } = Object(json(answer).error)
    assert.deepEqual([code, path, line], ['invalid-access-policy', 'people.kim.roles[1]', 5])
    assert.match(
      (await run(['access', 'check', file])).err,
      /an-unknown-role\.yaml:5: people\.kim\.roles\[1\]: .*; one of/,
    )
  })

  test('a file that is not there, is no text, or does not say what it is, is refused', async () => {
    const bytes = join(base, 'bytes.yaml')
    writeFileSync(bytes, Buffer.from([0xff, 0xfe]))
    const nameless = join(base, 'access.txt')
    writeFileSync(nameless, 'affidavit_access: 1\nrevision: r\n')
    for (const file of [join(base, 'none.yaml'), bytes, nameless]) {
      const answer = await run(['access', 'check', file, '--json'])
      assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'])
    }
  })
})
