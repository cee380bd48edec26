// One write transaction, with an honest outcome (spec/postgres.md §3): what it builds on is read behind the lock, what it writes
// goes out together with COMMIT.

import type { Clock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import {
  inOneGo,
  isConnectionLost,
  type PgClient,
  type PgPool,
  type PgResult,
  type Statement,
  sqlState,
} from './database.ts'
import { notCommitted, outcomeUnknown } from './errors.ts'

/** `again`: the work was done before, and whether it was committed is what this run finds out. */
export type Attempt = 'first' | 'again'

export interface Work<T> {
  /** Sent behind BEGIN. The first one takes the lock that the others need. Where there are none, all goes out at once. */
  readonly reads: readonly Statement[]
  /** What follows from what was read. It must give the same effect when it runs again after an unknown outcome. */
  decide(read: readonly PgResult[], attempt: Attempt, waitedMillis: number): Decided<T>
}

export interface Decided<T> {
  readonly value: T
  /** Sent together with COMMIT. */
  readonly writes: readonly Statement[]
}

export interface Connections {
  readonly pool: PgPool
  readonly clock: Clock
  /** Sent with each BEGIN: a commit that is acknowledged is one that is synced, whatever the role is set to. */
  readonly settings: string
  /** Waits a moment without holding anything. */
  pause(millis: number): Promise<void>
}

/** Unknown outcomes are settled by doing the same again on a fresh connection, this often at least. */
const SETTLING_ATTEMPTS = 3

/**
 * Runs `work` in one transaction and returns its value.
 * @throws LedgerError `not-committed`: nothing is there; `outcome-unknown`: it may be
 */
export async function inTransaction<T>(
  connections: Connections,
  patienceMillis: number,
  workOf: (attempt: Attempt) => Work<T>,
): Promise<T> {
  const { clock } = connections
  const begun = clock.elapsed()
  let unknown: { readonly cause: unknown } | undefined
  for (let settling = 0; ; ) {
    const left = patienceMillis - (clock.elapsed() - begun)
    const attempt = unknown === undefined ? 'first' : 'again'
    const timing: Timing = { attempt, patienceMillis: Math.max(1, left), waited: () => clock.elapsed() - begun }
    const outcome = await attemptOnce(connections, workOf(attempt), timing)
    if (outcome.state === 'committed') return outcome.value
    if (outcome.state === 'unknown') unknown = outcome
    const isInTime = clock.elapsed() - begun < patienceMillis
    if (unknown === undefined) {
      if (outcome.state === 'not committed' && !(isInTime && isTransient(outcome.cause)))
        throw notCommitted(outcome.cause)
    } else if (!isInTime && ++settling >= SETTLING_ATTEMPTS) throw outcomeUnknown(unknown.cause)
    await connections.pause(5 + Math.random() * 20)
  }
}

type Outcome<T> =
  | { readonly state: 'committed'; readonly value: T }
  | { readonly state: 'not committed'; readonly cause: unknown }
  | { readonly state: 'unknown'; readonly cause: unknown }

interface Timing {
  readonly attempt: Attempt
  readonly patienceMillis: number
  waited(): number
}

async function attemptOnce<T>(
  { pool, settings }: Connections,
  work: Work<T>,
  { attempt, patienceMillis, waited }: Timing,
): Promise<Outcome<T>> {
  const held = await hold(pool)
  if ('cause' in held) return { state: 'not committed', cause: held.cause }
  const { client, notices, letGo } = held
  const begin = { text: `BEGIN; SET LOCAL lock_timeout = ${Math.ceil(patienceMillis)}; ${BY_INDEX}${settings}` }
  // 1. The lock, and what is built upon. Nothing was written before, so giving up here is exact.
  let decided: Decided<T>
  try {
    const [, ...read] = work.reads.length === 0 ? [] : await inOneGo(client, [begin, ...work.reads])
    decided = work.decide(read, attempt, waited())
  } catch (cause) {
    await letGo(cause)
    return { state: 'not committed', cause }
  }
  // 2. The writes and COMMIT. A refusal that the server answered is one; without an answer nobody knows.
  notices.length = 0
  try {
    const { writes } = decided
    const before = work.reads.length === 0 ? [begin] : []
    // A statement by itself is a transaction: the answer to it is that of its COMMIT.
    const isAlone = work.reads.length === 0 && writes.length === 1 && settings === ''
    const results = await inOneGo(client, isAlone ? writes : [...before, ...writes, { text: 'COMMIT' }])
    // A transaction that failed before answers COMMIT with ROLLBACK.
    if (results.at(-1)?.command === 'ROLLBACK') return { state: 'not committed', cause: await rolledBack(letGo) }
  } catch (cause) {
    await letGo(cause)
    return { state: isConnectionLost(cause) ? 'unknown' : 'not committed', cause }
  }
  // 3. The standbys that the server is set to wait for: who cancels the wait has a commit that only the primary has.
  const unconfirmed = notices.find((notice) => UNCONFIRMED.has(sqlState(notice) ?? ''))
  await letGo(unconfirmed)
  return unconfirmed === undefined
    ? { state: 'committed', value: decided.value }
    : { state: 'unknown', cause: unconfirmed }
}

// A plan that was made while a ledger was small is kept: every look-up has its index, and is to use it from the beginning.
const BY_INDEX = 'SET LOCAL enable_seqscan = off'

async function rolledBack(letGo: Held['letGo']): Promise<Error> {
  const cause = new Error('the transaction was rolled back')
  await letGo(cause)
  return cause
}

/** SQLSTATEs of the warning that a wait for synchronous replication was given up. */
const UNCONFIRMED: ReadonlySet<string> = new Set(['57014', '57P01'])

interface Held {
  readonly client: PgClient
  readonly notices: unknown[]
  /** Gives the connection back; one that failed ends its transaction, or is closed. */
  letGo(failure: unknown): Promise<void>
}

async function hold(pool: PgPool): Promise<Held | { readonly cause: unknown }> {
  let client: PgClient
  try {
    client = await pool.connect()
  } catch (cause) {
    return { cause }
  }
  const notices: unknown[] = []
  const hear = (notice: Error): void => void notices.push(notice)
  // An error that nobody listens to would end the process; whoever waits for an answer is told of it.
  const ignore = (): void => undefined
  client.on('notice', hear)
  client.on('error', ignore)
  return {
    client,
    notices,
    async letGo(failure) {
      const isUsable = failure === undefined || (!isConnectionLost(failure) && (await rollBack(client)))
      client.off('notice', hear)
      client.off('error', ignore)
      client.release(!isUsable)
    },
  }
}

async function rollBack(client: PgClient): Promise<boolean> {
  return client.query({ text: 'ROLLBACK' }).then(
    () => true,
    () => false,
  )
}

// Deadlocks and serialization conflicts; and servers that start, stop or cannot be reached right now.
function isTransient(cause: unknown): boolean {
  if (cause instanceof LedgerError) return false
  const state = sqlState(cause)
  return (
    state === '40001' || state === '40P01' || state === '57P03' || state === '57P01' || state?.startsWith('08') === true
  )
}
