import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Detection } from './detector.ts'
import { scanStream } from './scan-stream.ts'
import { detectStructured } from './structured.ts'

function* cut(text: string, size: number): Generator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

async function scan(chunks: Iterable<string> | AsyncIterable<string>): Promise<{ text: string; found: Detection[] }> {
  let text = ''
  const found: Detection[] = []
  for await (const piece of scanStream(chunks, detectStructured)) {
    assert.ok(text.endsWith(piece.before))
    for (const { type, start, end } of piece.detections) {
      assert.ok(start >= 0 && end <= piece.text.length)
      found.push({ type, start: start + text.length, end: end + text.length })
    }
    text += piece.text
  }
  return { text, found }
}

const VALUES = [
  'card number is 4222222222222',
  '4111 1111 1111 1111 12/27 123',
  'SSN 123456789',
  'DE89 3704 0044 0532 0130 00',
  `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.org`,
  '%B4111111111111111^DOE/JANE^27121010000000000000?',
  '2001:db8::7',
  'born on the 5th of March 1980',
  '4500 North Lake Shore Drive, Apt. 7B',
  '999999999999999999999999',
  '😀',
]
const FILLER = 'The agent answered, at length and with some care, what it had been asked. '

test('a stream is read as the whole text is, wherever it is cut', async () => {
  // As much text before each value as moves it over every place where the stream may be cut.
  const piece = fc.record({ length: fc.integer({ min: 1, max: 3000 }), value: fc.constantFrom(...VALUES) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 60, maxLength: 150 }),
      fc.constantFrom(97, 4096, 65_536, 65_537, 200_000),
      async (pieces, size) => {
        const text = pieces.map(({ length, value }) => `${FILLER.repeat(41).slice(0, length)} ${value} `).join('')
        const { text: whole, found } = await scan(cut(text, size))
        assert.equal(whole, text)
        assert.deepEqual(found, detectStructured(text))
      },
    ),
    { numRuns: 30 },
  )
})

test('a value is found with its label at every offset around the place where a piece ends', async () => {
  const value = 'my social security number is 123456789 and'
  for (let offset = 64_000; offset < 68_000; offset += 13) {
    const text = `${'x '.repeat(offset / 2)}${value}${' y'.repeat(2000)}`
    const { found } = await scan(cut(text, 5000))
    assert.deepEqual(found, detectStructured(text))
    assert.equal(found.length, 1)
  }
})

test('no piece ends in the middle of a character', async () => {
  for (const lead of ['', 'x']) {
    const text = lead + '😀'.repeat(200_000)
    for await (const piece of scanStream(cut(text, 10_001), detectStructured)) assert.ok(piece.text.isWellFormed())
  }
})

test('memory does not grow with the stream: pieces are told as it goes', async () => {
  let read = 0
  function* endless(): Generator<string> {
    for (;;) {
      read += FILLER.length
      yield FILLER
    }
  }
  let told = 0
  for await (const { text, before } of scanStream(endless(), detectStructured)) {
    told += text.length
    assert.ok(before.length <= 1024)
    assert.ok(read - told < 70_000)
    if (told > 2_000_000) break
  }
})

test('an empty stream has no pieces; a detector may take its time', async () => {
  assert.deepEqual(await scan([]), { text: '', found: [] })
  const pieces = []
  for await (const piece of scanStream(['a', 'b'], async (text) => [{ type: 'npi', start: 0, end: text.length }])) {
    pieces.push(piece)
  }
  assert.deepEqual(pieces, [{ before: '', text: 'ab', detections: [{ type: 'npi', start: 0, end: 2 }] }])
})
