// What a ledger refuses or cannot do. One code per cause; README.md lists each with its cure, and a test keeps the two
// together. Messages never carry content, keys or personal ids.

/** Whose fault it is: the caller can mend the call, an operator the world; `ours` is a bug. */
export type Blame = 'caller' | 'world' | 'ours'

export type ErrorCode =
  | 'invalid-draft'
  | 'draft-too-large'
  | 'id-conflict'
  | 'queue-full'
  | 'ledger-closed'
  | 'not-a-ledger'
  | 'ledger-exists'
  | 'invalid-origin'
  | 'invalid-query'
  | 'not-found'
  | 'not-allowed'
  | 'not-signed-in'
  | 'recipient-refused'
  | 'invalid-statement'
  | 'export-exists'
  | 'newer-format'
  | 'wrong-key'
  | 'missing-key'
  | 'key-unavailable'
  | 'key-destroyed'
  | 'missing-anchor'
  | 'clock-jump'
  | 'rolled-back'
  | 'disposed-is-back'
  | 'forked'
  | 'not-committed'
  | 'outcome-unknown'
  | 'not-published'
  | 'not-exported'
  | 'store-unavailable'
  | 'server-unavailable'
  | 'store-corrupt'
  | 'unsupported-file-system'
  | 'spool-full'
  | 'spool-unavailable'
  | 'run-stopped'
  | 'archive-unavailable'
  | 'archive-altered'
  | 'object-exists'
  | 'object-locked'
  | 'lock-refused'
  | 'time-unavailable'
  | 'removal-refused'
  | 'removal-overtaken'
  | 'already-watched'

export const ERROR_CODES: Readonly<Record<ErrorCode, Blame>> = {
  'invalid-draft': 'caller',
  'draft-too-large': 'caller',
  'id-conflict': 'caller',
  'queue-full': 'caller',
  'ledger-closed': 'caller',
  'not-a-ledger': 'caller',
  'ledger-exists': 'caller',
  'invalid-origin': 'caller',
  'invalid-query': 'caller',
  'not-found': 'caller',
  'not-allowed': 'caller',
  'not-signed-in': 'caller',
  'recipient-refused': 'caller',
  'invalid-statement': 'caller',
  'export-exists': 'caller',
  'newer-format': 'caller',
  'wrong-key': 'caller',
  'missing-key': 'caller',
  'key-unavailable': 'world',
  'key-destroyed': 'caller',
  'missing-anchor': 'world',
  'clock-jump': 'world',
  'rolled-back': 'world',
  'disposed-is-back': 'world',
  forked: 'world',
  'not-committed': 'world',
  'outcome-unknown': 'world',
  'not-published': 'world',
  'not-exported': 'world',
  'store-unavailable': 'world',
  'server-unavailable': 'world',
  'store-corrupt': 'world',
  'unsupported-file-system': 'world',
  'spool-full': 'world',
  'spool-unavailable': 'world',
  'run-stopped': 'world',
  'archive-unavailable': 'world',
  'archive-altered': 'world',
  'object-exists': 'world',
  'object-locked': 'world',
  'lock-refused': 'world',
  'time-unavailable': 'world',
  'removal-refused': 'world',
  'removal-overtaken': 'world',
  'already-watched': 'world',
}

export interface ErrorContext {
  /** What was being done, and what is wrong with it: one sentence. */
  readonly problem: string
  /** What the reader can do about it. */
  readonly cure?: string
  /** Where in the caller's input: `details.tokens[3]`. */
  readonly path?: string
  readonly cause?: unknown
}

/** Every refusal and failure of the library. `code` is stable; the message is for people. */
export class LedgerError extends Error {
  readonly code: ErrorCode
  readonly blame: Blame
  readonly problem: string
  readonly cure: string | undefined
  readonly path: string | undefined

  constructor(code: ErrorCode, context: ErrorContext) {
    super(`${code}: ${context.problem}${context.cure === undefined ? '' : ` (${context.cure})`}`, {
      cause: context.cause,
    })
    this.name = 'LedgerError'
    this.code = code
    this.blame = ERROR_CODES[code]
    this.problem = context.problem
    this.cure = context.cure
    this.path = context.path
  }
}

/** Marks a place that no input can reach; arriving there is our bug. */
export function unreachable(what: string): never {
  throw new Error(`unreachable: ${what}; this is a bug in affidavit`)
}
