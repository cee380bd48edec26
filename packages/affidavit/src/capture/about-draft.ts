// Which refusals are a draft's own: tried again, or by another ledger, it would be refused again.

import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'

const ABOUT_THE_DRAFT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid-draft',
  'draft-too-large',
  'id-conflict',
  'recipient-refused',
])

export function isAboutDraft(error: unknown): error is LedgerError {
  return error instanceof LedgerError && ABOUT_THE_DRAFT.has(error.code)
}
