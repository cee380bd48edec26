// The archive of a ledger, as commands open it.

import type { Archiving } from '../archive/archiving.ts'
import { readDue } from '../archive/due.ts'
import { openArchive } from '../embedded/archive-place.ts'
import { readRetention } from '../embedded/retention.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { builtInSet, policyNamed } from '../retention/policy-set.ts'

/** @throws LedgerError `invalid-query` where the ledger has no archive, or there is no such policy */
export async function archivingIn(home: string, ledger: Ledger, policy?: string): Promise<Archiving> {
  const { archival } = ledger
  const set = readRetention(home) ?? builtInSet()
  if (policy !== undefined && policyNamed(set, policy) === undefined) {
    throw new LedgerError('invalid-query', {
      problem: `there is no policy ${JSON.stringify(policy)}`,
      cure: 'affidavit policies lists them',
      path: '--policy',
    })
  }
  const options = { set, at: archival.now(), ...(policy === undefined ? {} : { policy }) }
  const objects = openArchive(home)
  return { ...archival, objects, dueOf: await readDue(archival.store, archival.ledger, options) }
}
