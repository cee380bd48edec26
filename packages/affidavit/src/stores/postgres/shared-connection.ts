// One connection that what is sent goes through in its order, each statement behind the one before, answered yet or not
// (spec/postgres.md §3).

import type { PgClient, PgPool } from './database.ts'

export type Connecting = Pick<PgPool, 'connect'>

interface Shared {
  readonly client: Promise<PgClient>
  holders: number
  failure: Error | boolean | undefined
}

/**
 * As the pool, only that all who hold a connection at a time hold the same one. One that cannot pipeline has one holder: what belongs
 * to two transactions would mix there. One that failed gets no further ones.
 */
export function shareConnection(pool: Connecting): Connecting {
  let newest: Shared | undefined

  async function connect(): Promise<PgClient> {
    const shared = newest ?? { client: pool.connect(), holders: 0, failure: undefined }
    newest = shared
    const isFirst = ++shared.holders === 1
    try {
      const client = await shared.client
      if (client.pipeline === true) return held(shared, client)
      withdraw(shared)
      if (isFirst) return client
    } catch (error) {
      withdraw(shared)
      throw error
    }
    return pool.connect()
  }

  function held(shared: Shared, client: PgClient): PgClient {
    return {
      pipeline: true,
      query: (statement) => client.query(statement),
      on: (event, listener) => client.on(event, listener),
      off: (event, listener) => client.off(event, listener),
      release: (failure) => letGo(shared, client, failure),
    }
  }

  function letGo(shared: Shared, client: PgClient, failure: Error | boolean | undefined): void {
    shared.failure ||= failure
    shared.holders--
    if (shared.failure || shared.holders === 0) withdraw(shared)
    if (shared.holders === 0) client.release(shared.failure)
  }

  function withdraw(shared: Shared): void {
    if (newest === shared) newest = undefined
  }

  return { connect }
}
