import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'

import { MAX_LISTED } from '../../verify/stored/stored-log.ts'
import { type ListedUntil, listedIn } from './listed-rows.ts'

/** A table of no strict types, so that it can hold what an edited file holds. */
function listOf(sql: string, stretch: { from: number; to: number }): ListedUntil {
  const db = new DatabaseSync(':memory:')
  db.exec(`CREATE TABLE entry_subjects (ledger_no, seq, subject_id, PRIMARY KEY (ledger_no, seq, subject_id)); ${sql}`)
  return listedIn(db, 1, stretch, { table: 'entry_subjects', column: 'subject_id' })
}

function taken(until: ListedUntil, seq: number): string[] {
  return until(seq).map((listed) => `${listed.seq} ${Buffer.from(listed.name).toString()}`)
}

test('what is listed comes up to one entry after another, of the ledger and the stretch alone', () => {
  const rows = "(1, 1, 'a'), (1, 2, 'b'), (1, 2, 'a'), (2, 2, 'c'), (1, 4, 'd'), (1, 9, 'e')"
  const until = listOf(`INSERT INTO entry_subjects VALUES ${rows}`, { from: 2, to: 9 })
  assert.deepEqual(taken(until, 2), ['2 a', '2 b'])
  assert.deepEqual(taken(until, 3), [])
  assert.deepEqual(taken(until, 8), ['4 d'])
  assert.deepEqual(taken(until, 20), [])
})

test('of more names than an entry has room for, no more are kept, and those of the next entry are', () => {
  const many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_LISTED + 2_000})
    INSERT INTO entry_subjects SELECT 1, 3, 'p' || i FROM n; INSERT INTO entry_subjects VALUES (1, 4, 'q')`
  const all = taken(listOf(many, { from: 0, to: 9 }), 8)
  assert.equal(all.length, MAX_LISTED + 1)
  assert.equal(all.at(-1), '4 q')
})

test('behind a name that is no text nothing is listed any more', () => {
  const until = listOf("INSERT INTO entry_subjects VALUES (1, 1, 'a'), (1, 2, x'62'), (1, 3, 'c')", { from: 0, to: 9 })
  assert.deepEqual(taken(until, 8), [])
})
