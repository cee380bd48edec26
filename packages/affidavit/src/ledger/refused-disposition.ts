// How a disposition that does not go on says so.

import { LedgerError } from '../errors/ledger-error.ts'

/** That a disposition does not go on; `fault` is the code that spec/disposition.md gives it. */
export function refusedDisposition(fault: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${problem} (${fault}); nothing was destroyed`,
    cure,
    path: fault,
  })
}
