import assert from 'node:assert/strict'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { canonicalJson, ENTRY_JSON, JsonFault, parseJson } from './json.ts'
import { isCanonicalUnescaped } from './unescaped-json.ts'

/** What the strict parser and writer say of a text. */
function isCanonical(text: string): boolean {
  try {
    return canonicalJson(parseJson(text, ENTRY_JSON), ENTRY_JSON) === text
  } catch (error) {
    assert.ok(error instanceof JsonFault)
    return false
  }
}

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

for (const text of [
  ...['0', '1', '-1', '9007199254740991', '1.5', '1e-7', '333333333.3333333', 'true', 'false', 'null', '""'],
  ...['"é😀"', '[]', '{}', '[1,"a",[null]]', '{"":1,"a":{"b":[]}}', '{"a":1,"b":2}', nested(32)],
]) {
  test(`canonical: ${text.slice(0, 40)}`, () => {
    assert.equal(isCanonicalUnescaped(text, 32), true)
    assert.equal(isCanonical(text), true)
  })
}

for (const text of [
  ...[
    '',
    ' ',
    '0 ',
    ' 0',
    '-0',
    '00',
    '01',
    '1.0',
    '.5',
    '1.',
    '1e3',
    '1E+21',
    '1e21',
    '1e+21',
    '9007199254740992',
    '1e400',
  ],
  ...['-', '+1', 'nul', 'truee', 'True', '"', '"a', 'a"', '[', ']', '[1', '[1,]', '[,1]', '[1 ]', '[1,2', '{', '}'],
  ...['{"a"}', '{"a":}', '{"a":1', '{"a":1,}', '{,"a":1}', '{"b":1,"a":1}', '{"a":1,"a":1}', '{"__proto__":1}'],
  ...[
    '{a:1}',
    '{"a" :1}',
    '{"a":1 }',
    '{"a":1}{',
    '[1][',
    '1,2',
    nested(33),
    '{"a":"b}',
    'NaN',
    'Infinity',
    '[undefined]',
  ],
]) {
  test(`not canonical: ${text.slice(0, 40)}`, () => {
    assert.equal(isCanonicalUnescaped(text, 32), false)
    assert.equal(isCanonical(text), false)
  })
}

test('text that needs an escape is left in doubt, canonical or not', () => {
  for (const text of ['"\\n"', '"\\""', '"\\u0000"', '"\\\\"', '{"a\\\\":1}', '"\n"', '"\u0001"']) {
    assert.equal(isCanonicalUnescaped(text, 32), false)
  }
})

test('what it calls canonical, the strict parser does too; and all of it that holds no escape', () => {
  const characters = [...'"{}[]:,.-+ 019aefn\u007fé', '__proto__', '"a":1,', '1e5', '-0', '\\']
  const edit = fc.record({ at: fc.nat(), remove: fc.nat(2), insert: fc.constantFrom('', ...characters) })
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.option(edit), (value, change) => {
      const written = canonicalize(value) ?? ''
      const at = change === null ? 0 : change.at % (written.length + 1)
      const text = change === null ? written : written.slice(0, at) + change.insert + written.slice(at + change.remove)
      const strict = text.isWellFormed() && isCanonical(text)
      const quick = text.isWellFormed() && isCanonicalUnescaped(text, 32)
      assert.ok(!quick || strict)
      if (!/[\\\0-\x1f]/.test(text)) assert.equal(quick, strict)
    }),
    { numRuns: 5_000 },
  )
})
