// What is about a ledger as a whole, and so not for a credential that is for part of it (spec/http.md §10).

import { LedgerError } from '../errors/ledger-error.ts'
import type { Asked } from './asked.ts'

/** @throws LedgerError `not-allowed` */
export function expectWhole({ principal }: Asked): void {
  if (principal.scope === undefined) return
  throw new LedgerError('not-allowed', {
    problem: 'this is about the whole ledger, and the credential is for certain agents or a period',
    cure: 'search and prove what it is for; a credential for the whole ledger verifies and exports it',
  })
}
