// Several searches as one: entries in the order of seq, each once, however many of the searches find it.

interface Placed {
  readonly seq: number
}

interface Waiting<Found> {
  readonly found: AsyncGenerator<Found>
  /** Its next entry; `undefined` at its end. */
  next: Found | undefined
}

/** Merges searches that are each in this order. Of each no more is held than its next entry, and what it holds itself. */
export async function* mergeBySeq<Found extends Placed>(
  searches: readonly AsyncGenerator<Found>[],
  order: 'ascending' | 'descending',
): AsyncGenerator<Found> {
  const waiting = await Promise.all(
    searches.map(async (found): Promise<Waiting<Found>> => ({ found, next: await step(found) })),
  )
  for (let first = firstOf(waiting, order); first !== undefined; first = firstOf(waiting, order)) {
    const { seq } = first
    yield first
    for (const one of waiting) if (one.next?.seq === seq) one.next = await step(one.found)
  }
}

function firstOf<Found extends Placed>(
  waiting: readonly Waiting<Found>[],
  order: 'ascending' | 'descending',
): Found | undefined {
  let first: Found | undefined
  for (const { next } of waiting) {
    if (next === undefined) continue
    if (first === undefined || (order === 'ascending' ? next.seq < first.seq : next.seq > first.seq)) first = next
  }
  return first
}

async function step<Found>(found: AsyncGenerator<Found>): Promise<Found | undefined> {
  const { value, done } = await found.next()
  return done === true ? undefined : value
}
