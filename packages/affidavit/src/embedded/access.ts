// The access policy in the folder of a ledger (spec/access.md).

import { parseAccessPolicy } from '../access/parse.ts'
import type { AccessPolicy } from '../access/policy.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { readFolderDocument } from './folder-document.ts'

/**
 * The policy; `undefined` where there is none.
 * @throws DocumentFault where it is no access policy; LedgerError `invalid-query` where there are two, `store-unavailable`
 */
export function readAccess(folder: string): AccessPolicy | undefined {
  return readFolderDocument(folder, 'access', parseAccessPolicy)
}

/** Where a policy is. */
export interface AccessPlace {
  readonly home: string
  /** That of the home where left out. */
  readonly access?: AccessPolicy | undefined
}

/** The policy, for what nobody may without one. @throws LedgerError `invalid-query` where there is none, and as readAccess does */
export function expectAccess({ home, access }: AccessPlace): AccessPolicy {
  const policy = access ?? readAccess(home)
  if (policy !== undefined) return policy
  throw new LedgerError('invalid-query', {
    problem: `${home} has no access policy: nobody may hold, archive, destroy or erase, or approve that`,
    cure: 'write access.yaml into that folder, with a records_officer and a records_approver, or for erasures a privacy_officer and an erasure_approver; affidavit access check reads it',
    path: 'access.yaml',
  })
}
