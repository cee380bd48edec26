// spec/access.md and the code agree: on the roles, and on the example.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { API_ROLES } from '../src/access/api-roles.ts'
import { parseAccessPolicy } from '../src/access/parse.ts'
import { ACTS, ROLES } from '../src/access/roles.ts'

const page = readFileSync(join(import.meta.dirname, '../../../spec/access.md'), 'utf8')

function wordsOf(cell: string): string[] {
  return [...cell.matchAll(/`([a-z_-]+)`/g)].map(([, word = '']) => word)
}

test('the roles of the page are the built-in ones', () => {
  const [, roles = ''] = /\| Role \| May \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
  const told = [...roles.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, role, acts = '']) => [role, wordsOf(acts)])
  assert.deepEqual(told, Object.entries(ROLES))
})

test('the acts of the page are those that there are', () => {
  const [, acts = ''] = /\| Act \| Is \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
  const told = [...acts.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) => wordsOf(cell))
  assert.deepEqual(told.toSorted(), ACTS.toSorted())
})

test('the example of the page is an access policy', () => {
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? ''
  assert.deepEqual([...parseAccessPolicy(example, 'yaml', 'page').people.keys()], ['dr.lee', 'kim'])
})

test('the roles of API keys are those of the page', () => {
  const signIn = readFileSync(join(import.meta.dirname, '../../../spec/sign-in.md'), 'utf8')
  const [, table = ''] = /\| Role \| Is \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(signIn) ?? []
  const told = [...table.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, role, is = '']) => [role, wordsOf(is)])
  assert.deepEqual(told, Object.entries(API_ROLES))
})
