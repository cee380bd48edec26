// The access policy of a ledger, for commands that nobody may run without one (spec/access.md §1).

import type { AccessPolicy } from '../access/policy.ts'
import { readAccess } from '../embedded/access.ts'
import { LedgerError } from '../errors/ledger-error.ts'

/** @throws LedgerError `invalid-query` where there is none, and as readAccess does */
export function readPolicy(folder: string): AccessPolicy {
  const policy = readAccess(folder)
  if (policy !== undefined) return policy
  throw new LedgerError('invalid-query', {
    problem: `${folder} has no access policy: nobody may plan or carry out an erasure`,
    cure: 'write access.yaml into that folder, with a privacy_officer and an erasure_approver; affidavit access check reads it',
    path: 'access.yaml',
  })
}
