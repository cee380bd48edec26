// Keys of those who may approve: whoever pins keys of their own trusts those alone.

import type { VerifierKey } from '../formats/verifier-key.ts'
import { readVerifierKey } from './options.ts'
import { policyIn } from './record-verification.ts'

/** @param home of the ledger whose access policy is taken where no key is given; nobody is pinned where it cannot be read */
export function approversOf(given: readonly string[], home?: string): VerifierKey[] {
  if (given.length > 0) return given.map((key) => readVerifierKey('--approver', key))
  const people = home === undefined ? undefined : policyIn(home)?.people
  return [...(people?.values() ?? [])].flatMap(({ approval_key }) => approval_key ?? [])
}
