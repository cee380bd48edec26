import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { bytesOfHex, fromHex, isHex, toHex } from './hex.ts'

test('bytes are written as two lower-case digits each, and read back', () => {
  assert.equal(toHex(Uint8Array.of(0, 1, 0x0f, 0x10, 0xab, 0xff)), '00010f10abff')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      assert.equal(toHex(bytes), text)
      assert.deepEqual(fromHex(text), bytes)
      assert.deepEqual(bytesOfHex(text), bytes)
      assert.ok(isHex(text, bytes.length * 2))
    }),
  )
})

test('a view of other bytes is written alone', () => {
  assert.equal(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)), '0203')
})

test('what is read is another value than the bytes that it was read from', () => {
  const read = fromHex('0102') ?? assert.fail()
  assert.equal(read.constructor, Uint8Array)
  assert.equal(read.buffer.byteLength, 2)
})

for (const [name, text] of [
  ['capitals', 'AB'],
  ['an odd number of digits', 'abc'],
  ['another letter', 'ag'],
  ['white space', 'ab cd '],
  ['a newline at the end', 'ab\n\n'],
  ['a prefix', '0xab'],
  ['digits of another script', '٠١'],
  ['a letter whose low byte is a digit', '\u0161\u0161'],
  ['a lone surrogate', '\ud800a'],
] as const) {
  test(`not read as hex: ${name}`, () => {
    assert.equal(fromHex(text), undefined)
    assert.equal(isHex(text, text.length), name === 'an odd number of digits')
  })
}

test('hex of another length is not what was asked for', () => {
  for (const text of ['', 'a', 'ab', 'abcd']) assert.equal(isHex(text, 3), false)
  assert.ok(isHex('', 0))
})
