import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import {
  formatNote,
  formatSignatureLine,
  isKeyName,
  type NoteSignature,
  parseNote,
  parseSignatureLines,
} from './note.ts'

interface NoteVectors {
  notes: { name: string; input: string; expected: { text: string; signatures: Golden[] } }[]
  lies: { name: string; input?: string; inputHex?: string; lie: string }[]
}

type Golden = { name: string; keyId: string; signatureHex: string }

const vectors: NoteVectors = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/note.json', import.meta.url), 'utf8'),
)

for (const { name, input, expected } of vectors.notes) {
  test(`a note is taken apart and put together again: ${name}`, () => {
    const note = parseNote(utf8(input))
    assert.ok(!('code' in note))
    assert.deepEqual({ text: note.text, signatures: note.signatures.map(inHex) }, expected)
    assert.equal(formatNote(note.text, note.signatures), input)
  })
}

function inHex({ name, keyId, signature }: NoteSignature): Golden {
  return { name, keyId, signatureHex: toHex(signature) }
}

for (const { name, input, inputHex, lie } of vectors.lies) {
  test(`refused as a note: ${name}`, () => {
    const bytes = input === undefined ? fromHex(inputHex ?? '') : utf8(input)
    assert.ok(bytes !== undefined)
    const note = parseNote(bytes)
    assert.equal('code' in note ? note.code : 'accepted', lie)
  })
}

const keyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isKeyName)
const signature: fc.Arbitrary<NoteSignature> = fc
  .tuple(keyName, fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 1, maxLength: 80 }))
  .map(([name, keyId, bytes]) => ({ name, keyId: toHex(keyId), signature: bytes }))
const noteText = fc
  .array(fc.string({ unit: 'grapheme' }).filter((line) => !/[^ -\u{10ffff}]/u.test(line)))
  .map((lines) => `${lines.join('\n')}\n`)

test('what is formatted is parsed back, whatever the text and the signatures are', () => {
  fc.assert(
    fc.property(noteText, fc.array(signature, { minLength: 1, maxLength: 5 }), (text, signatures) => {
      const note = parseNote(utf8(formatNote(text, signatures)))
      assert.deepEqual(note, { text, signatures })
    }),
  )
})

const goodNotes = vectors.notes.map(({ input }) => utf8(input))

test('hostile bytes are refused without a throw, or are the note that they format to', () => {
  fc.assert(
    fc.property(hostileBytes(goodNotes), (bytes) => {
      const note = parseNote(bytes)
      if (!('code' in note)) assert.deepEqual(Buffer.from(formatNote(note.text, note.signatures)), Buffer.from(bytes))
    }),
    { numRuns: 500 },
  )
})

// The grammar once more, as one regular expression; base64 ends in a character whose unused bits are zero.
const BASE64 = '(?:[\\w+/]{4})*(?:[\\w+/]{4}|[\\w+/][AQgw]==|[\\w+/]{2}[AEIMQUYcgkosw048]=)'.replaceAll(
  '\\w',
  'A-Za-z0-9',
)
const LINE = `\u2014 [^\\p{White_Space}+]+ (?=.{6}[^=])${BASE64}\n`
const NOTE = new RegExp(`^(?:[ -\\u{10ffff}]*\n)+\n(?:${LINE}){1,100}$`, 'u')

test('a note is accepted exactly where the grammar accepts it', () => {
  fc.assert(
    fc.property(hostileBytes(goodNotes), (bytes) => {
      const text = decodeUtf8(bytes)
      const byGrammar = text !== undefined && NOTE.test(text) && !/[^\n -\u{10ffff}]/u.test(text)
      assert.equal(!('code' in parseNote(bytes)), byGrammar)
    }),
    { numRuns: 1000 },
  )
})

test('a signature line appended to a note is one more signature of it', () => {
  fc.assert(
    fc.property(signature, signature, (first, second) => {
      const grown = formatNote('x\n', [first]) + formatSignatureLine(second)
      assert.deepEqual(parseNote(utf8(grown)), { text: 'x\n', signatures: [first, second] })
      assert.deepEqual(parseSignatureLines(formatSignatureLine(first) + formatSignatureLine(second)), [first, second])
    }),
  )
})

test('what no note can carry is not formatted', () => {
  const line = { name: 'k', keyId: '00000000', signature: Uint8Array.of(1) }
  assert.throws(() => formatNote('no newline', [line]), RangeError)
  assert.throws(() => formatNote('a tab\t\n', [line]), RangeError)
  assert.throws(() => formatNote('a lone surrogate \ud800\n', [line]), RangeError)
  assert.throws(() => formatNote('x\n', []), RangeError)
  assert.throws(
    () =>
      formatNote(
        'x\n',
        Array.from({ length: 101 }, () => line),
      ),
    RangeError,
  )
  assert.throws(() => formatSignatureLine({ ...line, name: 'a b' }), RangeError)
  assert.throws(() => formatSignatureLine({ ...line, name: 'a\ud800' }), RangeError)
  assert.throws(() => formatSignatureLine({ ...line, keyId: '0000000A' }), RangeError)
  assert.throws(() => formatSignatureLine({ ...line, keyId: '000000' }), RangeError)
  assert.throws(() => formatSignatureLine({ ...line, signature: new Uint8Array() }), RangeError)
})

test('the answer of a witness is read by the rules of a note', () => {
  const code = (text: string): string => {
    const lines = parseSignatureLines(text)
    return 'code' in lines ? lines.code : 'accepted'
  }
  assert.equal(code(''), 'note-no-signature-line')
  assert.equal(code('\u2014 k AAAAAAE='), 'note-no-final-newline')
  assert.equal(code('\u2014 k AAAAAAE=\n\n'), 'note-stray-line')
  assert.equal(code('\u2014 k\u0001 AAAAAAE=\n'), 'note-key-name')
  assert.equal(code('\u2014 k AAAAAAE=\n'), 'accepted')
})
