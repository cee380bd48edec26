// A whole ledger, page after page, the next one on its way while one is looked at: for what goes through every record once.

import type { LedgerStore, StoredEntry } from './store.ts'

const PAGE = 1_000

/** Entries below `until_seq`, in the order of seq. By ranges of seqs: one whose entries are all gone is an empty page, and no end. */
export async function* pagesAhead(
  store: Pick<LedgerStore, 'entries'>,
  ledger: string,
  until_seq: number,
): AsyncGenerator<readonly StoredEntry[]> {
  const load = (from_seq: number): Promise<readonly StoredEntry[]> => {
    const range = { from_seq, until_seq: Math.min(from_seq + PAGE, until_seq) }
    const page = store.entries(ledger, range, { limit: PAGE, order: 'ascending' })
    // Whoever stops early does not wait for it.
    page.catch(() => undefined)
    return page
  }
  let next = until_seq > 0 ? load(0) : undefined
  for (let from = PAGE; next !== undefined; from += PAGE) {
    const page = await next
    next = from < until_seq ? load(from) : undefined
    yield page
  }
}
