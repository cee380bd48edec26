// Verifying an embedded ledger: threads read and hash stretches side by side; verify/stored/ledger.ts judges.

import type { Report } from '../../verify/report.ts'
import { type LedgerOptions, verifyStoredLedger } from '../../verify/stored/ledger.ts'
import { reportOn } from './reading.ts'

export interface VerifyOptions extends LedgerOptions {
  /** Threads that read and hash; as many as the machine runs at once where left out, at most 8; 0: in this thread. */
  readonly threads?: number
}

/**
 * Verifies the whole ledger in a database file, reading only. Altered data never throws: it is what the report is for.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, `not-found` (no such origin)
 */
export function verifySqlite(path: string, options: VerifyOptions): Promise<Report> {
  const { anchors, threads } = options
  return reportOn({ path, kind: 'ledger', anchors, threads }, (store) => verifyStoredLedger(store, options))
}
