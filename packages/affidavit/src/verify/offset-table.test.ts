import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { createOffsetTable } from './offset-table.ts'

test('what was set last under a name is what is got', () => {
  const commands = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.nat()), { maxLength: 3_000 })
  fc.assert(
    fc.property(commands, (pairs) => {
      const table = createOffsetTable()
      const naive = new Map<string, number>()
      for (const [name, offset] of pairs) {
        table.set(`conversation-${name}`, offset)
        naive.set(`conversation-${name}`, offset)
      }
      for (let name = 0; name <= 300; name++) {
        assert.equal(table.get(`conversation-${name}`), naive.get(`conversation-${name}`))
      }
    }),
    { numRuns: 30 },
  )
})

test('it grows over many names, and offsets reach beyond 32 bits', () => {
  const table = createOffsetTable()
  for (let i = 0; i < 5_000; i++) table.set(`name ${i}`, 2 ** 40 + i)
  for (let i = 0; i < 5_000; i++) assert.equal(table.get(`name ${i}`), 2 ** 40 + i)
  assert.equal(table.get('name 5000'), undefined)
})
