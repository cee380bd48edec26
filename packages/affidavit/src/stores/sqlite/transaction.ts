// One write transaction, retried fairly until the lock is ours, with an honest outcome (spec/sequencing.md §3).

import type { Clock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { driverCode, storeError } from './connect.ts'
import { sqliteCode } from './database.ts'
import type { Statements } from './statements.ts'
import type { Turns } from './turns.ts'

/** A connection that can be replaced: after a failed COMMIT only a fresh one shows what the file has. */
export interface Connection {
  statements(): Statements
  /**
   * Makes sure, once for each connection, that all it can see is on the disk. A killed process leaves commits in the WAL
   * that it never synced, and whoever opens the file next sees them: they may be acknowledged again only after this.
   */
  settle(): 'settled' | 'busy'
  /** Lets go of the connection and of what was cached from it; `statements` then opens a new one. */
  renew(): void
  /** Whether `renew` really gives a new connection (a database that the caller brought cannot be opened again). */
  readonly renewable: boolean
  /** A transaction of ours that ROLLBACK could not end; nothing else may begin before it has ended. */
  leftOpen: boolean
}

/** `again`: the work was done before, and whether it was committed is what this run finds out. */
export type Attempt = 'first' | 'again'

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
  work: (statements: Statements, waitedMillis: number, attempt: Attempt) => T,
): Promise<T> {
  const begun = waiting.clock.elapsed()
  const waited = (): number => waiting.clock.elapsed() - begun
  let unknown: unknown
  let failedCommits = 0
  try {
    for (;;) {
      // 1. The lock, in turn. Nothing was written before, so giving up here is exact.
      const locked = waiting.turns.mayTry() && tryBegin(connection, waiting.turns, unknown)
      if (!locked) {
        if (waited() > patienceMillis) throw gaveUp(unknown, waited())
        await waiting.pause(0.3 + Math.random() * 0.4)
        continue
      }
      waiting.turns.leave()
      // 2. The writes. Whatever fails before COMMIT is undone, by ROLLBACK or by letting go of the connection.
      const attempt = failedCommits === 0 ? 'first' : 'again'
      const result = writeOrUndo(connection, () => work(connection.statements(), waited(), attempt), unknown)
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

// Whatever goes wrong before the lock is ours leaves nothing behind, unless an earlier COMMIT is in doubt.
function tryBegin(connection: Connection, turns: Turns, unknown: unknown): boolean {
  try {
    if (connection.leftOpen) rollBack(connection)
    if (connection.settle() === 'busy') return turnedAway(turns)
    connection.statements().begin.run()
    return true
  } catch (error) {
    const code = driverCode(error)
    if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') return turnedAway(turns)
    // SQLITE_ERROR: a transaction of the caller's is open on the connection that it brought; that one is not ours to end.
    if (code !== 'SQLITE_ERROR') undo(connection)
    throw unknown === undefined ? notCommitted(error) : outcomeUnknown(unknown)
  }
}

function turnedAway(turns: Turns): false {
  turns.queueUp()
  return false
}

function writeOrUndo<T>(connection: Connection, write: () => T, unknown: unknown): T {
  try {
    return write()
  } catch (error) {
    undo(connection)
    throw unknown === undefined ? notCommitted(error) : outcomeUnknown(unknown)
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

// Letting go of a connection ends its transaction. One that cannot be let go is rolled back, at once or before the next.
function undo(connection: Connection): void {
  if (!connection.renewable) connection.leftOpen = true
  if (connection.leftOpen) tryRollBack(connection)
  connection.renew()
}

function tryRollBack(connection: Connection): void {
  try {
    rollBack(connection)
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error
  }
}

// SQLite may have rolled back by itself (disk full, I/O error), and then says SQLITE_ERROR: no transaction is active.
function rollBack(connection: Connection): void {
  try {
    connection.statements().rollback.run()
  } catch (error) {
    if (sqliteCode(error) !== 'SQLITE_ERROR') throw error
  }
  connection.leftOpen = false
}

function gaveUp(unknown: unknown, waitedMillis: number): LedgerError {
  if (unknown !== undefined) return outcomeUnknown(unknown)
  return new LedgerError('not-committed', {
    problem: `other writers held the ledger for ${Math.round(waitedMillis)} ms; nothing was recorded`,
    cure: 'try again with the same ids',
  })
}

// A refusal by the work itself (an unknown ledger, a damaged store) keeps its name: it says that nothing was written.
function notCommitted(cause: unknown): LedgerError {
  if (cause instanceof LedgerError && cause.code !== 'store-unavailable') return cause
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
