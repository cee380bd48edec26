// The access policy in the folder of a ledger (spec/access.md).

import { parseAccessPolicy } from '../access/parse.ts'
import type { AccessPolicy } from '../access/policy.ts'
import { readFolderDocument } from './folder-document.ts'

/**
 * The policy; `undefined` where there is none.
 * @throws DocumentFault where it is no access policy; LedgerError `invalid-query` where there are two, `store-unavailable`
 */
export function readAccess(folder: string): AccessPolicy | undefined {
  return readFolderDocument(folder, 'access', parseAccessPolicy)
}
