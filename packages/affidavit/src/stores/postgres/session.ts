// One opened store on a pool: what it is connected to, asked once, and what is under way, which closing waits for.

import { setTimeout as delay } from 'node:timers/promises'

import { type Clock, systemClock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { askOne, inspectDatabase } from './connect.ts'
import type { PgClient, PgPool, Statement } from './database.ts'
import type { SchemaKind } from './schemas.ts'
import { type Attempt, type Connections, inTransaction, type Work } from './transaction.ts'

export interface PoolOptions {
  /** A pool of pg; its connections are best made with `pipeline: true`, which saves a round trip for each statement. */
  readonly pool: PgPool
  /** Whether closing the store ends the pool; left open where left out. */
  readonly closes?: 'pool'
  readonly clock?: Clock
  readonly pause?: (millis: number) => Promise<void>
}

export interface Session {
  /** What is written through. @throws LedgerError what `inspectDatabase` throws */
  connections(): Promise<Connections>
  /** Runs what is asked of an open store. @throws LedgerError `ledger-closed` */
  tracked<T>(work: () => Promise<T>): Promise<T>
  /** The rows of one statement. @throws LedgerError what `inspectDatabase` and `askOne` throw */
  ask(statement: Statement): Promise<readonly unknown[]>
  /** @throws LedgerError what `inspectDatabase` and `inTransaction` throw */
  write<T>(work: (attempt: Attempt) => Work<T> | Promise<Work<T>>, patienceMillis?: number): Promise<T>
  /** Takes nothing more, waits for what was begun, and lets go of the pool. */
  close(): Promise<void>
}

/** Commits of checkpoints, payloads, new ledgers and keyrings wait as long as a batch does by default. */
const PATIENCE_MILLIS = 10_000

/** Nothing is asked of the server before the first use. */
export function openSession(kind: SchemaKind, options: PoolOptions): Session {
  const { pool, clock = systemClock, pause = (millis) => delay(millis) } = options
  const underWay = new Set<Promise<unknown>>()
  // An idle connection whose server went away says so to its pool, where nobody listening would end the process.
  const ignore = (): void => undefined
  pool.on('error', ignore)
  // So does one whose session was ended the moment it had begun, before anybody holds it.
  const ignoreOf = (client: Pick<PgClient, 'on'>): void => void client.on('error', ignore)
  pool.on('connect', ignoreOf)
  let inspected: Promise<Connections> | undefined
  let state: 'usable' | 'closed' = 'usable'

  // Once: what this database is, and that a commit of it is durable.
  function connections(): Promise<Connections> {
    inspected ??= inspectDatabase(pool, kind).then(({ settings }) => ({ pool, clock, settings, pause }))
    inspected.catch(() => {
      inspected = undefined
    })
    return inspected
  }

  return {
    connections,

    async tracked(work) {
      if (state === 'closed') throw storeClosed()
      const begun = work()
      underWay.add(begun)
      return begun.finally(() => underWay.delete(begun))
    },

    async ask(statement) {
      await connections()
      return askOne(pool, statement)
    },

    async write(work, patienceMillis = PATIENCE_MILLIS) {
      return inTransaction(await connections(), patienceMillis, work)
    },

    async close() {
      if (state === 'closed') return
      state = 'closed'
      await Promise.allSettled(underWay)
      if (options.closes === 'pool') return pool.end()
      pool.off('error', ignore)
      pool.off('connect', ignoreOf)
    },
  }
}

/** A store that was closed takes nothing more. */
function storeClosed(): LedgerError {
  return new LedgerError('ledger-closed', { problem: 'the store is closed', cure: 'open it again' })
}
