import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'
import { JSONPointer } from 'json-p3'

import type { JsonValue } from '../bytes/json.ts'
import { followPointer, parsePointer } from './pointer.ts'

// The document and the pointers of RFC 6901 §5.
const DOCUMENT: JsonValue = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
}

function valueAt(pointer: string, root: JsonValue = DOCUMENT): JsonValue | undefined {
  const names = parsePointer(pointer)
  return 'problem' in names ? assert.fail(names.problem) : followPointer(root, names)
}

for (const [pointer, value] of [
  ['', DOCUMENT],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/g|h', 4],
  ['/i\\j', 5],
  ['/k"l', 6],
  ['/ ', 7],
  ['/m~0n', 8],
  ['/foo/2', undefined],
  ['/foo/00', undefined],
  ['/foo/-', undefined],
  ['/foo/-1', undefined],
  ['/foo/1e0', undefined],
  ['/foo/length', undefined],
  ['/foo/0/0', undefined],
  ['/toString', undefined],
] as const) {
  test(`the pointer "${pointer}"`, () => assert.deepEqual(valueAt(pointer), value))
}

test('~01 is the name ~1, and not /', () => {
  assert.equal(valueAt('/~01', { '~1': 'tilde', '/': 'slash' }), 'tilde')
})

for (const [name, pointer] of [
  ['no slash', 'foo'],
  ['a tilde alone', '/a~'],
  ['an unknown escape', '/a~2b'],
] as const) {
  test(`not read as a pointer: ${name}`, () => assert.ok('problem' in parsePointer(pointer)))
}

test('another implementation of RFC 6901 finds the same value', () => {
  const name = fc.constantFrom('a', 'b', '~', '/', '~1', '', '0', '1')
  const value = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(fc.constant('x'), fc.dictionary(name, tie('value')), fc.array(tie('value'), { maxLength: 3 })),
  })).value
  const pointer = fc
    .array(name, { maxLength: 4 })
    .map((steps) => steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
  fc.assert(
    fc.property(value, pointer, (root, text) => {
      const there = new JSONPointer(text).exists(root)
      assert.deepEqual(valueAt(text, root), there ? new JSONPointer(text).resolve(root) : undefined)
    }),
  )
})
