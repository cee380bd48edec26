import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { anyText } from '../../test/any-text.ts'
import { decodeUtf8, utf8 } from './text.ts'

test('text is read back from its bytes', () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      assert.deepEqual(Uint8Array.from(utf8(text)), new TextEncoder().encode(text))
      assert.equal(decodeUtf8(utf8(text)), text)
    }),
  )
})

test('a byte order mark is kept: it is part of the bytes that were hashed', () => {
  assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa')
})

test('whatever is read gives the same bytes again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const text = decodeUtf8(bytes)
      if (text !== undefined) assert.deepEqual(Uint8Array.from(utf8(text)), bytes)
    }),
    { numRuns: 1000 },
  )
})

for (const [name, hex] of [
  ['a byte that UTF-8 does not have', 'ff'],
  ['a continuation without a beginning', '80'],
  ['a character that is cut', 'e282'],
  ['an overlong slash', 'c0af'],
  ['an overlong NUL', 'c080'],
  ['a surrogate', 'eda080'],
  ['a surrogate pair, each half in three bytes', 'eda081edb080'],
  ['a character beyond U+10FFFF', 'f4908080'],
  ['a form of five bytes', 'f888808080'],
] as const) {
  test(`not read as UTF-8: ${name}`, () => assert.equal(decodeUtf8(Buffer.from(hex, 'hex')), undefined))
}
