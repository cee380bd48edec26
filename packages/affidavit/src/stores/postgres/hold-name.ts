// One process at a time begins a ledger of a NAME: whoever comes second sees that it has begun.

import { type PgClient, type PgPool, run } from './database.ts'
import { inOurWords } from './errors.ts'

/**
 * Does `work` while no other does any for this NAME. It is let go with its connection, whatever becomes of the process.
 * @throws LedgerError `store-unavailable`, and what `work` throws
 */
export async function holdingName<T>(pool: PgPool, name: string, work: () => Promise<T>): Promise<T> {
  const client = await hold(pool, name)
  try {
    return await work()
  } finally {
    client.release(true)
  }
}

const LOCK = "SELECT pg_advisory_lock(hashtextextended('affidavit begin ' || $1, 0))"

async function hold(pool: PgPool, name: string): Promise<PgClient> {
  let client: PgClient | undefined
  try {
    client = await pool.connect()
    // An error that nobody listens to would end the process; without its connection, the work is done unheld.
    client.on('error', () => undefined)
    await run(client, { text: LOCK, values: [name] })
    return client
  } catch (error) {
    client?.release(true)
    throw inOurWords(error, 'begin a ledger')
  }
}
