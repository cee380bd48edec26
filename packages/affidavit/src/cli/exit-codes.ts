// What the exit code of every command means (spec/verification.md §4). Scripts rely on these.

import type { ErrorCode } from '../errors/ledger-error.ts'
import type { Report } from '../verify/report.ts'

export const EXIT = {
  ok: 0,
  /** Verification only: something was altered. */
  tampered: 1,
  /** Verification: incomplete, empty, or no trusted signature. A registry: it does not know what was seen. */
  notVerified: 2,
  usage: 3,
  /** The world is in the way: disk, rights, locks, a newer format, the wrong Node. */
  unavailable: 4,
  /** Everything else was done, but some input was refused. */
  refusedInput: 5,
  bug: 70,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const USAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not-a-ledger',
  'ledger-exists',
  'invalid-origin',
  'invalid-query',
  'invalid-draft',
  'draft-too-large',
  'not-found',
  'invalid-statement',
  'export-exists',
])

export function exitCodeOfError(code: ErrorCode): ExitCode {
  return USAGE.has(code) ? EXIT.usage : EXIT.unavailable
}

/** An empty log is verified only where its keeper swore to its emptiness in a checkpoint that the caller kept. */
export function exitCodeOfReport({ status, axes, findings_count }: Report): ExitCode {
  if (status === 'valid') return EXIT.ok
  if (status === 'empty' && findings_count === 0 && axes.anchor.verdict === 'external') return EXIT.ok
  return status === 'tampered' ? EXIT.tampered : EXIT.notVerified
}
