// The name of a ledger as keys know it: the NAME of its origin. It stands in lines of files and in labels.

import { labelProblem } from '../bytes/label.ts'
import { LedgerError } from '../errors/ledger-error.ts'

const MAX_BYTES = 512

/** @throws LedgerError `invalid-origin` */
export function expectLedgerName(ledger: string): void {
  const problem = labelProblem(ledger, MAX_BYTES)
  if (problem === undefined) return
  throw new LedgerError('invalid-origin', { problem: `the ledger’s name ${problem}`, cure: 'as clinic.example/agents' })
}
