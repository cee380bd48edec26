import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'
import { jsonpath } from 'json-p3'

import type { JsonValue } from '../bytes/json.ts'
import { parseJsonPath, type Segment } from './json-path.ts'
import { MAX_VISITED, select } from './select.ts'

function segmentsOf(path: string): readonly Segment[] {
  const segments = parseJsonPath(path)
  if ('problem' in segments) return assert.fail(`${path}: ${segments.problem}`)
  return segments
}

function nodesAt(path: string, root: JsonValue): readonly JsonValue[] {
  const selected = select(root, segmentsOf(path))
  return selected.kind === 'nodes' ? selected.nodes : assert.fail('too much')
}

const BUNDLE: JsonValue = {
  entry: [
    { resource: { resourceType: 'Patient', id: 'p1' } },
    { resource: { resourceType: 'Observation', id: 'o1', subject: { id: 'p1' } } },
    { resource: { resourceType: 'Patient', id: 'p2', active: null } },
  ],
}

const EXAMPLES: readonly [path: string, found: readonly JsonValue[]][] = [
  ['$.entry[0].resource.id', ['p1']],
  ['$.entry[-1].resource.id', ['p2']],
  ['$.entry[3].resource.id', []],
  ['$.entry[*].resource.id', ['p1', 'o1', 'p2']],
  ["$.entry[?@.resource.resourceType == 'Patient'].resource.id", ['p1', 'p2']],
  ["$.entry[?@.resource.resourceType != 'Patient'].resource.id", ['o1']],
  ['$.entry[?@.resource.subject].resource.id', ['o1']],
  ['$.entry[?@.resource.active == null].resource.id', ['p2']],
  ["$.entry[?@.resource.id == 'o1' || @.resource.id == 'p2'].resource.id", ['o1', 'p2']],
  ['$..subject.id', ['p1']],
  ['$..id', ['p1', 'o1', 'p1', 'p2']],
  ['$.toString', []],
  ['$.entry.length', []],
]

for (const [path, found] of EXAMPLES) test(`${path} of a bundle`, () => assert.deepEqual(nodesAt(path, BUNDLE), found))

const names = fc.constantFrom('a', 'b', 'id')
const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom<JsonValue>('x', 1, 0, true, null, ''),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value
const own = fc.oneof(
  names.map((key) => `.${key}`),
  fc.integer({ min: -3, max: 3 }).map((at) => `[${at}]`),
)
const condition = fc
  .tuple(fc.array(own, { maxLength: 2 }), fc.constantFrom('', " == 'x'", ' == 1', ' != null', ' != true', "== ''"))
  .map(([steps, rest]) => `@${steps.join('')}${rest}`)
const filter = fc
  .array(condition, { minLength: 1, maxLength: 3 })
  .chain((all) => fc.constantFrom(' && ', '||').map((joint) => `[?${all.join(joint)}]`))
const plain = fc.oneof(
  own,
  names.map((key) => `['${key}']`),
  fc.constantFrom('.*', '[*]'),
  filter,
)
const descending = fc.oneof(
  names.map((key) => `..${key}`),
  fc.constantFrom('..*', '..[0]', '..[*]'),
  filter.map((text) => `..${text}`),
)
const paths = fc
  .tuple(fc.array(plain, { maxLength: 3 }), fc.option(descending, { nil: '' }), fc.array(plain, { maxLength: 2 }))
  .map(([before, within, behind]) => `$${before.join('')}${within}${behind.join('')}`)

test('another implementation of RFC 9535 selects the same values in the same order', () => {
  fc.assert(
    fc.property(json, paths, (root, path) => {
      assert.deepEqual(nodesAt(path, root), jsonpath.query(path, root).values())
    }),
    { numRuns: 2000 },
  )
})

test('the work of a path grows with the document, not with the power of its length', () => {
  const wide: JsonValue = Array.from({ length: 200 }, () => Array.from({ length: 20 }, () => ({ a: { a: 'x' } })))
  const { visited } = select(wide, segmentsOf('$..*[*].*.a'))
  // Each of the 12,200 values below the root is reached by .. once, and by each later segment at most once.
  assert.ok(visited <= 5 * 12_201, `${visited} values`)
})

for (const [name, path, root] of [
  ['a list', '$[*].a', Array.from({ length: MAX_VISITED + 1 }, () => null)],
  ['a filter that finds nothing', '$[?@.a == 1]', Array.from({ length: MAX_VISITED }, () => ({ a: 2 }))],
  ['all below', '$..id', Array.from({ length: 1000 }, () => Array.from({ length: 200 }, () => 0))],
] as const) {
  test(`too much to look at ends the search: ${name}`, () => {
    const selected = select([...root], segmentsOf(path))
    assert.equal(selected.kind, 'too-much')
    assert.ok(selected.visited <= MAX_VISITED + 1000, `${selected.visited} values`)
  })
}

test('a document that is nested deeper than the stack is searched to its end', () => {
  let deep: JsonValue = { id: 'p1' }
  for (let i = 0; i < 40_000; i++) deep = [deep]
  assert.deepEqual(nodesAt('$..id', deep), ['p1'])
})
