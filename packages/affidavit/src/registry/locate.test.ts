import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { JsonValue } from '../bytes/json.ts'
import { findIds, type Ids, type Locator, MAX_IDS, MAX_TEXT, type Part, parseWay, type Why } from './locate.ts'

function locator(at: string, from: Part = 'arguments'): Locator {
  const way = parseWay(at)
  return 'problem' in way ? assert.fail(way.problem) : { from, at, way }
}

function idsIn(given: JsonValue | undefined, at: string): Ids {
  return findIds([locator(at)], { arguments: given, result: undefined })
}

for (const [name, given, at, ids] of [
  ['text', { id: 'p1' }, '/id', ['p1']],
  ['an integer, as its digits', { id: 417 }, '/id', ['417']],
  ['zero', { id: 0 }, '/id', ['0']],
  ['a list', { ids: ['p2', 'p1', 7] }, '/ids', ['7', 'p1', 'p2']],
  ['a list in which one stands twice', { ids: ['p1', 'p1'] }, '/ids', ['p1']],
  ['all that a path selects', { all: [{ id: 'p2' }, { id: 'p1' }] }, '$.all[*].id', ['p1', 'p2']],
  ['lists that a path selects', { all: [{ ids: ['p3'] }, { ids: ['p1', 'p2'] }] }, '$.all[*].ids', ['p1', 'p2', 'p3']],
  ['the whole, where it is an id', 'PT-1', '', ['PT-1']],
  ['arguments that stand as text', ' {"id": "p1"}', '/id', ['p1']],
  ['a list that stands as text', '["p1", "p2"]', '', ['p1', 'p2']],
  ['text with a quote, which is no JSON', '"p1"', '', ['"p1"']],
] as const satisfies readonly (readonly [string, JsonValue, string, readonly string[]])[]) {
  test(`ids are found in ${name}`, () => assert.deepEqual(idsIn(json(given), at), { ids, missing: [] }))
}

for (const [name, given, at, why] of [
  ['nothing was given', undefined, '/id', 'absent'],
  ['nothing stands there', { name: 'x' }, '/id', 'absent'],
  ['a path selects nothing', { all: [] }, '$.all[*].id', 'absent'],
  ['an empty list stands there', { ids: [] }, '/ids', 'absent'],
  ['a pointer leads into plain text', 'PT-1', '/id', 'absent'],
  ['a member of every object is asked for', {}, '/constructor', 'absent'],
  ['null stands there', { id: null }, '/id', 'not-an-id'],
  ['an object stands there', { id: { value: 'p1' } }, '/id', 'not-an-id'],
  ['a list of lists stands there', { id: [['p1']] }, '/id', 'not-an-id'],
  ['true stands there', { id: true }, '/id', 'not-an-id'],
  ['a fraction stands there', { id: 1.5 }, '/id', 'not-an-id'],
  ['an integer beyond 2^53 stands there', { id: 2 ** 53 }, '/id', 'not-an-id'],
  ['empty text stands there', { id: '' }, '/id', 'not-an-id'],
  ['text with a line break stands there', { id: 'a\nb' }, '/id', 'not-an-id'],
  ['text of 257 bytes stands there', { id: 'x'.repeat(257) }, '/id', 'not-an-id'],
  ['text that is not NFC stands there', { id: 'cafe\u0301' }, '/id', 'not-an-id'],
  ['the text is JSON with a key that stands twice', '{"id": "p1", "id": "p2"}', '/id', 'unreadable'],
  ['the text begins as JSON and is none', '{"id": "p1"', '/id', 'unreadable'],
  ['the text is JSON and very long', `["${'x'.repeat(MAX_TEXT)}"]`, '/0', 'too-large'],
  ['a path has too much to look at', Array.from({ length: 200_000 }, () => 'p1'), '$[*]', 'too-large'],
] as const satisfies readonly (readonly [string, JsonValue | undefined, string, Why])[]) {
  test(`an id is marked as not found where ${name}`, () => {
    assert.deepEqual(idsIn(given === undefined ? given : json(given), at), {
      ids: [],
      missing: [{ from: 'arguments', at, why }],
    })
  })
}

test('what is no id does not take away those beside it, and is marked', () => {
  const { ids, missing } = idsIn({ ids: ['p1', null, 'p2'] }, '/ids')
  assert.deepEqual(ids, ['p1', 'p2'])
  assert.deepEqual(
    missing.map(({ why }) => why),
    ['not-an-id'],
  )
})

test('ids of several places are one set, and each place without one is marked', () => {
  const places = [locator('/patient'), locator('/guarantor'), locator('$.patients[*].id', 'result')]
  const parts = { arguments: { patient: 'p2' }, result: { patients: [{ id: 'p1' }, { id: 'p2' }] } }
  assert.deepEqual(findIds(places, parts), {
    ids: ['p1', 'p2'],
    missing: [{ from: 'arguments', at: '/guarantor', why: 'absent' }],
  })
})

test('more ids than a record holds are cut, and marked', () => {
  const many = Array.from({ length: MAX_IDS + 1 }, (_, i) => `p${String(i).padStart(3, '0')}`)
  assert.deepEqual(idsIn(many.slice(1), ''), { ids: many.slice(1), missing: [] })
  const { ids, missing } = idsIn(many, '')
  assert.deepEqual(ids, many.slice(0, MAX_IDS))
  assert.deepEqual(
    missing.map(({ why }) => why),
    ['too-many'],
  )
})

test('for any value there are ids or a mark, and no mark quotes what stands there', () => {
  const at = fc.constantFrom('', '/a', '/a/0', '$', '$.a', '$..a', '$[*]', '$..*', "$[?@.a == 'secret'].a")
  const value = fc.oneof(fc.jsonValue(), fc.json(), fc.dictionary(fc.constantFrom('a', 'b'), fc.jsonValue()))
  fc.assert(
    fc.property(value, at, (given, way) => {
      const { ids, missing } = findIds([locator(way)], { arguments: json(given), result: undefined })
      assert.ok(ids.length > 0 || missing.length > 0)
      for (const mark of missing) assert.deepEqual(Object.keys(mark), ['from', 'at', 'why'])
    }),
  )
})

// What JSON.parse gives is JSON.
function json(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value))
}
