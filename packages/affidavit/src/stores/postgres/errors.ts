// What PostgreSQL says, in our words. Messages of the server may quote values; of them only what it says about itself is passed on.

import { LedgerError } from '../../errors/ledger-error.ts'
import { column, sqlState } from './database.ts'

/** An error of the driver in our words; any other as it is. */
export function inOurWords(error: unknown, doing: string): unknown {
  return error instanceof LedgerError || !isOfDriver(error) ? error : storeError(error, doing)
}

function isOfDriver(error: unknown): boolean {
  return sqlState(error) !== undefined || isWorld(error)
}

// The driver's own errors, and those of sockets, have no SQLSTATE.
function isWorld(error: unknown): boolean {
  return error instanceof Error && !(error instanceof TypeError || error instanceof RangeError)
}

/** The driver's error in our words. */
export function storeError(error: unknown, doing: string): LedgerError {
  const { problem, cure } = explain(error)
  const code = sqlState(error) === 'XX001' || sqlState(error) === 'XX002' ? 'store-corrupt' : 'store-unavailable'
  return new LedgerError(code, { problem: `cannot ${doing}: ${problem}`, cure, cause: error })
}

interface Explained {
  readonly problem: string
  readonly cure: string
}

function explain(error: unknown): Explained {
  const state = sqlState(error)
  if (state === undefined) return explainUnanswered(saidBySocket(error))
  // The same SQLSTATE as of a missing right; where in the server it was said is in no language.
  if (state === '42501' && column(error, 'routine') === 'check_enable_rls') return ROW_SECURITY_OFF
  const known = Object.entries(EXPLAINED).find(([prefix]) => state.startsWith(prefix))
  if (known !== undefined) return known[1]
  return { problem: `PostgreSQL answered ${state}`, cure: 'the log of the server says more; run affidavit doctor' }
}

const ROW_SECURITY_OFF: Explained = {
  problem: 'row_security is off, and what this role may see depends on it',
  cure: 'ALTER ROLE … RESET row_security, and the same of the database',
}

const EXPLAINED: Readonly<Record<string, Explained>> = {
  '28': {
    problem: 'the server refused who asked',
    cure: 'check user and password: PGPASSWORD, PGPASSFILE, or the URL in AFFIDAVIT_LEDGER, of a keyring in AFFIDAVIT_KEYRING',
  },
  '3D000': {
    problem: 'there is no such database',
    cure: 'check the name behind the host; a database administrator creates one',
  },
  '42501': {
    problem: 'this role has not the right to',
    cure: 'affidavit migrate --writer ROLE, for a keyring --server ROLE, run as the owner, gives it',
  },
  '25P04': {
    problem: 'the server ended the session: transaction_timeout',
    cure: 'raise transaction_timeout for this role',
  },
  '25006': { problem: 'the server takes no writes: it is a standby, or set read-only', cure: 'name the primary' },
  '53100': { problem: 'the disk of the server is full', cure: 'free space there; nothing half-done was left' },
  '53300': {
    problem: 'the server has no connection left',
    cure: 'raise max_connections, or the CONNECTION LIMIT of this role or database, or use a pooler',
  },
  '55P03': { problem: 'other writers held it for too long', cure: 'try again; drafts with the same ids' },
  '57014': {
    problem: 'the server cancelled it: statement_timeout, or an operator',
    cure: 'raise statement_timeout for this role',
  },
  '57P05': {
    problem: 'the server ended the session: idle_session_timeout',
    cure: 'raise idle_session_timeout for this role',
  },
  '57P': { problem: 'the server shuts down or ended the session', cure: 'wait until it is back' },
  '58': {
    problem: 'the server cannot read or write its files',
    cure: 'check its disk; the log of the server says more',
  },
  XX001: {
    problem: 'the server found its data damaged',
    cure: 'keep the database as evidence; restore a backup beside it and compare with affidavit verify',
  },
  XX002: {
    problem: 'the server found an index damaged',
    cure: 'affidavit verify says whether the entries are whole; then REINDEX',
  },
  AF004: {
    problem: 'a payload that the record names has left the database',
    cure: 'append the same drafts again with the same ids: their content is sealed anew',
  },
  AF001: {
    problem: 'the database refused to change evidence',
    cure: 'affidavit verify says whether anything was changed',
  },
}

// What the driver says where the server gave no answer. Its messages are looked at for a cure alone.
function explainUnanswered(problem: string): Explained {
  const [, cure = 'check that the server runs and can be reached'] =
    CURES.find(([pattern]) => pattern.test(problem)) ?? []
  return { problem, cure }
}

const CURES: readonly (readonly [said: RegExp, cure: string])[] = [
  [/ENOTFOUND|EAI_AGAIN/, 'check the host in the URL'],
  [/^the pool has no connection/, 'give the pool more connections (max), or let go of them sooner'],
  [/does not support SSL/, 'give the server a certificate; sslmode=disable is for a network that is safe by itself'],
  [
    /certificate|altnames/i,
    'name the authority that signed for the server: sslrootcert=FILE; the host must be the one it is for',
  ],
  [
    /^SASL|password/i,
    'give the password by PGPASSWORD, PGPASSFILE, or the URL in AFFIDAVIT_LEDGER, of a keyring in AFFIDAVIT_KEYRING',
  ],
]

// Messages of sockets name hosts and ports, never passwords.
function saidBySocket(error: unknown): string {
  if (error instanceof AggregateError) return saidBySocket(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

/** A refusal by the work itself keeps its name: it says that nothing was written. */
export function notCommitted(cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause
  const { problem, cure } = explain(cause)
  return new LedgerError('not-committed', { problem: `cannot commit: ${problem}; nothing was recorded`, cure, cause })
}

export function outcomeUnknown(cause: unknown): LedgerError {
  return new LedgerError('outcome-unknown', {
    problem: `cannot commit: ${explain(cause).problem}; the records may or may not be durable`,
    cure: 'append the same drafts again with the same ids: a record that is there is acknowledged again, once',
    cause,
  })
}
