import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { fromHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { encodeCheckpointRecord, parseCheckpointLog, readCheckpointLog } from './checkpoint-log.ts'

interface LogVectors {
  logs: { name: string; input?: string; inputHex?: string; expected: object }[]
  lies: { name: string; input: string; offset: number; lie: string }[]
}

const vectors: LogVectors = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/checkpoint-log.json', import.meta.url), 'utf8'),
)

function bytesOf({ input, inputHex }: { input?: string; inputHex?: string }): Uint8Array {
  const bytes = input === undefined ? fromHex(inputHex ?? '') : utf8(input)
  assert.ok(bytes !== undefined)
  return bytes
}

for (const log of vectors.logs) {
  test(`a checkpoint log is read: ${log.name}`, () => assert.deepEqual(parseCheckpointLog(bytesOf(log)), log.expected))
}

for (const { name, input, offset, lie } of vectors.lies) {
  test(`refused as a checkpoint log: ${name}`, () => {
    const log = parseCheckpointLog(utf8(input))
    assert.ok('code' in log)
    assert.deepEqual({ code: log.code, offset: log.offset }, { code: lie, offset })
  })
}

const whole = bytesOf(vectors.logs.find(({ name }) => name === 'three records') ?? {})
const three = parseCheckpointLog(whole)
assert.ok(!('code' in three))
const notes: string[] = three.records.map(({ note }) => note)
const ends: number[] = three.records.map(({ note, offset }) => offset + utf8(note).length + 1)

test('records written one after another are read back with their offsets', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...notes), { maxLength: 8 }), (written) => {
      const records = written.map(encodeCheckpointRecord)
      const log = parseCheckpointLog(utf8(records.join('')))
      assert.ok(!('code' in log) && log.torn === undefined)
      assert.deepEqual(
        log.records,
        written.map((note, at) => ({ note, offset: utf8(records.slice(0, at).join('')).length })),
      )
    }),
  )
})

test('cut at any byte, a log keeps its whole records and names the torn one', () => {
  for (let cut = 0; cut <= whole.length; cut++) {
    const log = parseCheckpointLog(whole.subarray(0, cut))
    assert.ok(!('code' in log), `cut at ${cut}`)
    const kept = ends.filter((end) => end <= cut)
    assert.equal(log.records.length, kept.length)
    const end = kept.at(-1) ?? 0
    assert.equal(log.torn?.offset, cut === end ? undefined : end)
  }
})

async function collect(pieces: readonly Uint8Array[]): Promise<object[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* pieces
  }
  const items: object[] = []
  for await (const item of readCheckpointLog(source())) items.push(item)
  return items
}

test('read in pieces of any size, a log says what it says read whole, hostile or not', async () => {
  const logs = [...vectors.logs.map(bytesOf), ...vectors.lies.map(bytesOf)]
  await fc.assert(
    fc.asyncProperty(hostileBytes(logs), fc.integer({ min: 1, max: 300 }), async (bytes, length) => {
      const pieces = Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
        bytes.subarray(at * length, (at + 1) * length),
      )
      const items = await collect(pieces)
      const log = parseCheckpointLog(bytes)
      if ('code' in log) assert.deepEqual(items.at(-1), log)
      else assert.deepEqual(items, log.torn === undefined ? log.records : [...log.records, log.torn])
    }),
    { numRuns: 500 },
  )
})

test('a record without end is refused, not buffered', async () => {
  const endless = new Uint8Array(1_100_000).fill(0x61)
  const fault = { offset: 0, code: 'checkpoint-log-record-too-long', limit: 1_048_576 }
  assert.deepEqual(parseCheckpointLog(endless), fault)
  assert.deepEqual(await collect([endless, endless]), [fault])
})

test('only a signed checkpoint becomes a record', () => {
  const [note = ''] = notes
  assert.throws(() => encodeCheckpointRecord(''), RangeError)
  assert.throws(() => encodeCheckpointRecord(note.slice(0, -1)), RangeError)
  assert.throws(() => encodeCheckpointRecord(`${note}\n`), RangeError)
  assert.throws(() => encodeCheckpointRecord(`a text\n\n${note}`), RangeError)
  assert.throws(() => encodeCheckpointRecord(note.replace('test', 't\ud800st')), RangeError)
})
