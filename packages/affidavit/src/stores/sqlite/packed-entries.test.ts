import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { StoredEntry } from '../../ledger/store.ts'
import { packEntries, unpackEntries } from './packed-entries.ts'

function entryOf(seq: number, nodes: number, entry: number): StoredEntry {
  return { seq, nodes: new Uint8Array(nodes).fill(seq % 251), entry: new Uint8Array(entry).fill(seq % 241) }
}

test('entries come out of the other thread as they went in, whatever their lengths', () => {
  const pages = [
    [],
    [entryOf(0, 0, 0)],
    [entryOf(7, 32, 65_535), entryOf(8, 1024, 1), entryOf(Number.MAX_SAFE_INTEGER, 0, 12)],
    Array.from({ length: 1000 }, (_, seq) => entryOf(seq, 32 * (1 + (seq % 3)), seq)),
  ]
  for (const page of pages) assert.deepEqual(unpackEntries(structuredClone(packEntries(page))), page)
})
