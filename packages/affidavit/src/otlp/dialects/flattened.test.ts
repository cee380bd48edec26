import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { itemsOf } from './flattened.ts'

const items = (attributes: Record<string, string>, name = 'list') =>
  itemsOf(new Map(Object.entries(attributes)), name).map((item) => Object.fromEntries(item))

test('a flat list is read in the order of its numbers, whatever the order of the attributes', () => {
  assert.deepEqual(items({ 'list.10.a': 'last', 'list.9.a': 'middle', 'list.0.b': 'first', 'list.0.a': 'too' }), [
    { b: 'first', a: 'too' },
    { a: 'middle' },
    { a: 'last' },
  ])
})

test('a list has as many items as were told, however far apart their numbers are', () => {
  assert.deepEqual(items({ 'list.4294967295.a': 'z', 'list.3.a': 'a', 'list.999999999999999.a': 'far' }), [
    { a: 'a' },
    { a: 'z' },
    { a: 'far' },
  ])
})

test('what is no number of a place is no item', () => {
  const none = [
    'list.-1.a',
    'list.01.a',
    'list.1e3.a',
    'list.x.a',
    'list',
    'list.',
    'list.1 .a',
    'lists.0.a',
    'list.٣.a',
  ]
  assert.deepEqual(items(Object.fromEntries(none.map((key) => [key, 'x']))), [])
})

test('a member named like a part of every object is a member like any other', () => {
  const attributes = new Map([
    ['list.0.__proto__', 'a'],
    ['list.0.constructor', 'b'],
    ['list.__proto__.a', 'c'],
  ])
  const [item, ...more] = itemsOf(attributes, 'list')
  assert.deepEqual(
    [...(item ?? [])],
    [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ],
  )
  assert.deepEqual(more, [])
  assert.equal(Object.hasOwn(Object.prototype, 'a'), false)
})

test('what was written flat is read again', () => {
  const member = fc.constantFrom('a', 'b.c', 'b.0', '')
  const list = fc.array(fc.dictionary(member, fc.string(), { minKeys: 1, noNullPrototype: true }))
  fc.assert(
    fc.property(list, (written) => {
      const flat = written.flatMap((item, i) =>
        Object.entries(item).map(([key, value]) => [key === '' ? `list.${i}` : `list.${i}.${key}`, value] as const),
      )
      assert.deepEqual(items(Object.fromEntries(flat)), written)
    }),
  )
})
