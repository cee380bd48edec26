// Reading kept checkpoints, page after page.

import type { LedgerStore, StoredCheckpoint } from './store.ts'

const PAGE = 100

/** Checkpoints with sizes above `after`, ascending, as of the moment each page is read. */
export async function* readCheckpoints(
  store: LedgerStore,
  ledger: string,
  after: number,
): AsyncGenerator<StoredCheckpoint> {
  for (let from = after; ; ) {
    const page = await store.checkpoints(ledger, from, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    from = last.size
  }
}
