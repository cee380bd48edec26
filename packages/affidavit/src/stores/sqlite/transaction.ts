// One write transaction, retried fairly until the lock is ours, with an honest outcome (spec/sequencing.md §3).

import type { Clock } from '../../clock/clock.ts'
import { LedgerError } from '../../ledger/errors.ts'
import { storeError } from './connect.ts'
import { sqliteCode } from './database.ts'
import type { Statements } from './statements.ts'
import type { Turns } from './turns.ts'

/** A connection that can be replaced: after a failed COMMIT only a fresh one shows what the file has. */
export interface Connection {
  statements(): Statements
  /** Lets go of the connection and of what was cached from it; `statements` then opens a new one. */
  renew(): void
  /** Whether `renew` really gives a new connection (a database that the caller brought cannot be opened again). */
  readonly renewable: boolean
}

export interface Waiting {
  readonly turns: Turns
  readonly clock: Clock
  /** Waits a moment without holding anything. */
  pause(millis: number): Promise<void>
}

/** Failed COMMITs are settled by doing the same again on a fresh connection, this often. */
const SETTLING_ATTEMPTS = 3

/**
 * Runs `work` between BEGIN IMMEDIATE and COMMIT, once, and returns what it returned. `work` must give the same effect
 * when it runs again after an unknown outcome (the ids of a batch see to that).
 * @throws LedgerError `not-committed`: nothing is there; `outcome-unknown`: it may be
 */
export async function inTransaction<T>(
  connection: Connection,
  waiting: Waiting,
  patienceMillis: number,
  work: (statements: Statements, waitedMillis: number) => T,
): Promise<T> {
  const begun = waiting.clock.elapsed()
  const waited = (): number => waiting.clock.elapsed() - begun
  let unknown: unknown
  let failedCommits = 0
  try {
    for (;;) {
      // 1. The lock, in turn. Nothing was written before, so giving up here is exact.
      const locked = waiting.turns.mayTry() && tryBegin(connection, waiting.turns)
      if (!locked) {
        if (waited() > patienceMillis) throw gaveUp(unknown, waited())
        await waiting.pause(0.3 + Math.random() * 0.4)
        continue
      }
      waiting.turns.leave()
      // 2. The writes. Whatever fails before COMMIT is undone, by ROLLBACK or by letting go of the connection.
      const result = writeOrUndo(connection, () => work(connection.statements(), waited()), unknown)
      // 3. COMMIT. Where it fails nobody knows: the same work again, on a fresh connection, finds out or does it.
      const failure = tryCommit(connection)
      if (failure === undefined) return result
      unknown = failure.cause
      failedCommits++
      undo(connection)
      if (failedCommits === SETTLING_ATTEMPTS || !connection.renewable) throw outcomeUnknown(unknown)
    }
  } finally {
    waiting.turns.leave()
  }
}

function tryBegin(connection: Connection, turns: Turns): boolean {
  try {
    connection.statements().begin.run()
    return true
  } catch (error) {
    const code = sqliteCode(error)
    if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
      turns.queueUp()
      return false
    }
    throw error instanceof LedgerError ? error : notCommitted(error)
  }
}

function writeOrUndo<T>(connection: Connection, write: () => T, unknown: unknown): T {
  try {
    return write()
  } catch (error) {
    undo(connection)
    if (unknown !== undefined) throw outcomeUnknown(unknown)
    if (error instanceof LedgerError) throw error
    throw notCommitted(error)
  }
}

function tryCommit(connection: Connection): { cause: unknown } | undefined {
  try {
    connection.statements().commit.run()
    return undefined
  } catch (cause) {
    return { cause }
  }
}

// SQLite may have rolled back by itself (disk full, I/O error), so a failing ROLLBACK says nothing; a new connection does.
function undo(connection: Connection): void {
  if (!connection.renewable) rollBack(connection)
  connection.renew()
}

function rollBack(connection: Connection): void {
  try {
    connection.statements().rollback.run()
  } catch (error) {
    if (sqliteCode(error) !== 'SQLITE_ERROR') throw error
  }
}

function gaveUp(unknown: unknown, waitedMillis: number): LedgerError {
  if (unknown !== undefined) return outcomeUnknown(unknown)
  return new LedgerError('not-committed', {
    problem: `other writers held the ledger for ${Math.round(waitedMillis)} ms; nothing was recorded`,
    cure: 'try again with the same ids',
  })
}

function notCommitted(cause: unknown): LedgerError {
  const { problem, cure } = storeError(cause, 'commit')
  return new LedgerError('not-committed', {
    problem: `${problem}; nothing was recorded`,
    ...(cure === undefined ? {} : { cure }),
    cause,
  })
}

function outcomeUnknown(cause: unknown): LedgerError {
  return new LedgerError('outcome-unknown', {
    problem: `${storeError(cause, 'commit').problem}; the records may or may not be durable`,
    cure: 'append the same drafts again with the same ids: a record that is there is acknowledged again, once',
    cause,
  })
}
