// The retention set in the folder of a ledger (spec/retention.md §1).

import { parseRetentionSet } from '../retention/parse.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { readFolderDocument } from './folder-document.ts'

/**
 * The set; `undefined` where there is none, and the built-in policies hold.
 * @throws DocumentFault where it is no retention set; LedgerError `invalid-query` where there are two, `store-unavailable`
 */
export function readRetention(folder: string): PolicySet | undefined {
  return readFolderDocument(folder, 'retention', parseRetentionSet)
}
