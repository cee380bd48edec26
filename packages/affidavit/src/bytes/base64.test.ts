import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { fromBase64, toBase64 } from './base64.ts'

test('the examples of RFC 4648 are written and read', () => {
  for (const [bytes, text] of Object.entries({
    '': '',
    f: 'Zg==',
    fo: 'Zm8=',
    foo: 'Zm9v',
    foob: 'Zm9vYg==',
    fooba: 'Zm9vYmE=',
    foobar: 'Zm9vYmFy',
  })) {
    assert.equal(toBase64(Buffer.from(bytes)), text)
    assert.deepEqual(fromBase64(text), Uint8Array.from(Buffer.from(bytes)))
  }
})

test('what is written is read back, and no other spelling of it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), fc.nat(), (bytes, at) => {
      const text = toBase64(bytes)
      assert.equal(text, btoa(String.fromCharCode(...bytes)))
      assert.deepEqual(fromBase64(text), bytes)
      const from = at % text.length
      assert.equal(fromBase64(`${text.slice(0, from)} ${text.slice(from)}`), undefined)
    }),
  )
})

for (const [name, text] of [
  ['no padding', 'Zg'],
  ['half a padding', 'Zg='],
  ['padding where none belongs', 'Zm9v='],
  ['bits that are not used, but set', 'Zh=='],
  ['the alphabet of URLs', '-_-_'],
  ['a newline', 'Zm9v\n'],
  ['a single character', 'Z'],
  ['padding alone', '===='],
  ['text behind the padding', 'Zg==Zg=='],
  ['a character beyond ASCII', 'Zm9é'],
] as const) {
  test(`not read as base64: ${name}`, () => assert.equal(fromBase64(text), undefined))
}
