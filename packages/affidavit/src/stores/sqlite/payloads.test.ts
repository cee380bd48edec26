// How much is gone through where equal bodies are looked for (spec/sealing.md §4).

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'

import { LEDGER_DATABASE, schemaSql } from './connect.ts'
import { column } from './database.ts'
import { readKeptBodies, readLastUse } from './payloads.ts'
import { prepareOnce } from './prepared.ts'

const db = new DatabaseSync(':memory:')
after(() => db.close())
db.exec(schemaSql(LEDGER_DATABASE))
const prepare = prepareOnce(db)

function addRecord(seq: number, conversation_seq: number): void {
  const entry = JSON.stringify({ id: `record-${seq}`, conversation_id: 'c', conversation_seq })
  const blob_id = String(seq).padStart(32, '0')
  db.prepare("INSERT INTO entries (ledger_no, seq, nodes, entry) VALUES (1, ?, x'', ?)").run(seq, Buffer.from(entry))
  db.prepare("INSERT INTO payloads VALUES (1, ?, ?, x'', x'00')").run(blob_id, blob_id)
  db.prepare('INSERT INTO payload_uses VALUES (1, ?, ?)').run(seq, blob_id)
}

function planOf(read: (prepared: typeof prepare) => unknown): string {
  const steps: string[] = []
  read((sql) => {
    steps.push(
      ...db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((step) => String(column(step, 'detail'))),
    )
    return prepare(sql)
  })
  return steps.join(', ')
}

test('no record behind the newest thousand of a conversation is gone through, whichever seqs are asked for', () => {
  // No ledger has such seqs: where the oldest record of the conversation is found by its seq, all others were gone through.
  addRecord(2_000, 0)
  for (let i = 1; i <= 1_000; i++) addRecord(i, i)
  assert.deepEqual(readKeptBodies(prepare, 1, { conversation: 'c', from_seq: 2_000 }), [])
  assert.equal(readKeptBodies(prepare, 1, { conversation: 'c', from_seq: 0 }).length, 1_000)
})

test('every table is searched by an index, and none gone through', () => {
  for (const conversation of ['c', '']) {
    const plan = planOf((prepared) => readKeptBodies(prepared, 1, { conversation, from_seq: 3 }))
    assert.match(
      plan,
      conversation === ''
        ? /SEARCH payload_uses USING PRIMARY KEY \(ledger_no=\? AND seq>\?\)/
        : /SEARCH entries USING INDEX entries_by_conversation \(ledger_no=\? AND conversation_id=\?\)/,
    )
    assert.match(plan, /SEARCH u USING PRIMARY KEY \(ledger_no=\? AND seq=\?\)/)
    assert.match(plan, /SEARCH p USING INDEX \w+ \(ledger_no=\? AND blob_id=\?\)/)
    assert.doesNotMatch(plan, /SCAN (entries|payload\w*|u|p)\b/)
  }
  const plan = planOf((prepared) => readLastUse(prepared, 1, ''.padStart(32, '0')))
  assert.match(
    plan,
    /^SEARCH u USING COVERING INDEX .* \(ledger_no=\? AND blob_id=\?\), SEARCH e USING PRIMARY KEY \(ledger_no=\? AND seq=\?\)$/,
  )
})
