// Entries that fit, with ids of persons as they were handed in, and links followed.

import type { Keyring } from '../vault/keyring.ts'
import { searchFollowing } from './follow.ts'
import { mergeBySeq } from './merge-by-seq.ts'
import { type SearchOptions, take } from './read.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'
import { translateFilter } from './translate-filter.ts'

export interface FindingParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keyring: Keyring
}

export type Find = (filter: EntryFilter, options: SearchOptions) => AsyncGenerator<StoredEntry>

export function createFind({ store, ledger, keyring }: FindingParts): Find {
  return async function* find(filter, options) {
    const filters = await translateFilter(keyring, filter)
    const found = filters.map((one) => searchFollowing(store, ledger, one, options))
    yield* take(mergeBySeq(found, options.order ?? 'ascending'), options.limit)
  }
}
