// One connection that what is sent goes through in its order, each statement behind the one before, answered yet or not
// (spec/postgres.md §3).

import type { PgClient, PgPool } from './database.ts'

export type Connecting = Pick<PgPool, 'connect'>

/** Holders that a connection has before it goes back to its pool, where others may wait for one. */
const MOST = 64

interface Shared {
  readonly client: Promise<PgClient>
  /** Resolves when the pool has it again. */
  readonly over: Promise<void>
  isOver(): void
  came: number
  holders: number
  failure: Error | boolean | undefined
}

/**
 * As the pool, only that all who hold a connection at a time hold the same one, or wait until it is over. One that cannot pipeline has
 * one holder after another: what belongs to two transactions would mix there. One that failed gets no further ones.
 */
export function shareConnection(pool: Connecting): Connecting {
  let newest: Shared | undefined
  let most = MOST

  async function connect(): Promise<PgClient> {
    const shared = newest !== undefined && newest.came < most ? newest : behind(newest)
    newest = shared
    const isFirst = ++shared.came === 1
    shared.holders++
    try {
      const client = await shared.client
      if (client.pipeline !== true) most = 1
      if (client.pipeline === true || isFirst) return held(shared, client)
    } catch (error) {
      withdraw(shared)
      throw error
    }
    shared.holders--
    return connect()
  }

  function behind(before: Shared | undefined): Shared {
    const { promise: over, resolve: isOver } = Promise.withResolvers<void>()
    const client = before === undefined ? pool.connect() : before.over.then(() => pool.connect())
    return { client, over, isOver, came: 0, holders: 0, failure: undefined }
  }

  function held(shared: Shared, client: PgClient): PgClient {
    return {
      pipeline: client.pipeline === true,
      query: (statement) => client.query(statement),
      on: (event, listener) => client.on(event, listener),
      off: (event, listener) => client.off(event, listener),
      release: (failure) => letGo(shared, client, failure),
    }
  }

  function letGo(shared: Shared, client: PgClient, failure: Error | boolean | undefined): void {
    shared.failure ||= failure
    shared.holders--
    if (shared.holders === 0) client.release(shared.failure)
    if (shared.failure || shared.holders === 0) withdraw(shared)
  }

  /** It takes nobody more; who waits for it to be over goes on. */
  function withdraw(shared: Shared): void {
    if (newest === shared) newest = undefined
    shared.isOver()
  }

  return { connect }
}
