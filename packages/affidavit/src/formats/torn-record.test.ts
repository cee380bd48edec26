import assert from 'node:assert/strict'
import { test } from 'node:test'

import { heartbeatKey, logKey, noteOf } from '../../test/signing.ts'
import { isRecordStart, isStartOfRecord, tornHead } from './torn-record.ts'

const ORIGIN = 'clinic.example/ägents/0123456789abcdef'
const note = noteOf(ORIGIN, [Buffer.from('an entry')], [logKey(ORIGIN), heartbeatKey(ORIGIN)])
const line = `— ${ORIGIN}/heartbeat AAAA`
const kept = [{ note, cosignatures: [line] }]

test('a record cut at any byte, with or without zeros behind it, is the start of a record', () => {
  for (const record of [Buffer.from(`${note}\n`), Buffer.from(`${note}${line}\n\n`)]) {
    for (let cut = 0; cut < record.length; cut++) {
      for (const torn of [record.subarray(0, cut), Buffer.concat([record.subarray(0, cut), Buffer.alloc(40)])]) {
        assert.ok(isRecordStart(torn), `cut at ${cut}`)
        assert.ok(isStartOfRecord(torn, kept), `cut at ${cut}`)
      }
    }
  }
})

test('of another checkpoint it has the shape only', () => {
  const other = Buffer.from(note.replace('\n1\n', '\n2\n')).subarray(0, -5)
  assert.ok(isRecordStart(other))
  assert.ok(!isStartOfRecord(other, kept))
  assert.deepEqual(tornHead(other), { origin: ORIGIN, size: 2 })
  assert.deepEqual(tornHead(other.subarray(0, 10)), { origin: other.subarray(0, 10).toString() })
})

for (const [name, torn] of [
  ['CRLF', note.replaceAll('\n', '\r\n')],
  ['a thousand letters', 'x'.repeat(1_000)],
  ['a word and an empty line', 'garbage\n\n'],
  ['a size that is none', `${ORIGIN}\n1x\n`],
  ['an empty origin', '\n1\n'],
  ['a line that is no signature', `${note}no signature\n`],
  ['a start, zeros, and more', `${ORIGIN}\n1\u0000\u0000\n`],
] as const)
  test(`no start of a record: ${name}`, () => {
    assert.ok(!isRecordStart(Buffer.from(torn)))
    assert.ok(!isStartOfRecord(Buffer.from(torn), kept))
  })
