// The access policy of a ledger: access.yaml or access.json in its folder (spec/access.md §1).

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { parseAccessPolicy } from '../access/parse.ts'
import type { AccessPolicy } from '../access/policy.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { readDocumentFile } from './read-document.ts'

const NAMES = ['access.yaml', 'access.json'] as const

/**
 * @throws LedgerError `invalid-query` where there is none, or two; `store-unavailable`; DocumentFault `invalid-access-policy`
 */
export function readPolicy(folder: string): AccessPolicy {
  const there = NAMES.map((name) => join(folder, name)).filter((file) => existsSync(file))
  const [file, other] = there
  if (file === undefined)
    throw refused(
      `${folder} has no access policy: nobody may plan or carry out an erasure`,
      `write ${NAMES[0]} into that folder, with a privacy_officer and an erasure_approver; affidavit access check reads it`,
    )
  if (other !== undefined)
    throw refused(`${folder} has two access policies, ${NAMES.join(' and ')}`, 'remove the one that does not hold')
  const { text, format } = readDocumentFile(file)
  return parseAccessPolicy(text, format, file)
}

function refused(problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure, path: NAMES[0] })
}
