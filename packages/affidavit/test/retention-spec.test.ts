// spec/retention.md and the code agree: on the example, on which policies apply by themselves, and on the anchors and states.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { BUILT_IN_POLICIES } from '../src/retention/built-in.ts'
import { parseRetentionSet } from '../src/retention/parse.ts'
import { ANCHORS } from '../src/retention/policy.ts'
import { policyNamed } from '../src/retention/policy-set.ts'

const page = readFileSync(join(import.meta.dirname, '../../../spec/retention.md'), 'utf8')

function wordsOf(text: string): string[] {
  return [...text.matchAll(/`([a-z0-9_.-]+)`/g)].map(([, word = '']) => word)
}

test('the example of the page is a retention set', () => {
  const set = parseRetentionSet(/```yaml\n(.*?)```/s.exec(page)?.[1] ?? '', 'yaml', 'page')
  assert.equal(policyNamed(set, 'clinic.referrals')?.at_end, 'destroy')
  assert.equal(policyNamed(set, 'soc2')?.overridden?.decided_by, 'kim.lee')
})

test('the policies of the page that apply by themselves are those that do', () => {
  const [, rows = ''] = /\| By themselves apply \| To records \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
  const told = [...rows.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) => wordsOf(cell))
  const known = BUILT_IN_POLICIES.filter(({ applies_to }) => applies_to !== 'when-adopted')
  assert.deepEqual(told.toSorted(), known.map(({ id }) => id).toSorted())
})

test('the anchors of the page are among those that there are, and the others are recorded', () => {
  const [, rows = ''] = /\| Anchor \| Known from \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
  const told = [...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, anchor]) => anchor)
  for (const anchor of told)
    assert.ok(
      ANCHORS.some((known) => known === anchor),
      anchor,
    )
})
