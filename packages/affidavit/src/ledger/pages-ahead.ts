// A whole ledger, page after page, the next one on its way while one is looked at: for what goes through every record once.

import type { LedgerStore, StoredEntry } from './store.ts'

const PAGE = 1_000

/** Entries from `from_seq` on below `until_seq`, in the order of seq. By ranges of seqs: one whose entries are all gone is an empty page, and no end. */
export async function* pagesAhead(
  store: Pick<LedgerStore, 'entries'>,
  ledger: string,
  until_seq: number,
  from_seq = 0,
): AsyncGenerator<readonly StoredEntry[]> {
  const load = (from: number): Promise<readonly StoredEntry[]> => {
    const range = { from_seq: from, until_seq: Math.min(from + PAGE, until_seq) }
    const page = store.entries(ledger, range, { limit: PAGE, order: 'ascending' })
    // Whoever stops early does not wait for it.
    page.catch(() => undefined)
    return page
  }
  let next = from_seq < until_seq ? load(from_seq) : undefined
  for (let from = from_seq + PAGE; next !== undefined; from += PAGE) {
    const page = await next
    next = from < until_seq ? load(from) : undefined
    yield page
  }
}
