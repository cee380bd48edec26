// One write transaction, with an honest outcome (spec/postgres.md §3): what it builds on is read behind the lock, what it writes
// goes out together with COMMIT.

import type { Clock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import {
  column,
  inOneGo,
  isConnectionLost,
  type PgClient,
  type PgPool,
  type PgResult,
  run,
  type Statement,
  sqlState,
} from './database.ts'
import { notCommitted, outcomeUnknown } from './errors.ts'
import { inTime } from './in-time.ts'
import type { Connecting } from './shared-connection.ts'

/** `again`: the work was done before, and whether it was committed is what this run finds out. */
export type Attempt = 'first' | 'again'

export interface Work<T> {
  /** Sent behind BEGIN. The first one takes the lock that the others need. Where there are none, all goes out at once. */
  readonly reads: readonly Statement[]
  /**
   * COMMIT goes out with the reads, all in one round trip, and nothing is written behind them. When the connection is lost then,
   * the server may read the last of it later than the same is done again: for what does no harm at any time.
   */
  readonly sent?: 'at once'
  /** Sent through this connection, behind what others sent; one of the pool's own where left out. */
  readonly through?: Connecting
  /** What follows from what was read. It must give the same effect when it runs again after an unknown outcome. */
  decide(read: readonly PgResult[], attempt: Attempt): Decided<T>
}

export interface Decided<T> {
  readonly value: T
  /** Sent together with COMMIT. */
  readonly writes: readonly Statement[]
  /** One statement that does all of it, as a transaction of its own: sent in place of the writes where nothing was read before. */
  readonly alone?: Statement
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
  workOf: (attempt: Attempt) => Work<T> | Promise<Work<T>>,
): Promise<T> {
  const { clock } = connections
  const begun = clock.elapsed()
  let unknown: { readonly cause: unknown } | undefined
  for (let settling = 0; ; ) {
    const attempt = unknown === undefined ? 'first' : 'again'
    const work = await workOf(attempt)
    const left = patienceMillis - (clock.elapsed() - begun)
    const outcome = await attemptOnce(connections, work, { attempt, patienceMillis: Math.max(1, left) })
    if (outcome.state === 'committed') return outcome.value
    if (outcome.state === 'unknown') unknown = outcome
    const isInTime = clock.elapsed() - begun < patienceMillis
    if (unknown === undefined) {
      if (outcome.state === 'not committed' && !(isInTime && outcome.isPassing)) throw notCommitted(outcome.cause)
    } else if (!isInTime && ++settling >= SETTLING_ATTEMPTS) throw outcomeUnknown(unknown.cause)
    await connections.pause(5 + Math.random() * 20)
  }
}

type Outcome<T> =
  | { readonly state: 'committed'; readonly value: T }
  | { readonly state: 'not committed'; readonly cause: unknown; readonly isPassing: boolean }
  | { readonly state: 'unknown'; readonly cause: unknown }

interface Timing {
  readonly attempt: Attempt
  readonly patienceMillis: number
}

async function attemptOnce<T>({ pool, settings }: Connections, work: Work<T>, timing: Timing): Promise<Outcome<T>> {
  const held = await hold(work.through ?? pool, timing.patienceMillis)
  if ('cause' in held) return { state: 'not committed', cause: held.cause, isPassing: isTransient(held.cause) }
  const begin = { text: beginning(timing.patienceMillis, settings) }
  const { attempt } = timing
  if (work.sent === 'at once') {
    return commit(held, begin, [...work.reads, COMMIT], (read) => work.decide(read, attempt).value)
  }
  // 1. The lock, and what is built upon. Nothing was written before, so giving up here is exact.
  const isAtOnce = work.reads.length === 0
  const read = isAtOnce ? { results: [] } : await sendBehind(held.client, begin, work.reads)
  if ('cause' in read) {
    await held.letGo(read.cause)
    if (read.isAlone) return { state: 'unknown', cause: read.cause }
    return { state: 'not committed', cause: read.cause, isPassing: isPassing(read.cause) }
  }
  let decided: Decided<T>
  try {
    decided = work.decide(read.results, attempt)
  } catch (cause) {
    await held.letGo(cause)
    return { state: 'not committed', cause, isPassing: false }
  }
  const { value, writes, alone } = decided
  // A statement by itself is a transaction: the answer to it is that of its COMMIT.
  if (isAtOnce && alone !== undefined) return commit(held, undefined, [alone], () => value)
  return commit(held, isAtOnce ? begin : undefined, [...writes, COMMIT], () => value)
}

const COMMIT: Statement = { text: 'COMMIT' }

/** 2. The writes and COMMIT. A refusal that the server answered is one; without an answer nobody knows. */
async function commit<T>(
  { client, notices, letGo }: Held,
  begin: Statement | undefined,
  statements: readonly Statement[],
  answerOf: (answers: readonly PgResult[]) => T,
): Promise<Outcome<T>> {
  notices.length = 0
  const sent = await sendBehind(client, begin, statements)
  if ('cause' in sent) {
    const { cause } = sent
    await letGo(cause)
    if (sent.isAlone || isConnectionLost(cause)) return { state: 'unknown', cause }
    return { state: 'not committed', cause, isPassing: isTransient(cause) }
  }
  // A transaction that failed before answers COMMIT with ROLLBACK.
  if (sent.results.at(-1)?.command === 'ROLLBACK') {
    return { state: 'not committed', cause: await rolledBack(letGo), isPassing: false }
  }
  // 3. The standbys that the server is set to wait for: who cancels the wait has a commit that only the primary has.
  const unconfirmed = notices.find(isUnconfirmed)
  await letGo(unconfirmed)
  return unconfirmed === undefined
    ? { state: 'committed', value: answerOf(sent.results) }
    : { state: 'unknown', cause: unconfirmed }
}

type Sent =
  | { readonly results: readonly PgResult[] }
  /** `isAlone`: BEGIN itself was refused, and what was sent behind it was done statement by statement. */
  | { readonly cause: unknown; readonly isAlone: boolean }

async function sendBehind(
  client: PgClient,
  begin: Statement | undefined,
  statements: readonly Statement[],
): Promise<Sent> {
  const begins = begin === undefined ? Promise.resolve() : run(client, begin).then(() => undefined)
  const follows =
    client.pipeline === true ? inOneGo(client, statements) : begins.then(() => inOneGo(client, statements))
  const [begun, done] = await Promise.allSettled([begins, follows])
  if (begun.status === 'rejected') {
    return { cause: begun.reason, isAlone: client.pipeline === true && !isConnectionLost(begun.reason) }
  }
  return done.status === 'rejected' ? { cause: done.reason, isAlone: false } : { results: done.value }
}

// Whatever the role, the database or a pooler have set: what is read behind the lock is what the last writer left; names are ours;
// the warning of step 3 is told; and a writer that falls silent loses the lock before others, as patient as it, give up.
function beginning(patienceMillis: number, settings: string): string {
  const patience = Math.ceil(patienceMillis)
  return `BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL lock_timeout = ${patience};
    SET LOCAL idle_in_transaction_session_timeout = ${Math.max(SILENCE_MILLIS, Math.ceil(patience / 2))};
    SET LOCAL client_min_messages = warning; SET LOCAL search_path = pg_catalog, pg_temp${settings}`
}

/** A writer may be this long about what it read, at least. */
const SILENCE_MILLIS = 500

async function rolledBack(letGo: Held['letGo']): Promise<Error> {
  const cause = new Error('the transaction was rolled back')
  await letGo(cause)
  return cause
}

// The server has only a warning for it, without an SQLSTATE of its own: it is known by the function that gives it.
function isUnconfirmed(notice: unknown): boolean {
  return column(notice, 'routine') === 'SyncRepWaitForLSN' || sqlState(notice)?.startsWith('57') === true
}

/** A connection may be this long in coming, at least: also for who has no patience left, and tries once more. */
const CONNECTING_MILLIS = 500

interface Held {
  readonly client: PgClient
  readonly notices: unknown[]
  /** Gives the connection back; one that failed ends its transaction, or is closed. */
  letGo(failure: unknown): Promise<void>
}

async function hold(pool: Connecting, patienceMillis: number): Promise<Held | { readonly cause: unknown }> {
  const connecting = pool.connect()
  let client: PgClient
  try {
    client = await inTime(connecting, Math.max(CONNECTING_MILLIS, patienceMillis), 'the pool has no connection left')
  } catch (cause) {
    // One that comes too late goes back.
    connecting.then(
      (late) => late.release(),
      () => undefined,
    )
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
      const isOver = isConnectionLost(failure) && !(failure instanceof LedgerError)
      const isUsable = failure === undefined || (!isOver && (await rollBack(client)))
      client.off('notice', hear)
      // One that is let go of may yet say why it is over.
      if (isUsable) client.off('error', ignore)
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

// Deadlocks and serialization conflicts; and servers that start, stop, are busy or cannot be reached right now.
function isTransient(cause: unknown): boolean {
  const state = cause instanceof LedgerError ? undefined : sqlState(cause)
  return state !== undefined && (PASSING.has(state) || state.startsWith('08'))
}

const PASSING: ReadonlySet<string> = new Set(['25P03', '40001', '40P01', '53300', '57P01', '57P03', '57P05'])

// A connection that a pool kept may also have died unnoticed, with its server or on the way there.
function isPassing(cause: unknown): boolean {
  return isTransient(cause) || isConnectionLost(cause)
}
