import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { canonicalJson, PLAIN_JSON } from '../../bytes/json.ts'
import { toldJson, toldText } from './told.ts'

test('JSON that was cut off at any place is told as cut off, with what is left of it', () => {
  const whole = JSON.stringify({ city: 'Paris "the city", \\', list: [[1], { a: '{' }], b: null })
  assert.equal(toldJson(whole)?.state, 'told')
  for (let length = 1; length < whole.length; length++) {
    const text = whole.slice(0, length)
    assert.deepEqual(toldJson(text), { state: 'unread', text, why: 'truncated' })
  }
})

for (const [form, text] of [
  ['no JSON', 'Paris'],
  ['Python', "{'city': 'Paris'}"],
  ['two values', '{}{}'],
  ['a name twice', '{"a":1,"a":2}'],
  ['the name __proto__', '{"__proto__":{"polluted":true}}'],
  ['an integer that no double holds', '[9007199254740993]'],
  ['nesting beyond all measure', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
] as const) {
  test(`a text that is to be JSON and is not (${form}) stands as it is`, () => {
    assert.deepEqual(toldJson(text), { state: 'unread', text, why: 'malformed' })
  })
}

test('what an emitter hid is told as hidden, as a text and as JSON', () => {
  for (const hidden of ['__REDACTED__', '<REDACTED>']) {
    assert.deepEqual(toldText(hidden), { state: 'redacted' })
    assert.deepEqual(toldJson(hidden), { state: 'redacted' })
  }
  assert.deepEqual(toldText('see __REDACTED__'), { state: 'told', value: 'see __REDACTED__' })
})

test('any text is told word for word, or as the value that it stands for', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      const told = toldJson(text)
      if (told?.state === 'unread') assert.equal(told.text, text)
      if (told?.state === 'told') assert.deepEqual(told.value, JSON.parse(text))
      if (told?.state === 'told') canonicalJson({ parts: [told.value] }, PLAIN_JSON)
    }),
  )
})
