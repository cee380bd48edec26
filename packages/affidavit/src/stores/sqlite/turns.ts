// Fair turns among writer processes of one database file. SQLite's own lock is a free-for-all: whoever retries at the
// luckiest moment wins, and four busy writers starve each other for seconds. A waiting writer leaves a ticket in a folder
// beside the database and goes when its ticket is the oldest. Tickets are manners, not safety: the lock of the database
// alone guards the ledger, so a lost, stale or doubled ticket costs at most some waiting.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { isGone } from '../../ledger/is-gone.ts'

/**
 * How long the oldest ticket may stand still before others pass it: its writer may be stopped or on another machine. Long
 * enough for one that only waits for a processor: on a busy machine that takes hundreds of milliseconds.
 */
const PATIENCE_MILLIS = 2_000

export interface Turns {
  /** Whether this writer may try now; takes a ticket where somebody else waits already. */
  mayTry(): boolean
  /** Called where the lock was taken by another writer: makes sure that this one is in the queue. */
  queueUp(): void
  /** Called when the lock is held or the wait is over. */
  leave(): void
}

/** Turns for a database without other processes in sight (a database that the caller brought). */
export const noTurns: Turns = { mayTry: () => true, queueUp: () => undefined, leave: () => undefined }

/** Turns through tickets in `folder`, which is made when first needed. `elapsed` is a clock in ms that never steps. */
export function ticketTurns(folder: string, elapsed: () => number): Turns {
  let mine: string | undefined
  let count = 0
  let oldest = { name: '', since: 0 }

  function takeTicket(): void {
    mkdirSync(folder, { recursive: true })
    count++
    // Wall-clock order across processes of one machine; the counter keeps one writer's tickets apart.
    const name = `${String(Date.now()).padStart(15, '0')}-${process.pid}-${process.hrtime.bigint()}-${count}`
    writeFileSync(join(folder, name), '', { flag: 'wx' })
    mine = name
  }

  function isOverdue(name: string): boolean {
    if (oldest.name !== name) oldest = { name, since: elapsed() }
    return elapsed() - oldest.since > PATIENCE_MILLIS || isNobodys(name)
  }

  function standsFirst(): boolean {
    const waiting = ticketsIn(folder)
    if (mine !== undefined && !waiting.includes(mine)) mine = undefined
    const [first] = waiting
    if (first === undefined || first === mine) return true
    if (mine === undefined) takeTicket()
    if (isOverdue(first)) rmSync(join(folder, first), { force: true })
    return false
  }

  return {
    mayTry: () => unlessRefused(standsFirst, true),
    queueUp: () => unlessRefused(() => (mine === undefined ? takeTicket() : undefined), undefined),
    leave: () =>
      unlessRefused(() => {
        if (mine !== undefined) rmSync(join(folder, mine), { force: true })
        mine = undefined
      }, undefined),
  }
}

// A full or read-only disk gives no tickets. Then writers compete as SQLite lets them: the commit itself finds out what
// the disk can do, and says so.
function unlessRefused<T>(ask: () => T, otherwise: T): T {
  try {
    return ask()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return otherwise
    throw error
  }
}

function ticketsIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isNobodys(ticket: string): boolean {
  const pid = Number(ticket.split('-')[1])
  return !Number.isSafeInteger(pid) || pid <= 0 || isGone(pid)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
