import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { bytesOf, createBytesReader } from './any-bytes.ts'
import { decodeUtf8 } from './text.ts'

function read(bytes: Uint8Array, cuts: readonly number[] = []): string {
  const reader = createBytesReader()
  let text = ''
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    const piece = bytes.slice(from, Math.max(from, cut))
    text += reader.push(piece)
    // The array is the caller's: what it holds later is not read.
    piece.fill(0x39)
    from = Math.max(from, cut)
  }
  return text + reader.end()
}

const PARTS = [
  'a',
  '7',
  'é',
  '電',
  '😀',
  '\ufeff',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
]
const part = fc.oneof(
  fc.constantFrom(...PARTS).map((text) => new Uint8Array(Buffer.from(text))),
  fc.uint8Array({ maxLength: 4 }),
  fc
    .array(
      fc.constantFrom(
        0x41,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
        0xff,
      ),
      { maxLength: 4 },
    )
    .map((bytes) => Uint8Array.from(bytes)),
)
const anyBytes = fc.array(part, { maxLength: 12 }).map((parts) => new Uint8Array(Buffer.concat(parts)))

test('any bytes come back as they were, and UTF-8 is read as it is', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = read(bytes)
      assert.deepEqual(Buffer.from(bytesOf(text)), Buffer.from(bytes))
      const valid = decodeUtf8(bytes)
      assert.equal(text.isWellFormed(), valid !== undefined)
      if (valid !== undefined) assert.equal(text, valid)
    }),
    { numRuns: 5000 },
  )
})

test('bytes read the same wherever they are cut', () => {
  fc.assert(
    fc.property(anyBytes, fc.array(fc.nat(30), { maxLength: 8 }), (bytes, cuts) => {
      assert.equal(
        read(
          bytes,
          cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
        ),
        read(bytes),
      )
    }),
    { numRuns: 5000 },
  )
})

test('every byte and every pair of bytes is read, and ASCII between others is ASCII', () => {
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      const bytes = Uint8Array.of(0x31, a, b, 0x32)
      const text = read(bytes)
      assert.ok(text.startsWith('1') && text.endsWith('2'))
      assert.deepEqual([...bytesOf(text)], [...bytes])
    }
  }
})
