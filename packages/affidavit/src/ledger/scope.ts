// A part of a ledger (spec/sign-in.md §6): what is asked of it, and what can only be asked of the whole.

import type { Scope } from '../access/scope.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { EntryFilter } from './store.ts'

/** @throws LedgerError `not-allowed` where there is a scope; it says `why` that is too little */
export function expectWhole(scope: Scope | undefined, why: string): void {
  if (scope === undefined) return
  throw new LedgerError('not-allowed', {
    problem: `${why}; this credential is for a part of it`,
    cure: 'ask with a credential that is for the whole ledger',
  })
}

/** The filter, where it finds nothing outside of the period. */
export function inPeriod(filter: EntryFilter, { from, until }: Scope): EntryFilter {
  return {
    ...filter,
    ...(from === undefined ? {} : { from: later(filter.from, from) }),
    ...(until === undefined ? {} : { until: earlier(filter.until, until) }),
  }
}

// All times of a ledger have one spelling, whose order is theirs.
function later(wanted: string | undefined, from: string): string {
  return wanted !== undefined && wanted > from ? wanted : from
}

function earlier(wanted: string | undefined, until: string): string {
  return wanted !== undefined && wanted < until ? wanted : until
}
