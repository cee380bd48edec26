// Keys of those who may approve: whoever pins keys of their own trusts those alone.

import { readAccess } from '../embedded/access.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { readVerifierKey } from './options.ts'

/** @param home of the ledger whose access policy is taken where no key is given */
export function approversOf(given: readonly string[], home?: string): VerifierKey[] {
  if (given.length > 0) return given.map((key) => readVerifierKey('--approver', key))
  const people = home === undefined ? undefined : readAccess(home)?.people
  return [...(people?.values() ?? [])].flatMap(({ approval_key }) => approval_key ?? [])
}
