import assert from 'node:assert/strict'
import { test } from 'node:test'

import { authorityWords } from './describe-authority.ts'

const unnamed = { name: '01a2028a-e5e0-711e-979c-77c7529a574b', seq: 2 }

test('a grant that was given no name is told by its seq, and one that has a name by that', () => {
  const words = [unnamed, { name: 'G-1', seq: 2 }].map((grant) =>
    authorityWords({ authority: { state: 'uncovered', why: 'outside-scope', grant, differs: ['resource_id'] } }),
  )
  assert.deepEqual(words, ['OUTSIDE THE SCOPE of seq 2 (resource_id)', 'OUTSIDE THE SCOPE of G-1 (resource_id)'])
  assert.equal(authorityWords({ authority: { state: 'covered', grant: unnamed, notes: [] } }), 'under seq 2')
})
