// Verifying what came after a checkpoint that the caller trusts, in an embedded ledger; verify/stored/range.ts judges.

import type { Report } from '../../verify/report.ts'
import { type RangeOptions, verifyStoredRange } from '../../verify/stored/range.ts'
import { reportOn } from './reading.ts'

/**
 * Verifies the entries behind a trusted checkpoint, and that they continue its tree. Where no key that counts has signed
 * it, or the stored tree is not its tree, nothing more is read, and the report says so.
 * @throws LedgerError as verifySqlite does
 */
export function verifySqliteRange(path: string, options: RangeOptions): Promise<Report> {
  const { anchors } = options
  return reportOn({ path, kind: 'range', anchors, threads: 1 }, (store) => verifyStoredRange(store, options))
}
