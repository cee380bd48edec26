// A whole ledger, page after page, the next one on its way while one is looked at: for what goes through every record once.

import type { LedgerStore, StoredEntry } from './store.ts'

const FIRST_PAGE = 50
const PAGE = 1_000

/**
 * Entries from `from_seq` on below `until_seq`, in the order of seq. By ranges of seqs: one whose entries are all gone is an empty page, and no end.
 * Each page is twice as long as the one before, up to a length: whoever stops early had little read.
 */
export async function* pagesAhead(
  store: Pick<LedgerStore, 'entries'>,
  ledger: string,
  until_seq: number,
  from_seq = 0,
): AsyncGenerator<readonly StoredEntry[]> {
  let [from, length] = [from_seq, FIRST_PAGE]

  function load(): Promise<readonly StoredEntry[]> | undefined {
    if (from >= until_seq) return undefined
    const range = { from_seq: from, until_seq: Math.min(from + length, until_seq) }
    const page = store.entries(ledger, range, { limit: length, order: 'ascending' })
    // Whoever stops early does not wait for it.
    page.catch(() => undefined)
    from += length
    length = Math.min(2 * length, PAGE)
    return page
  }

  let next = load()
  while (next !== undefined) {
    const page = await next
    next = load()
    yield page
  }
}
