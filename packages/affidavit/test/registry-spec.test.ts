// spec/registry.md and the code agree: on the domains, on the example, and on what a fault looks like.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { BUILT_IN_DOMAINS } from '../src/registry/domains.ts'
import { parseRegistry } from '../src/registry/parse.ts'

const page = readFileSync(join(import.meta.dirname, '../../../spec/registry.md'), 'utf8')
const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? ''

test('the domains of the page are the built-in ones, in their two groups', () => {
  for (const [row, guards] of [
    ['guard data', true],
    ['others', false],
  ] as const) {
    const [, words = ''] = new RegExp(`^\\| ${row} \\| (.*) \\|$`, 'm').exec(page) ?? []
    const told = [...words.matchAll(/`([a-z0-9_]+)`/g)].map(([, word]) => word)
    const known = [...BUILT_IN_DOMAINS].filter(([, { guards_data }]) => guards_data === guards).map(([word]) => word)
    assert.deepEqual(told, known)
  }
})

test('the example of the page is a registry', () => {
  assert.equal(parseRegistry(example, 'yaml', 'page').tools.all.length, 2)
})

test('a fault looks as on the page', () => {
  const [told] = /^clinic\.yaml:12: .*$/m.exec(page) ?? []
  const broken = `${'\n'.repeat(6)}${example.replace('access: read', 'access: peek')}`
  assert.throws(() => parseRegistry(broken, 'yaml', 'clinic.yaml'), {
    name: 'DocumentFault',
    code: 'invalid-registry',
    message: told,
  })
})
