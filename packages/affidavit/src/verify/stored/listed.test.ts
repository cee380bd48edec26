import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createListCheck } from './listed.ts'
import type { Listed } from './stored-log.ts'

const listed = (...rows: readonly [seq: number, name: string][]): Listed[] =>
  rows.map(([seq, name]) => ({ seq, name: Buffer.from(name) }))

const DIFFERENT = 'entry_subjects does not list what the entry names'

test('each entry has its names listed, in whatever order, page after page', () => {
  const check = createListCheck('entry_subjects')
  check.take(listed([0, 'b'], [0, 'a'], [2, 'c']))
  assert.equal(check.differs(0, ['a', 'b']), undefined)
  assert.equal(check.differs(1, []), undefined)
  assert.equal(check.differs(2, ['c']), undefined)
  check.take(listed([3, 'd']))
  assert.equal(check.differs(3, ['d']), undefined)
})

test('a name too few, too many, another one, or one that is no UTF-8 is found', () => {
  for (const names of [[], ['a'], ['a', 'b', 'c'], ['a', 'x']]) {
    const check = createListCheck('entry_subjects')
    check.take(listed([5, 'a'], [5, 'b']))
    assert.equal(check.differs(5, names), DIFFERENT)
    assert.equal(check.differs(6, []), undefined)
  }
  const check = createListCheck('entry_subjects')
  check.take([{ seq: 0, name: Uint8Array.of(0xff) }])
  assert.equal(check.differs(0, ['\ufffd']), DIFFERENT)
})

test('a name that is listed with another time than the entry has is found', () => {
  const at = (timestamp: string): Listed => ({ seq: 5, name: Buffer.from('a'), timestamp })
  for (const [listed, found] of [
    ['2026-01-01T00:00:00.000Z', undefined],
    ['2020-01-01T00:00:00.000Z', 'entry_subjects has another time than the entry'],
  ] as const) {
    const check = createListCheck('entry_subjects')
    check.take([at(listed)])
    assert.equal(check.differs(5, ['a'], '2026-01-01T00:00:00.000Z'), found)
  }
})

test('names listed where no entry was read are strays at the next entry, on its page or a later one', () => {
  const check = createListCheck('payload_uses')
  check.take(listed([0, 'a'], [1, 'b'], [2, 'c'], [3, 'd']))
  assert.equal(check.differs(0, ['a']), undefined)
  assert.equal(check.differs(2, ['c']), 'payload_uses lists rows for seq 1, which has none')
  check.take(listed([4, 'e'], [5, 'f']))
  check.take(listed([6, 'g']))
  assert.equal(check.differs(6, ['g']), 'payload_uses lists rows for seq 3, which has none')
})
