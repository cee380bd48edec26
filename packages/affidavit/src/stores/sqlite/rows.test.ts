import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'

import { readRows } from './rows.ts'

/** A table of no strict types, so that it can hold what an edited file holds. */
function rowsOf(...stored: (string | number | Uint8Array | null)[][]): unknown[] {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE entries (ledger_no, seq, nodes, entry)')
  const insert = db.prepare('INSERT INTO entries VALUES (1, ?, ?, ?)')
  for (const [seq, [nodes = null, entry = null]] of stored.entries()) insert.run(seq, nodes, entry)
  const rows = [...readRows(db, 1, { from: 0, to: stored.length })]
  db.close()
  return rows
}

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part)))))
const nodes = bytes('ab')

test('an entry whose every byte is ASCII comes as leaf text, any other as its exact bytes', () => {
  const entries = [bytes('{"é":1}'), bytes('😀'), bytes('\ufffd'), bytes(''), bytes('x'.repeat(65_536))]
  const expected = entries.map((entry) => (entry.length === 0 ? '\0' : entry))
  assert.deepEqual(
    rowsOf([nodes, bytes('{"a":1}')], ...entries.map((entry) => [nodes, entry])),
    ['\0{"a":1}', ...expected].map((entry, seq) => ({ seq, entry, nodes: '6162' })),
  )
})

// Each of these reads as a text that other bytes were hashed for.
for (const [name, entry] of [
  ['bytes behind a zero byte', bytes('{"a":1}', 0, 'more')],
  ['a zero byte at the end', bytes('{"a":1}', 0)],
  ['a bad byte where U+FFFD was', bytes('{"a":"', 0xff, '"}')],
  ['a character that is cut off', bytes('{"a":"', 0xf0, 0x9f, 0x98, '"}')],
] as const) {
  test(`no byte is lost in reading: ${name}`, () => {
    const [row] = rowsOf([nodes, entry])
    const read = Object(row).entry
    assert.deepEqual(typeof read === 'string' ? bytes(read.slice(1)) : read, entry)
  })
}

for (const [name, row] of [
  ['text for the entry', [nodes, '{"a":1}']],
  ['text for the nodes', ['ab', bytes('{"a":1}')]],
  ['a number', [nodes, 7]],
  ['nothing', [null, null]],
] as const) {
  test(`what is no bytes is named as that, whatever it reads as: ${name}`, () => {
    assert.deepEqual(rowsOf([...row]), [{ seq: 0, unreadable: 'its entry or its nodes are no bytes' }])
  })
}
