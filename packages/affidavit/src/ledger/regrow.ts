// Growing the tree from the stored bytes (spec/sequencing.md §6): a flipped bit is found before it is sworn to.

import { equalBytes } from '../bytes/compare.ts'
import { createGrowth, type Frontier } from '../merkle/growth.ts'
import { leafHash } from '../merkle/hash.ts'
import { LedgerError } from './errors.ts'
import type { StoredEntry } from './store.ts'

/**
 * The tree of `size`, grown from `from`. The store calls it where its rows are, so that they need not travel.
 * @param pageFrom entries from a seq on, ascending, all below `size`; none only where there are none
 * @throws LedgerError `store-corrupt`
 */
export function regrow(from: Frontier, size: number, pageFrom: (seq: number) => readonly StoredEntry[]): Frontier {
  const growth = createGrowth(from)
  while (growth.size < size) {
    const page = pageFrom(growth.size)
    if (page.length === 0) throw missing(growth.size)
    for (const { seq, entry, nodes } of page) {
      if (seq !== growth.size) throw missing(growth.size)
      if (!equalBytes(growth.append(leafHash(entry)), nodes))
        throw corrupt(`the entry at seq ${seq} does not have the hash it was stored with`)
    }
  }
  return growth.frontier()
}

function missing(seq: number): LedgerError {
  return corrupt(`the entry at seq ${seq} is missing`)
}

/** What keeps a checkpoint from being signed. */
export function corrupt(problem: string): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `${problem}; nothing was signed`,
    cure: 'keep the files as evidence and run affidavit verify: it says what was changed',
  })
}
