import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pagesAhead } from './pages-ahead.ts'
import type { EntryFilter, StoredEntry } from './store.ts'

function entryAt(seq: number): StoredEntry {
  return { seq, entry: new Uint8Array(), nodes: new Uint8Array() }
}

/** A store of so many entries, of which some are gone. */
function storeOf(size: number, isGone: (seq: number) => boolean) {
  const asked: number[] = []
  return {
    asked,
    async entries(_: string, { from_seq = 0, until_seq = size }: EntryFilter, { limit }: { limit: number }) {
      asked.push(from_seq)
      const seqs = Array.from({ length: Math.min(until_seq, size) - from_seq }, (_, i) => from_seq + i)
      return seqs
        .filter((seq) => !isGone(seq))
        .slice(0, limit)
        .map(entryAt)
    },
  }
}

async function seqsOf(pages: AsyncIterable<readonly StoredEntry[]>): Promise<readonly number[]> {
  const seqs: number[] = []
  for await (const page of pages) seqs.push(...page.map(({ seq }) => seq))
  return seqs
}

test('every entry comes once, in order, whatever the size', async () => {
  for (const size of [0, 1, 999, 1000, 1001, 2500]) {
    const seqs = await seqsOf(
      pagesAhead(
        storeOf(size, () => false),
        'l',
        size,
      ),
    )
    assert.deepEqual(
      seqs,
      Array.from({ length: size }, (_, seq) => seq),
    )
  }
})

test('it begins where it is told, and nothing before that is read', async () => {
  const store = storeOf(2500, () => false)
  assert.deepEqual(
    await seqsOf(pagesAhead(store, 'l', 2500, 1300)),
    Array.from({ length: 1200 }, (_, i) => 1300 + i),
  )
  assert.equal(store.asked[0], 1300)
  assert.deepEqual(await seqsOf(pagesAhead(store, 'l', 2500, 2500)), [])
})

test('a stretch whose entries are all gone is no end', async () => {
  const seqs = await seqsOf(
    pagesAhead(
      storeOf(4000, (seq) => seq >= 500 && seq < 3500),
      'l',
      4000,
    ),
  )
  assert.deepEqual([seqs.length, seqs.at(-1)], [1000, 3999])
})

test('nothing is read from the size on that was asked about', async () => {
  const seqs = await seqsOf(
    pagesAhead(
      storeOf(4000, () => false),
      'l',
      1500,
    ),
  )
  assert.equal(seqs.at(-1), 1499)
})

test('the next page is asked for before this one is looked at, and no further', async () => {
  const store = storeOf(10_000, () => false)
  const pages = pagesAhead(store, 'l', 10_000)
  await pages.next()
  assert.deepEqual(store.asked, [0, 50])
})

test('whoever stops early had little read, and whoever goes on is asked for no more pages than it takes', async () => {
  const store = storeOf(10_000, () => false)
  await seqsOf(pagesAhead(store, 'l', 10_000))
  assert.deepEqual(store.asked.slice(0, 8), [0, 50, 150, 350, 750, 1550, 2550, 3550])
  assert.equal(store.asked.length, 14)
})
