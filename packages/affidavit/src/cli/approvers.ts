// Keys of those who may approve: whoever pins keys of their own trusts those alone.

import { approversIn } from '../embedded/record-verification.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { readVerifierKey } from './options.ts'

/** @param home of the ledger whose access policy is taken where no key is given; nobody is pinned where it cannot be read */
export function approversOf(given: readonly string[], home?: string): VerifierKey[] {
  if (given.length > 0) return given.map((key) => readVerifierKey('--approver', key))
  return home === undefined ? [] : approversIn(home)
}
