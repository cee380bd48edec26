// The plan of an erasure, from a file.

import { type ErasurePlan, parsePlan } from '../erasure/plan.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { readInput } from './read-input.ts'

/** @throws LedgerError `invalid-query` where the file is no plan, or is not there; `store-unavailable` */
export function readPlan(file: string): ErasurePlan {
  const plan = parsePlan(readInput('plan', file))
  if (!('code' in plan)) return plan
  const where = plan.code === 'paper-member' ? `: ${plan.path} ${plan.problem}` : ''
  throw new LedgerError('invalid-query', {
    problem: `plan: ${file} is no plan of an erasure (${plan.code}${where})`,
    cure: 'ask whoever made it for the file as it was made',
    path: 'plan',
  })
}
