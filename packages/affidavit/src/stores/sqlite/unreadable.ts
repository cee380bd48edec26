// What a database file itself keeps from being read: a finding, not a failure. Whoever alters records can damage pages.

import { LedgerError } from '../../errors/ledger-error.ts'
import { ColumnFault, sqliteCode } from './database.ts'

/** Errors that the bytes of the file cause; a disk that fails or a lock that is held is the world's. */
const CAUSED_BY_CONTENT: ReadonlySet<string | undefined> = new Set<string>([
  'SQLITE_CORRUPT',
  'SQLITE_ERROR',
  'SQLITE_NOTADB',
])

/** Why the file cannot be read, where its content is why; `undefined` for every other error. */
export function unreadableProblem(error: unknown): string | undefined {
  if (error instanceof LedgerError) {
    return error.code === 'store-corrupt' || CAUSED_BY_CONTENT.has(codeOfCause(error)) ? error.problem : undefined
  }
  if (error instanceof ColumnFault) return error.message
  // An integer beyond 2^53, where no column of ours has one.
  if (error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE') return error.message
  if (!CAUSED_BY_CONTENT.has(sqliteCode(error))) return undefined
  return error instanceof Error ? error.message : String(error)
}

// A file that is no database at all may be the wrong file, which opening says with a code of its own.
function codeOfCause({ code, cause }: LedgerError): string | undefined {
  return code === 'store-unavailable' ? sqliteCode(cause) : undefined
}

/** What `read` gives, or why the content of the file keeps it from doing so. */
export function tryRead<T>(read: () => T): { readonly value: T } | { readonly problem: string } {
  try {
    return { value: read() }
  } catch (error) {
    const problem = unreadableProblem(error)
    if (problem === undefined) throw error
    return { problem }
  }
}
