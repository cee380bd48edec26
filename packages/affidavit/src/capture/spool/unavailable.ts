// What a caller is told when the disk of a spool fails.

import { LedgerError } from '../../errors/ledger-error.ts'

export function spoolUnavailable(doing: string, cause: unknown): LedgerError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError('spool-unavailable', {
    problem: `cannot ${doing}: ${said}`,
    cure: 'check the disk and the rights on the folder; what was acknowledged waits there, and this draft may too',
    cause,
  })
}
