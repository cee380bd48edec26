import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'

import type { EntryFilter } from '../../ledger/store.ts'
import { LEDGER_DATABASE, schemaSql } from './connect.ts'
import { column } from './database.ts'
import { selectEntries } from './read.ts'

const WALKS: readonly { readonly filter: EntryFilter; readonly walk: RegExp }[] = [
  { filter: {}, walk: /^SEARCH e USING PRIMARY KEY \(ledger_no=\?\)$/ },
  {
    filter: { from_seq: 3, until_seq: 4 },
    walk: /^SEARCH e USING PRIMARY KEY \(ledger_no=\? AND seq>\? AND seq<\?\)$/,
  },
  { filter: { id: 'x' }, walk: /^SEARCH e USING INDEX entries_by_id / },
  { filter: { conversation_id: 'c' }, walk: /^SEARCH e USING INDEX entries_by_conversation / },
  { filter: { actor_id: 'a' }, walk: /^SEARCH e USING INDEX entries_by_actor / },
  { filter: { action: 'a' }, walk: /^SEARCH e USING INDEX entries_by_action / },
  { filter: { resource_type: 't', resource_id: 'r' }, walk: /^SEARCH e USING INDEX entries_by_resource / },
  { filter: { subject_id: 's' }, walk: /^SEARCH s USING COVERING INDEX .*, SEARCH e USING PRIMARY KEY \(.*seq=\?\)$/ },
  {
    filter: { subject_id: 's', action: 'a' },
    walk: /^SEARCH s USING COVERING INDEX .*, SEARCH e USING INDEX entries_by_action \(ledger_no=\? AND action=\? AND seq=\?\)$/,
  },
  { filter: { parent_id: 'p' }, walk: /^SEARCH e USING INDEX entries_by_parent \(ledger_no=\? AND parent_id=\?\)$/ },
  { filter: { parent_id: 'p', action: 'a' }, walk: /^SEARCH e USING INDEX entries_by_parent / },
  { filter: { parent_id: 'p', conversation_id: 'c' }, walk: /^SEARCH e USING INDEX entries_by_parent / },
  { filter: { id: 'x', parent_id: 'p' }, walk: /^SEARCH e USING INDEX entries_by_id / },
  { filter: { subject_id: 's', parent_id: 'p', action: 'a' }, walk: /^SEARCH s USING COVERING INDEX / },
  { filter: { conversation_id: 'c', actor_id: 'a' }, walk: /^SEARCH e USING INDEX entries_by_conversation / },
  { filter: { action: 'a', actor_id: 'a', from: 't' }, walk: /^SEARCH e USING INDEX entries_by_actor / },
]

function walkOf(filter: EntryFilter, order: 'ascending' | 'descending'): string {
  const db = new DatabaseSync(':memory:')
  try {
    db.exec(schemaSql(LEDGER_DATABASE))
    const { sql, values } = selectEntries(1, filter, { limit: 500, order })
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
    return steps.map((step) => String(column(step, 'detail'))).join(', ')
  } finally {
    db.close()
  }
}

for (const { filter, walk } of WALKS) {
  test(`a search by ${Object.keys(filter).join(' and ') || 'nothing'} walks no more than its index has, and sorts nothing`, () => {
    for (const order of ['ascending', 'descending'] as const) {
      assert.match(walkOf(filter, order), walk)
      // As later pages are read: between two seqs.
      const page = walkOf({ from_seq: 5, until_seq: Number.MAX_SAFE_INTEGER, ...filter }, order)
      assert.doesNotMatch(page, /SCAN|TEMP B-TREE/)
      // Neither an id nor a conversation has its places by seq in its index.
      const bySeq = (filter.id ?? filter.conversation_id) === undefined || filter.parent_id !== undefined
      if (bySeq && filter.id === undefined) assert.match(page, /^SEARCH \w [^,]*seq>\? AND seq<\?\)/)
      assert.equal(page.split(' (')[0], walkOf(filter, order).split(' (')[0])
    }
  })
}
