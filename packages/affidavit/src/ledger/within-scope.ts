// Reading within a scope (spec/sign-in.md §6): every question goes to a store in which nothing else is there. This is the one place
// that keeps a scope.

import type { AccessPolicy } from '../access/policy.ts'
import { isInScope, type Scope } from '../access/scope.ts'
import { isStub } from '../formats/stub.ts'
import { createFind } from './find.ts'
import { recordOf } from './read.ts'
import type { ReadingParts } from './reading.ts'
import { inPeriod } from './scope.ts'
import type { EntryFilter, LedgerStore, Page, StoredEntry } from './store.ts'

/** How somebody is judged who signed in, and what there is for them. */
export interface Seen {
  /** That of the ledger where left out. */
  readonly policy?: AccessPolicy | undefined
  /** Everything where left out. */
  readonly scope?: Scope | undefined
}

export function withinScope(parts: ReadingParts, scope: Scope | undefined): ReadingParts {
  if (scope === undefined) return parts
  const store = storeWithin(parts.store, scope)
  return { ...parts, scope, store, rows: store, find: createFind({ ...parts, store }) }
}

/** Rows of one read at first; each is twice as many as the one before, so that what is rare is found in few. */
const FIRST_READ = 16
const LONGEST_READ = 1_000

/** A store that has no other entries. Of what was destroyed nobody can tell whether it was in scope: it is not there. */
function storeWithin(store: LedgerStore, scope: Scope): LedgerStore {
  return {
    ...store,
    async entries(ledger: string, filter: EntryFilter, { limit, order }: Page): Promise<readonly StoredEntry[]> {
      const found: StoredEntry[] = []
      let { from_seq = 0, until_seq = Number.MAX_SAFE_INTEGER } = filter
      for (let length = Math.max(FIRST_READ, limit); ; length = Math.min(2 * length, LONGEST_READ)) {
        const wanted = inPeriod({ ...filter, from_seq, until_seq }, scope)
        const read = await store.entries(ledger, wanted, { limit: length, order })
        found.push(...read.filter((entry) => isThere(entry, scope)))
        const last = read.at(-1)
        // A page is as full as there are entries, whatever was left out of it.
        if (last === undefined || read.length < length || found.length >= limit) return found.slice(0, limit)
        if (order === 'ascending') from_seq = last.seq + 1
        else until_seq = last.seq
      }
    },
  }
}

// The period is judged here too: a store chooses by a column, and the entry says what it says.
function isThere(entry: StoredEntry, scope: Scope): boolean {
  return !isStub(entry.entry) && isInScope(scope, recordOf(entry))
}
