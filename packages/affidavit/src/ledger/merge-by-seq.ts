// Several searches as one: entries in the order of seq, each once, however many of the searches find it.

import type { StoredEntry } from './store.ts'

interface Waiting {
  readonly found: AsyncGenerator<StoredEntry>
  /** Its next entry; `undefined` at its end. */
  next: StoredEntry | undefined
}

/** Merges searches that are each in this order. Of each no more is held than its next entry, and what it holds itself. */
export async function* mergeBySeq(
  searches: readonly AsyncGenerator<StoredEntry>[],
  order: 'ascending' | 'descending',
): AsyncGenerator<StoredEntry> {
  const waiting = await Promise.all(
    searches.map(async (found): Promise<Waiting> => ({ found, next: await step(found) })),
  )
  for (let first = firstOf(waiting, order); first !== undefined; first = firstOf(waiting, order)) {
    const { seq } = first
    yield first
    for (const one of waiting) if (one.next?.seq === seq) one.next = await step(one.found)
  }
}

function firstOf(waiting: readonly Waiting[], order: 'ascending' | 'descending'): StoredEntry | undefined {
  let first: StoredEntry | undefined
  for (const { next } of waiting) {
    if (next === undefined) continue
    if (first === undefined || (order === 'ascending' ? next.seq < first.seq : next.seq > first.seq)) first = next
  }
  return first
}

async function step(found: AsyncGenerator<StoredEntry>): Promise<StoredEntry | undefined> {
  const { value, done } = await found.next()
  return done === true ? undefined : value
}
