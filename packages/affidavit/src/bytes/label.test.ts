import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { anyText } from '../../test/any-text.ts'
import { asLabel, idProblem, labelProblem } from './label.ts'

/** Code points that a label never holds, a second time: controls, what reorders text, and what cannot be seen. */
function isHidden(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true
  if (code === 0x61c || code === 0xfeff) return true
  return [
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x2069],
  ].some(([from = 0, to = 0]) => code >= from && code <= to)
}

test('exactly the control, bidirectional and invisible characters are refused, of all of Unicode', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const text = `a${String.fromCodePoint(code)}`
    const expected = isHidden(code)
      ? `holds the control or bidirectional character U+${code.toString(16).toUpperCase().padStart(4, '0')}`
      : undefined
    if (labelProblem(text, 256) !== expected) assert.fail(`U+${code.toString(16)}: ${labelProblem(text, 256)}`)
  }
})

test('no character that Unicode calls a control or gives Bidi_Control is let through', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code)
    if (/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(character))
      assert.ok(labelProblem(character, 256), code.toString(16))
  }
})

test('a label has 1 to 256 bytes of UTF-8, however many characters', () => {
  for (const unit of ['a', 'é', '診', '😀', '"']) {
    const size = Buffer.byteLength(unit)
    const most = Math.floor(256 / size)
    assert.equal(labelProblem(unit.repeat(most), 256), undefined)
    assert.equal(labelProblem(unit.repeat(most + 1), 256), `has ${(most + 1) * size} bytes; at most 256 are kept`)
  }
  assert.equal(labelProblem('', 256), 'is empty; leave the field out instead')
  assert.equal(labelProblem('abc', 2), 'has 3 bytes; at most 2 are kept')
})

test('a lone surrogate is refused', () => {
  for (const text of ['\ud800', 'a\udfff', '\udc00\ud800'])
    assert.match(labelProblem(text, 256) ?? '', /lone surrogate/)
})

test('an id is in normalization form C, a label in any', () => {
  const decomposed = 'Zoe\u0308'
  assert.equal(labelProblem(decomposed, 256), undefined)
  assert.match(idProblem(decomposed, 256) ?? '', /NFC/)
  assert.equal(idProblem(decomposed.normalize('NFC'), 256), undefined)
  // Composed characters that NFC itself takes apart, and the one that it replaces.
  for (const text of ['\u0958', '\u2126', '\uac00\u11a7\u11a8'.normalize('NFD')])
    assert.match(idProblem(text, 256) ?? '', /NFC/)
})

test('an id is a label that normalizing does not change', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 12 }), (text) => {
      const expected = labelProblem(text, 20) === undefined && text.normalize('NFC') === text
      assert.equal(idProblem(text, 20) === undefined, expected)
    }),
  )
})

test('any text becomes a label that says what it can of it', () => {
  assert.equal(asLabel('gpt-4o', 256), 'gpt-4o')
  assert.equal(asLabel('', 256), undefined)
  assert.equal(asLabel('first\nsecond\t\u202ethird\ud800', 256), 'first second \ufffdthird\ufffd')
  assert.equal(asLabel('x'.repeat(257), 256), `${'x'.repeat(253)}…`)
  assert.equal(asLabel('\n'.repeat(300), 256), `${' '.repeat(253)}…`)
  const texts = fc.oneof(anyText({ maxLength: 400 }), fc.string({ unit: 'grapheme', maxLength: 400 }))
  fc.assert(
    fc.property(texts, (text) => {
      const label = asLabel(text, 256)
      if (label === undefined) assert.equal(text, '')
      else assert.equal(labelProblem(label, 256), undefined)
    }),
  )
})
