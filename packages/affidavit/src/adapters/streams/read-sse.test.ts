import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type SseEvent, sseReader } from './read-sse.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function readAll(chunks: readonly Uint8Array[]): SseEvent[] {
  const reader = sseReader()
  return [...chunks.flatMap((chunk) => reader.take(chunk)), ...reader.end()]
}

function parted(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((to, n) => bytes.subarray(at[n], to))
}

const SAID = [
  { name: 'message_start', data: '{"text":"Zürich 🌞"}' },
  { name: undefined, data: 'one\ntwo\n\nthree' },
  { name: undefined, data: '[DONE]' },
]
const LINES = [
  ': a comment',
  'event: message_start',
  'data: {"text":"Zürich 🌞"}',
  '',
  'data:one',
  'id: 7',
  'data: two',
  'data',
  'data: three',
  '',
  'event: without data',
  '',
  'data: [DONE]',
  '',
  '',
]

for (const [name, lineEnd] of [
  ['\\n', '\n'],
  ['\\r\\n', '\r\n'],
  ['\\r', '\r'],
] as const) {
  test(`events are the same wherever chunks part them, with lines that end in ${name}`, () => {
    const bytes = encode(LINES.join(lineEnd))
    assert.deepEqual(readAll([bytes]), SAID)
    assert.deepEqual(readAll(parted(bytes, [...bytes.keys()])), SAID)
    fc.assert(fc.property(fc.array(fc.nat()), (cuts) => assert.deepEqual(readAll(parted(bytes, cuts)), SAID)))
  })
}

test('an event is there with the byte that ends its empty line, and not before', () => {
  const reader = sseReader()
  assert.deepEqual(reader.take(encode('data: x\r\n\r')), [{ name: undefined, data: 'x' }])
  assert.deepEqual(reader.take(encode('\ndata: y\n')), [])
  assert.deepEqual(reader.take(encode('\n')), [{ name: undefined, data: 'y' }])
  assert.deepEqual(reader.end(), [])
})

test('an event without its empty line comes with the end', () => {
  const reader = sseReader()
  assert.deepEqual(reader.take(encode('data: [DONE]')), [])
  assert.deepEqual(reader.end(), [{ name: undefined, data: '[DONE]' }])
})

test('a byte order mark is no part of the first line', () => {
  assert.deepEqual(readAll([encode('\ufeffdata: x\n\n')]), [{ name: undefined, data: 'x' }])
})
